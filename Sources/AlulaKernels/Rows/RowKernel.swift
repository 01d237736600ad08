// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// `Softmax` over the last axis, or all from one on, and `LayerNormalization` over the last axis, in generated code.
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
        case let softmax as Softmax:
            guard let axis = shape.normalizedAxis(softmax.axis) else { return nil }
            let count = shape.elementCount(in: axis..<shape.rank)
            guard softmax.spansTrailingAxes || count == shape[axis] else { return nil }
            return RowGenerator.Configuration(function: .softmax, columnCount: count)
        case let normalization as LayerNormalization:
            guard shape.rank > 0, shape.normalizedAxis(normalization.axis) == shape.rank - 1,
                problem.outputs.indices.dropFirst().allSatisfy(problem.unusedOutputs.contains)
            else { return nil }
            let operands = problem.inputs.dropFirst().compactMap(\.self)
            guard operands.allSatisfy({ $0 == TensorType(.float32, [shape[shape.rank - 1]]) }) else { return nil }
            let function = RowGenerator.Function.layerNormalization(
                epsilon: normalization.epsilon,
                hasBias: operands.count > 1
            )
            return RowGenerator.Configuration(function: function, columnCount: shape[shape.rank - 1])
        default: return nil
        }
    }
}
