// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// `Softmax` and `LogSoftmax` over an axis that is not the last, in generated code.
struct ColumnSoftmaxKernel: Kernel {
    private let kernel: ExecutableKernel
    private let configuration: ColumnSoftmaxGenerator.Configuration
    private let pieces: ColumnPieces

    let inputsThatMayBeOverwritten = [0]
    var identifier: String { kernel.name }
    var partCount: Int { pieces.split.partCount }

    private init(
        _ configuration: ColumnSoftmaxGenerator.Configuration,
        rowCount: Int,
        target: VectorTarget
    ) throws(JITError) {
        kernel = try CodeCache.shared.kernel(for: configuration, target: target) { target in
            ColumnSoftmaxGenerator.program(configuration, target: target)
        }
        self.configuration = configuration
        pieces = ColumnPieces(
            rowCount: rowCount,
            columnCount: configuration.stepByteCount / 4,
            columnCost: configuration.count * 8
        )
    }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        for unit in pieces.split.range(part) {
            let (row, columns) = pieces.place(unit)
            let byteOffset = (row * configuration.count * pieces.columnCount + columns.lowerBound) * 4
            let arguments = ColumnSoftmaxArguments(
                src: Int(bitPattern: src.address) + byteOffset,
                dst: Int(bitPattern: dst.address) + byteOffset,
                columnCount: columns.count
            )
            kernel(arguments)
        }
        withExtendedLifetime((src, dst)) {}
    }

    // MARK: Tactics

    /// The tactic for `problem`; none where the axis is the last, or all from it on are normalised together.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let operation = problem.operation as? any NormalizingOperator,
            operation is Softmax || operation is LogSoftmax, !operation.spansTrailingAxes,
            let src = problem.inputs.first ?? nil, src.dataType == .float32, src.shape.elementCount > 0,
            let axis = src.shape.normalizedAxis(operation.axis)
        else { return [] }
        let columnCount = src.shape.elementCount(in: (axis + 1)..<src.shape.rank)
        guard columnCount > 1, src.byteCount <= Int(Int32.max) else { return [] }
        let configuration = ColumnSoftmaxGenerator.Configuration(
            isLogarithm: operation is LogSoftmax,
            count: src.shape[axis],
            stepByteCount: columnCount * 4
        )
        let rowCount = src.shape.elementCount(in: 0..<axis)
        let nanosecondsPerVector = 8.0
        let vectors = Double(src.shape.elementCount / target.lanes + 1)
        return [
            KernelTactic("columns", estimatedNanoseconds: vectors * nanosecondsPerVector) {
                try? ColumnSoftmaxKernel(configuration, rowCount: rowCount, target: target)
            }
        ]
    }
}
