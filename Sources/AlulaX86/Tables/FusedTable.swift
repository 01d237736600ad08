// SPDX-License-Identifier: Apache-2.0

/// Fused multiply-add. The digits name the operands: `231` is `dst = a * b + dst`, `213` is `dst = a * dst + b`,
/// `132` is `dst = dst * b + a`. Pure table.
package struct FusedTable: Sendable {
    package static let shared = FusedTable()

    // MARK: a * b + c
    package let vfmadd132ps = packed("vfmadd132ps", 0x98, .w0)
    package let vfmadd132pd = packed("vfmadd132pd", 0x98, .w1)
    package let vfmadd132ss = scalar("vfmadd132ss", 0x99, .w0)
    package let vfmadd132sd = scalar("vfmadd132sd", 0x99, .w1)
    package let vfmadd213ps = packed("vfmadd213ps", 0xA8, .w0)
    package let vfmadd213pd = packed("vfmadd213pd", 0xA8, .w1)
    package let vfmadd213ss = scalar("vfmadd213ss", 0xA9, .w0)
    package let vfmadd213sd = scalar("vfmadd213sd", 0xA9, .w1)
    package let vfmadd231ps = packed("vfmadd231ps", 0xB8, .w0)
    package let vfmadd231pd = packed("vfmadd231pd", 0xB8, .w1)
    package let vfmadd231ss = scalar("vfmadd231ss", 0xB9, .w0)
    package let vfmadd231sd = scalar("vfmadd231sd", 0xB9, .w1)

    // MARK: a * b - c
    package let vfmsub132ps = packed("vfmsub132ps", 0x9A, .w0)
    package let vfmsub132pd = packed("vfmsub132pd", 0x9A, .w1)
    package let vfmsub132ss = scalar("vfmsub132ss", 0x9B, .w0)
    package let vfmsub132sd = scalar("vfmsub132sd", 0x9B, .w1)
    package let vfmsub213ps = packed("vfmsub213ps", 0xAA, .w0)
    package let vfmsub213pd = packed("vfmsub213pd", 0xAA, .w1)
    package let vfmsub213ss = scalar("vfmsub213ss", 0xAB, .w0)
    package let vfmsub213sd = scalar("vfmsub213sd", 0xAB, .w1)
    package let vfmsub231ps = packed("vfmsub231ps", 0xBA, .w0)
    package let vfmsub231pd = packed("vfmsub231pd", 0xBA, .w1)
    package let vfmsub231ss = scalar("vfmsub231ss", 0xBB, .w0)
    package let vfmsub231sd = scalar("vfmsub231sd", 0xBB, .w1)

    // MARK: -(a * b) + c
    package let vfnmadd132ps = packed("vfnmadd132ps", 0x9C, .w0)
    package let vfnmadd132pd = packed("vfnmadd132pd", 0x9C, .w1)
    package let vfnmadd132ss = scalar("vfnmadd132ss", 0x9D, .w0)
    package let vfnmadd132sd = scalar("vfnmadd132sd", 0x9D, .w1)
    package let vfnmadd213ps = packed("vfnmadd213ps", 0xAC, .w0)
    package let vfnmadd213pd = packed("vfnmadd213pd", 0xAC, .w1)
    package let vfnmadd213ss = scalar("vfnmadd213ss", 0xAD, .w0)
    package let vfnmadd213sd = scalar("vfnmadd213sd", 0xAD, .w1)
    package let vfnmadd231ps = packed("vfnmadd231ps", 0xBC, .w0)
    package let vfnmadd231pd = packed("vfnmadd231pd", 0xBC, .w1)
    package let vfnmadd231ss = scalar("vfnmadd231ss", 0xBD, .w0)
    package let vfnmadd231sd = scalar("vfnmadd231sd", 0xBD, .w1)

    // MARK: -(a * b) - c
    package let vfnmsub132ps = packed("vfnmsub132ps", 0x9E, .w0)
    package let vfnmsub132pd = packed("vfnmsub132pd", 0x9E, .w1)
    package let vfnmsub132ss = scalar("vfnmsub132ss", 0x9F, .w0)
    package let vfnmsub132sd = scalar("vfnmsub132sd", 0x9F, .w1)
    package let vfnmsub213ps = packed("vfnmsub213ps", 0xAE, .w0)
    package let vfnmsub213pd = packed("vfnmsub213pd", 0xAE, .w1)
    package let vfnmsub213ss = scalar("vfnmsub213ss", 0xAF, .w0)
    package let vfnmsub213sd = scalar("vfnmsub213sd", 0xAF, .w1)
    package let vfnmsub231ps = packed("vfnmsub231ps", 0xBE, .w0)
    package let vfnmsub231pd = packed("vfnmsub231pd", 0xBE, .w1)
    package let vfnmsub231ss = scalar("vfnmsub231ss", 0xBF, .w0)
    package let vfnmsub231sd = scalar("vfnmsub231sd", 0xBF, .w1)
}

private func packed(_ mnemonic: String, _ opcode: UInt8, _ width: WidthBit) -> Form<BinaryBroadcast> {
    Form(mnemonic, .rvm(.m0F38, .p66, opcode, vex: width, evex: width, width == .w0 ? .full32 : .full64))
}

private func scalar(_ mnemonic: String, _ opcode: UInt8, _ width: WidthBit) -> Form<ScalarBinary> {
    Form(mnemonic, .rvm(.m0F38, .p66, opcode, vex: width, evex: width, .fixed(width == .w0 ? 4 : 8), .xmm))
}
