// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// `Cast` between the types vectors convert exactly as the operator does, in generated code.
///
/// Floats to integers are not among them: beyond 32 bits the operator keeps low bits that vectors do not compute.
struct CastKernel: Kernel {
    private let kernel: ExecutableKernel
    private let conversion: CastGenerator.Conversion
    private let elementCount: Int
    private let split: PartSplit

    /// Elements between the starts of parts: whole cache lines on both sides.
    private static let group = 64

    var identifier: String { kernel.name }
    var partCount: Int { split.partCount }

    private init(
        _ conversion: CastGenerator.Conversion,
        elementCount: Int,
        target: VectorTarget
    ) throws(JITError) {
        kernel = try CodeCache.shared.kernel(for: conversion, target: target) { target in
            CastGenerator.program(conversion, target: target)
        }
        self.conversion = conversion
        self.elementCount = elementCount
        split = PartSplit(count: (elementCount + Self.group - 1) / Self.group, cost: Self.group * 2)
    }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let groups = split.range(part)
        let first = groups.lowerBound * Self.group
        let arguments = CastArguments(
            src: Int(bitPattern: src.address) + first * conversion.src.byteCount,
            dst: Int(bitPattern: dst.address) + first * conversion.dst.byteCount,
            count: min(elementCount, groups.upperBound * Self.group) - first
        )
        kernel(arguments)
        withExtendedLifetime((src, dst)) {}
    }

    // MARK: Tactics

    /// The tactic for `problem`; none where types have no code.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let cast = problem.operation as? Cast, let src = problem.inputs.first ?? nil,
            src.shape.elementCount > 0, let conversion = CastGenerator.Conversion(from: src.dataType, to: cast.dataType)
        else { return [] }
        let elementCount = src.shape.elementCount
        let byteCount = elementCount * (conversion.src.byteCount + conversion.dst.byteCount)
        let bytesPerNanosecond = 8.0
        return [
            KernelTactic("cast", estimatedNanoseconds: Double(byteCount) / bytesPerNanosecond + 300) {
                try? CastKernel(conversion, elementCount: elementCount, target: target)
            }
        ]
    }
}

extension CastGenerator.Conversion {
    /// The conversion between two types; nil where there is no code, and for the same type.
    init?(from src: DataType, to dst: DataType) {
        switch (src, dst) {
        case (.float16, .float32): self.init(src: .elements(.float16), dst: .elements(.word), step: .none)
        case (.float32, .float16): self.init(src: .elements(.word), dst: .elements(.float16), step: .none)
        case (.bool, .float32), (.uint8, .float32):
            self.init(src: .elements(.uint8), dst: .elements(.word), step: .integersToFloats)
        case (.int8, .float32): self.init(src: .elements(.int8), dst: .elements(.word), step: .integersToFloats)
        case (.int32, .float32): self.init(src: .elements(.word), dst: .elements(.word), step: .integersToFloats)
        case (.float32, .bool): self.init(src: .elements(.word), dst: .elements(.uint8), step: .floatsToBools)
        case (.int32, .bool): self.init(src: .elements(.word), dst: .elements(.uint8), step: .integersToBools)
        case (.bool, .int32), (.uint8, .int32):
            self.init(src: .elements(.uint8), dst: .elements(.word), step: .none)
        case (.int8, .int32): self.init(src: .elements(.int8), dst: .elements(.word), step: .none)
        case (.bool, .int64), (.uint8, .int64): self.init(src: .elements(.uint8), dst: .pairs, step: .none)
        case (.int32, .int64): self.init(src: .elements(.word), dst: .pairs, step: .none)
        case (.int64, .int32): self.init(src: .pairs, dst: .elements(.word), step: .none)
        default: return nil
        }
    }
}
