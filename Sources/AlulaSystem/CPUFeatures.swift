// SPDX-License-Identifier: Apache-2.0

/// Instruction set extensions the processor has and the operating system keeps the registers of.
///
/// Linux lists an extension in `/proc/cpuinfo` only if it also saves its registers (XCR0), so no `cpuid` is needed.
package struct CPUFeatures: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    /// The set with these bits; use the members below.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let avx2 = CPUFeatures(rawValue: 1 << 0)
    package static let fma = CPUFeatures(rawValue: 1 << 1)
    /// Half-precision conversions.
    package static let f16c = CPUFeatures(rawValue: 1 << 2)
    /// Bit-field instructions.
    package static let bmi2 = CPUFeatures(rawValue: 1 << 3)
    package static let avx512f = CPUFeatures(rawValue: 1 << 4)
    package static let avx512bw = CPUFeatures(rawValue: 1 << 5)
    package static let avx512vl = CPUFeatures(rawValue: 1 << 6)
    package static let avx512dq = CPUFeatures(rawValue: 1 << 7)
    /// Dot products of bytes on 512-bit vectors.
    package static let avx512vnni = CPUFeatures(rawValue: 1 << 8)
    /// Dot products of bfloat16.
    package static let avx512bf16 = CPUFeatures(rawValue: 1 << 9)
    /// Dot products of bytes without AVX-512.
    package static let avxvnni = CPUFeatures(rawValue: 1 << 10)

    /// What AVX2 kernels need.
    package static let avx2Kernels: CPUFeatures = [.avx2, .fma, .f16c, .bmi2]
    /// What AVX-512 kernels need.
    package static let avx512Kernels: CPUFeatures = [.avx2Kernels, .avx512f, .avx512bw, .avx512vl, .avx512dq]

    /// The features of this machine, read at first use; empty on other architectures.
    package static let current = CPUFeatures(root: "")

    /// Every feature with the name Linux gives it.
    package static let named: [(feature: CPUFeatures, name: String)] = [
        (.avx2, "avx2"), (.fma, "fma"), (.f16c, "f16c"), (.bmi2, "bmi2"), (.avx512f, "avx512f"),
        (.avx512bw, "avx512bw"), (.avx512vl, "avx512vl"), (.avx512dq, "avx512dq"), (.avx512vnni, "avx512_vnni"),
        (.avx512bf16, "avx512_bf16"), (.avxvnni, "avx_vnni"),
    ]

    /// Reads the features of the first processor.
    /// - Parameter root: where `/proc` is found; tests give a directory with fixtures.
    package init(root: String) {
        #if arch(x86_64)
        self.init(processorDescription: (try? Files.readText(root + "/proc/cpuinfo")) ?? "")
        #else
        self.init(rawValue: 0)
        #endif
    }

    /// Reads the features from the text of `/proc/cpuinfo`; without a line of flags there are none.
    package init(processorDescription text: String) {
        self.init(rawValue: 0)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") }) else { return }
        let flags = Set(line.drop { $0 != ":" }.dropFirst().split(separator: " "))
        for (feature, name) in Self.named where flags.contains(Substring(name)) { insert(feature) }
    }
}

extension CPUFeatures: CustomStringConvertible {
    /// The names, as Linux writes them.
    package var description: String {
        Self.named.filter { contains($0.feature) }.map(\.name).joined(separator: " ")
    }
}
