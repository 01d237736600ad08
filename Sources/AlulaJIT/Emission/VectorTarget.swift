// SPDX-License-Identifier: Apache-2.0

/// An instruction set kernels are emitted for.
package enum ISA: String, Sendable, Hashable, CaseIterable, Comparable {
    /// AVX2, FMA, F16C, BMI2.
    case avx2
    /// AVX-512 F, BW, VL, DQ.
    case avx512

    package static func < (left: ISA, right: ISA) -> Bool { left == .avx2 && right == .avx512 }
}

/// What a generator may know of the machine: how long vectors are, how many there are, and which operations exist.
///
/// Generators read the numbers and never ask for the instruction set.
package struct VectorTarget: Sendable, Hashable {
    /// What the emitter writes for.
    package let isa: ISA
    /// 32-bit elements in a vector: 4, 8 or, with AVX-512, 16.
    package let lanes: Int
    /// Whether ``Operation/dotBytes(_:_:_:)`` exists.
    package var hasByteDot: Bool

    /// A target of any supported vector length, or nil if the instruction set lacks that length.
    package init?(isa: ISA, lanes: Int, hasByteDot: Bool = false) {
        guard [4, 8].contains(lanes) || (lanes == 16 && isa == .avx512) else { return nil }
        self.isa = isa
        self.lanes = lanes
        self.hasByteDot = hasByteDot
    }

    private init(longest isa: ISA, hasByteDot: Bool) {
        self.isa = isa
        lanes = isa == .avx512 ? 16 : 8
        self.hasByteDot = hasByteDot
    }

    /// The target with the longest vectors of `isa`.
    package static func longest(_ isa: ISA, hasByteDot: Bool = false) -> VectorTarget {
        VectorTarget(longest: isa, hasByteDot: hasByteDot)
    }

    /// Vectors that can be alive at once. Masks take from these where ``masksAreVectors``.
    package var vectorRegisterCount: Int { isa == .avx512 ? 32 : 16 }

    /// Whether a mask occupies a vector register.
    package var masksAreVectors: Bool { isa == .avx2 }

    /// Masks that can be alive at once, where they have registers of their own.
    package var maskRegisterCount: Int { 6 }
}

extension VectorTarget: CustomStringConvertible {
    /// For example `avx512×16`.
    package var description: String { "\(isa.rawValue)×\(lanes)" }
}
