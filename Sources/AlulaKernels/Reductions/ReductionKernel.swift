// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// A reduction of planar float tensors over any axes, in generated code.
struct ReductionKernel: Kernel {
    private let kernel: ExecutableKernel
    private let walk: ReductionWalk
    private let pieces: ColumnPieces

    var identifier: String { kernel.name }
    var partCount: Int { pieces.split.partCount }

    private init(_ walk: ReductionWalk, target: VectorTarget) throws(JITError) {
        let descriptor = walk.descriptor
        kernel = try CodeCache.shared.kernel(for: descriptor, target: target) { target in
            ReductionGenerator.program(descriptor, target: target)
        }
        self.walk = walk
        pieces = ColumnPieces(
            rowCount: walk.rowTotal,
            columnCount: walk.columnCount,
            leastLength: 256,
            columnCost: descriptor.reducedCount
        )
    }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let (source, target) = (Int(bitPattern: src.address), Int(bitPattern: dst.address))
        let units = pieces.split.range(part)
        var unit = units.lowerBound
        while unit < units.upperBound {
            let (row, columns) = pieces.place(unit)
            let (outer, inner) = row.quotientAndRemainder(dividingBy: walk.rows.count)
            let isCut = pieces.countPerRow > 1
            let rowCount = isCut ? 1 : min(walk.rows.count - inner, units.upperBound - unit)
            var arguments = ReductionArguments()
            arguments.src =
                source + walk.srcByteOffset(outer) + inner * walk.rows.stepByteCount + columns.lowerBound * 4
            arguments.dst = target + (row * walk.columnCount + columns.lowerBound) * 4
            arguments.rowCount = rowCount
            arguments.srcRowByteCount = walk.rows.stepByteCount
            arguments.dstRowByteCount = walk.columnCount * 4
            arguments.columnCount = columns.count
            kernel(arguments)
            unit += rowCount
        }
        withExtendedLifetime((src, dst)) {}
    }

    // MARK: Tactics

    /// The tactic for `problem`; none where the axes are not known beforehand, or the function has no code.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let src = problem.inputs.first ?? nil, src.dataType == .float32,
            src.shape.elementCount > 0, let (function, isReduced) = reduction(problem, src.shape),
            let walk = ReductionWalk(src.shape, isReduced, function, lanes: target.lanes)
        else { return [] }
        let bytesPerNanosecond = 8.0
        return [
            KernelTactic("reduction", estimatedNanoseconds: Double(src.byteCount) / bytesPerNanosecond + 300) {
                try? ReductionKernel(walk, target: target)
            }
        ]
    }

    /// The function, and for every axis of src whether it is reduced.
    private static func reduction(
        _ problem: KernelProblem,
        _ src: Shape
    ) -> (function: ReductionDescriptor.Function, isReduced: [Bool])? {
        let spatial = src.indices.map { $0 >= 2 }
        switch problem.operation {
        case is GlobalAveragePool where src.rank > 2: return (.mean, spatial)
        case let reduction as any AlulaOperators.ReductionOperator:
            guard let function = ReductionDescriptor.Function(reduction) else { return nil }
            var axes: [Int] = []
            if problem.inputs.count > 1, problem.inputs[1] != nil {
                guard problem.isConstant(1), let known = problem.constants[1]?.integers() else { return nil }
                axes = known
            }
            var isReduced = [Bool](repeating: axes.isEmpty && !reduction.ignoresEmptyAxes, count: src.rank)
            for axis in axes {
                guard let axis = src.normalizedAxis(axis) else { return nil }
                isReduced[axis] = true
            }
            return (function, isReduced)
        default: return nil
        }
    }
}

extension ReductionDescriptor.Function {
    /// The function of an operator; nil where there is no code.
    fileprivate init?(_ operation: any AlulaOperators.ReductionOperator) {
        switch operation {
        case is ReduceSum: self = .sum
        case is ReduceMean: self = .mean
        case is ReduceL1: self = .sumOfMagnitudes
        case is ReduceL2: self = .length
        case is ReduceSumSquare: self = .sumOfSquares
        case is ReduceLogSum: self = .logarithmOfSum
        case is ReduceMax: self = .maximum
        case is ReduceMin: self = .minimum
        default: return nil
        }
    }
}

/// How a reduction walks over src: the axes merged into loops, some of which are code.
struct ReductionWalk: Sendable {
    let descriptor: ReductionDescriptor
    /// Kept loops around everything, outermost first.
    private let outer: [ReductionDescriptor.Loop]
    /// The kept loop that is code, around the reduced ones.
    let rows: ReductionDescriptor.Loop
    /// Neighbours that are kept; 1 where neighbours are reduced.
    let columnCount: Int

    /// Rows of all outer indices.
    var rowTotal: Int { outer.reduce(rows.count) { $0 * $1.count } }

    /// Nil where there are too many loops.
    init?(_ src: Shape, _ isReduced: [Bool], _ function: ReductionDescriptor.Function, lanes: Int) {
        var kept: [ReductionDescriptor.Loop] = []
        var reduced: [ReductionDescriptor.Loop] = []
        var last: Bool?
        var step = 4
        // From the innermost axis outwards; neighbours of one kind are one loop.
        for axis in src.indices.reversed() where src[axis] != 1 {
            func extend(_ loops: inout [ReductionDescriptor.Loop]) {
                if last == isReduced[axis] {
                    loops[0].count *= src[axis]
                } else {
                    loops.insert(.init(count: src[axis], stepByteCount: step), at: 0)
                }
            }
            if isReduced[axis] { extend(&reduced) } else { extend(&kept) }
            last = isReduced[axis]
            step *= src[axis]
        }
        let form: ReductionDescriptor.Form
        if let run = reduced.last, run.stepByteCount == 4 {
            reduced.removeLast()
            columnCount = 1
            let follow = kept.last.map { $0.stepByteCount == run.count * 4 } ?? false
            form =
                follow && reduced.isEmpty && run.count <= lanes / 2
                ? .shortRows(count: run.count) : .rows(count: run.count)
        } else {
            columnCount = kept.popLast()?.count ?? 1
            form = .columns
        }
        rows = kept.popLast() ?? .init(count: 1, stepByteCount: 0)
        outer = kept
        guard reduced.count <= ReductionDescriptor.loopLimit, step <= Int(Int32.max) else { return nil }
        descriptor = ReductionDescriptor(function: function, form: form, loops: reduced)
    }

    /// From the start of src to the first row of outer index `index`, all of them counted as one.
    func srcByteOffset(_ index: Int) -> Int {
        var (rest, byteOffset) = (index, 0)
        for loop in outer.reversed() {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: loop.count)
            byteOffset += remainder * loop.stepByteCount
            rest = quotient
        }
        return byteOffset
    }
}
