// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// `Softmax` and `LogSoftmax` over the last axis, or all from one on, `LayerNormalization` and `RMSNormalization` over the last
/// axes, in generated code.
struct RowKernel: Kernel {
    private let kernel: ExecutableKernel
    private let columnCount: Int
    private let split: PartSplit

    let inputsThatMayBeOverwritten = [0]
    var identifier: String { kernel.name }
    var partCount: Int { split.partCount }

    private init(
        _ configuration: RowGenerator.Configuration,
        rowCount: Int,
        target: VectorTarget
    ) throws(JITError) {
        kernel = try CodeCache.shared.kernel(for: configuration, target: target) { target in
            RowGenerator.program(configuration, target: target)
        }
        columnCount = configuration.columnCount
        split = PartSplit(count: rowCount, cost: columnCount * 4)
    }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        func address(_ index: Int) -> Int {
            inputs.indices.contains(index) ? inputs[index].map { Int(bitPattern: $0.address) } ?? 0 : 0
        }
        let rows = split.range(part)
        let byteOffset = rows.lowerBound * columnCount * 4
        let arguments = RowArguments(
            src: Int(bitPattern: src.address) + byteOffset,
            scale: address(1),
            bias: address(2),
            dst: Int(bitPattern: dst.address) + byteOffset,
            rowCount: rows.count
        )
        kernel(arguments)
        withExtendedLifetime((inputs, dst)) {}
    }

    // MARK: Tactics

    /// The tactic for `problem`; none where rows are not contiguous, or mean and deviation are wanted, too.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let src = problem.inputs.first ?? nil, src.dataType == .float32,
            src.shape.elementCount > 0, let configuration = configuration(problem, src.shape)
        else { return [] }
        let rowCount = src.shape.elementCount / configuration.columnCount
        let nanosecondsPerVector = 8.0  // three walks and, for softmax, an exponential
        let vectors = rowCount * ((configuration.columnCount + target.lanes - 1) / target.lanes)
        return [
            KernelTactic("rows", estimatedNanoseconds: Double(vectors) * nanosecondsPerVector) {
                try? RowKernel(configuration, rowCount: rowCount, target: target)
            }
        ]
    }

    private static func configuration(_ problem: KernelProblem, _ shape: Shape) -> RowGenerator.Configuration? {
        switch problem.operation {
        case let softmax as Softmax: return softmaxConfiguration(softmax, .softmax, shape)
        case let softmax as LogSoftmax: return softmaxConfiguration(softmax, .logSoftmax, shape)
        case let normalization as LayerNormalization:
            guard problem.outputs.indices.dropFirst().allSatisfy(problem.unusedOutputs.contains),
                let count = columnCount(problem, axis: normalization.axis, shape)
            else { return nil }
            let hasBias = problem.inputs.count > 2 && problem.inputs[2] != nil
            let function = RowGenerator.Function.layerNormalization(epsilon: normalization.epsilon, hasBias: hasBias)
            return RowGenerator.Configuration(function: function, columnCount: count)
        case let normalization as RMSNormalization:
            guard let count = columnCount(problem, axis: normalization.axis, shape) else { return nil }
            return RowGenerator.Configuration(
                function: .rootMeanSquare(epsilon: normalization.epsilon),
                columnCount: count
            )
        default: return nil
        }
    }

    private static func softmaxConfiguration(
        _ operation: any NormalizingOperator,
        _ function: RowGenerator.Function,
        _ shape: Shape
    ) -> RowGenerator.Configuration? {
        guard let axis = shape.normalizedAxis(operation.axis) else { return nil }
        let count = shape.elementCount(in: axis..<shape.rank)
        guard operation.spansTrailingAxes || count == shape[axis] else { return nil }
        return RowGenerator.Configuration(function: function, columnCount: count)
    }

    /// The elements of a row from `axis` on; nil where scale or bias are not exactly as long.
    private static func columnCount(_ problem: KernelProblem, axis: Int, _ shape: Shape) -> Int? {
        guard let axis = shape.normalizedAxis(axis) else { return nil }
        let row = Shape(Array(shape.extents[axis...]))
        // Leading extents of 1 do not matter; an operand that repeats within a row does.
        let isFitting = problem.inputs.dropFirst().compactMap(\.self).allSatisfy { operand in
            operand.dataType == .float32 && operand.shape.elementCount == row.elementCount
                && Array(operand.shape.extents.drop { $0 == 1 }) == Array(row.extents.drop { $0 == 1 })
        }
        return isFitting ? row.elementCount : nil
    }
}
