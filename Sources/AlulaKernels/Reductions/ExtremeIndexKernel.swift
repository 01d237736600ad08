// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// `ArgMax` and `ArgMin` of planar float tensors, in generated code.
struct ExtremeIndexKernel: Kernel {
    private let kernel: ExecutableKernel
    private let configuration: ExtremeIndexGenerator.Configuration
    /// Columns are neighbours outside of the axis: 1 where it is the last.
    private let pieces: ColumnPieces

    var identifier: String { kernel.name }
    var partCount: Int { pieces.split.partCount }

    private init(
        _ configuration: ExtremeIndexGenerator.Configuration,
        rowCount: Int,
        target: VectorTarget
    ) throws(JITError) {
        kernel = try CodeCache.shared.kernel(for: configuration, target: target) { target in
            ExtremeIndexGenerator.program(configuration, target: target)
        }
        self.configuration = configuration
        pieces = ColumnPieces(
            rowCount: rowCount,
            columnCount: configuration.stepByteCount / 4,
            columnCost: configuration.count
        )
    }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let units = pieces.split.range(part)
        var arguments = ReductionArguments()
        if configuration.isRow {
            arguments.src = Int(bitPattern: src.address) + units.lowerBound * configuration.count * 4
            arguments.dst = Int(bitPattern: dst.address) + units.lowerBound * 8
            arguments.rowCount = units.count
            kernel(arguments)
        } else {
            for unit in units {
                let (row, columns) = pieces.place(unit)
                let srcPlace = row * configuration.count * pieces.columnCount + columns.lowerBound
                let dstPlace = row * pieces.columnCount + columns.lowerBound
                arguments.src = Int(bitPattern: src.address) + srcPlace * 4
                arguments.dst = Int(bitPattern: dst.address) + dstPlace * 8
                arguments.columnCount = columns.count
                kernel(arguments)
            }
        }
        withExtendedLifetime((src, dst)) {}
    }

    // MARK: Tactics

    /// The tactic for `problem`; none where positions would not be exact as floats.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let extreme = problem.operation as? any ExtremeIndexOperator,
            let src = problem.inputs.first ?? nil, src.dataType == .float32, src.shape.elementCount > 0,
            let axis = src.shape.normalizedAxis(extreme.axis), src.shape[axis] < 1 << 24
        else { return [] }
        let step = src.shape.elementCount(in: (axis + 1)..<src.shape.rank) * 4
        guard step * src.shape[axis] <= Int(Int32.max) else { return [] }
        let configuration = ExtremeIndexGenerator.Configuration(
            isMaximum: type(of: extreme).isMaximum,
            selectsLast: extreme.selectsLast,
            count: src.shape[axis],
            stepByteCount: step
        )
        let rowCount = src.shape.elementCount(in: 0..<axis)
        let bytesPerNanosecond = 6.0
        return [
            KernelTactic("extreme index", estimatedNanoseconds: Double(src.byteCount) / bytesPerNanosecond + 300) {
                try? ExtremeIndexKernel(configuration, rowCount: rowCount, target: target)
            }
        ]
    }
}
