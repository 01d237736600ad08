// SPDX-License-Identifier: Apache-2.0

private let names64 = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
]
private let names32 = [
    "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
    "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d",
]
private let names8 = [
    "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil",
    "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b",
]

extension Instruction {
    /// The instruction in Intel syntax, as an assembler reads it.
    ///
    /// - Parameter encoding: gives memory operands their size; nil prints them without.
    package func intelText(encoding: Encoding?) -> String {
        var texts = operands.map { text($0, encoding) }
        if let mask, !texts.isEmpty {
            texts[0] += " {k\(mask.register.number)}" + (mask.isZeroing ? " {z}" : "")
        }
        let prefix = prefersEVEX ? "{evex} " : ""
        return prefix + form.mnemonic + (texts.isEmpty ? "" : " " + texts.joined(separator: ", "))
    }

    private func text(_ operand: Operand, _ encoding: Encoding?) -> String {
        switch operand {
        case .general(let width, let number): return generalName(width, number)
        case .vector(let length, let number): return vectorName(length, number)
        case .mask(let number): return "k\(number)"
        case .immediate(let value): return "\(value)"
        case .label(let label): return "L\(label.index)"
        case .memory(let address):
            // Assemblers disagree about the size of a gather, so none is printed.
            if case .vector = address.index { return text(address) }
            return sizePrefix(encoding, isBroadcast: false) + text(address)
        case .broadcast(let address):
            var suffix = "{1toN}"
            if let encoding, let element = encoding.tuple.broadcastByteCount {
                let whole = encoding.tuple.byteCount(length: length, isBroadcast: false)
                suffix = "{1to\(whole / element)}"
            }
            return sizePrefix(encoding, isBroadcast: true) + text(address) + suffix
        }
    }

    private func sizePrefix(_ encoding: Encoding?, isBroadcast: Bool) -> String {
        guard let encoding, encoding.tuple != .none else { return "" }
        return switch encoding.tuple.byteCount(length: length, isBroadcast: isBroadcast) {
        case 1: "byte ptr "
        case 2: "word ptr "
        case 4: "dword ptr "
        case 8: "qword ptr "
        case 16: "xmmword ptr "
        case 32: "ymmword ptr "
        case 64: "zmmword ptr "
        default: ""
        }
    }

    private func text(_ address: Address) -> String {
        var terms: [String] = []
        switch address.base {
        case .none: break
        case .register(let base): terms.append(generalName(.bits64, base.number))
        case .instructionPointer: terms.append("rip")
        case .label(let label): terms += ["rip", "L\(label.index)"]
        }
        switch address.index {
        case .none: break
        case .register(let index): terms.append("\(address.scale.factor)*" + generalName(.bits64, index.number))
        case .vector(let length, let number):
            terms.append("\(address.scale.factor)*" + vectorName(length, number))
        }
        let displacement = address.displacement
        let sum = terms.joined(separator: " + ")
        if displacement == 0 && !terms.isEmpty { return "[\(sum)]" }
        if terms.isEmpty { return "[\(displacement)]" }
        return "[\(sum) \(displacement < 0 ? "-" : "+") \(displacement.magnitude)]"
    }

    private func generalName(_ width: GeneralWidth, _ number: UInt8) -> String {
        guard number < 16 else { return "gpr\(number)" }
        return switch width {
        case .bits8: names8[Int(number)]
        case .bits32: names32[Int(number)]
        case .bits64: names64[Int(number)]
        }
    }

    private func vectorName(_ length: VectorLength, _ number: UInt8) -> String {
        switch length {
        case .bits128: "xmm\(number)"
        case .bits256: "ymm\(number)"
        case .bits512: "zmm\(number)"
        }
    }
}
