// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// An operator that only moves elements, and says which.
protocol MovingOperator: Operator {
    /// The moves that make the outputs of `problem`, in elements of planar tensors; nil where they depend on contents that
    /// are not known beforehand.
    ///
    /// The problem passes the operator's shape rule.
    func moves(_ problem: KernelProblem) -> [TensorMove]?

    /// The moves that make the first output in blocked layout from input 0 in blocked layout, in elements as stored; nil
    /// where blocks would not stay whole.
    func blockedMoves(_ problem: KernelProblem, lanes: Int) -> [TensorMove]?
}

extension MovingOperator {
    /// Nil.
    func blockedMoves(_ problem: KernelProblem, lanes: Int) -> [TensorMove]? { nil }
}

/// The tactics of operators that only move elements.
enum MovementTactics {
    /// One tactic on planar tensors, and one on blocked tensors where blocks stay whole.
    @Sendable
    static func all(_ problem: KernelProblem) -> [KernelTactic] {
        guard let operation = problem.operation as? any MovingOperator, let dst = problem.outputs.first,
            (try? operation.inferOutputs(problem.operatorInputs)) == problem.outputs
        else { return [] }
        let byteCount = problem.outputs.reduce(0) { $0 + $1.byteCount }
        let bytesPerNanosecond = 5.0  // each byte counted once where it is read and once where it is written
        let target = problem.target
        let estimate = Double(2 * byteCount) / bytesPerNanosecond + 500
        func tactic(_ name: String, _ layout: TensorLayout, _ moves: [TensorMove]?) -> KernelTactic? {
            guard let moves, !moves.isEmpty else { return nil }
            return KernelTactic(
                name,
                inputLayouts: [layout],
                outputLayout: layout,
                estimatedNanoseconds: estimate
            ) { MovementKernel(moves, elementByteCount: dst.dataType.byteCount, target: target) }
        }
        var tactics = [tactic("moves", .planar, operation.moves(problem))]
        if let target, let layout = problem.blockedLayout, dst.dataType == .float32 {
            tactics.append(tactic("moves blocked", layout, operation.blockedMoves(problem, lanes: target.lanes)))
        }
        return tactics.compactMap(\.self)
    }
}

extension TensorMove {
    /// All elements of a dst of `shape`, from src elements laid out as `src`.
    static func whole(_ shape: Shape, src: BoxSteps) -> [TensorMove] {
        let dst = BoxSteps(shape.contiguousStrides)
        return [TensorMove(.input(0), extents: shape.extents, dst: dst, src: src)].compactMap(\.self)
    }
}

extension Transpose: MovingOperator {
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard let src = problem.inputs[0]?.shape, let dst = problem.outputs.first?.shape else { return nil }
        let strides = src.contiguousStrides
        let order = permutation ?? Array(src.indices.reversed())
        return TensorMove.whole(dst, src: BoxSteps(order.map { strides[$0] }))
    }
}

extension Expand: MovingOperator {
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard let src = problem.inputs[0]?.shape, let dst = problem.outputs.first?.shape else { return nil }
        return TensorMove.whole(dst, src: BoxSteps(src.broadcastStrides(to: dst)))
    }
}

extension Tile: MovingOperator {
    /// A box of twice the rank: repeats, with a src step of zero, before every axis.
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard let src = problem.inputs[0]?.shape, let dst = problem.outputs.first?.shape, src.elementCount > 0 else {
            return nil
        }
        let (srcStrides, dstStrides) = (src.contiguousStrides, dst.contiguousStrides)
        var (extents, srcSteps, dstSteps): ([Int], [Int], [Int]) = ([], [], [])
        for axis in src.indices {
            extents += [dst[axis] / src[axis], src[axis]]
            srcSteps += [0, srcStrides[axis]]
            dstSteps += [src[axis] * dstStrides[axis], dstStrides[axis]]
        }
        return [TensorMove(.input(0), extents: extents, dst: BoxSteps(dstSteps), src: BoxSteps(srcSteps))]
            .compactMap(\.self)
    }
}

extension Slice: MovingOperator {
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard let src = problem.inputs[0]?.shape, let walk = try? walk(problem.operatorInputs) else { return nil }
        let strides = src.contiguousStrides
        let start = zip(walk.starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
        return TensorMove.whole(
            Shape(walk.extents),
            src: BoxSteps(start: start, zip(walk.steps, strides).map { $0 * $1 })
        )
    }

    /// Whole blocks of channels from a whole block on, any walk along the other axes.
    ///
    /// Behind the last channel wanted, dst gets what src has there: channels that are not wanted, finite like all others.
    func blockedMoves(_ problem: KernelProblem, lanes: Int) -> [TensorMove]? {
        guard let src = problem.inputs[0]?.shape, src.rank >= 3, let walk = try? walk(problem.operatorInputs),
            walk.steps[1] == 1, walk.starts[1] % lanes == 0, !walk.extents.contains(0)
        else { return nil }
        let layout = TensorLayout.blocked(lanes: lanes)
        let dst = layout.storedShape(Shape(walk.extents))
        let strides = layout.storedShape(src).contiguousStrides
        var starts = walk.starts
        starts[1] /= lanes
        let steps = zip(walk.steps, strides).map { $0 * $1 } + [1]
        return TensorMove.whole(
            dst,
            src: BoxSteps(start: zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }, steps)
        )
    }
}

extension Split: MovingOperator {
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard let src = problem.inputs[0]?.shape, let axis = src.normalizedAxis(axis) else { return nil }
        let strides = src.contiguousStrides
        var position = 0
        var moves: [TensorMove] = []
        for (index, piece) in problem.outputs.enumerated() {
            let move = TensorMove(
                .input(0),
                to: index,
                extents: piece.shape.extents,
                dst: BoxSteps(piece.shape.contiguousStrides),
                src: BoxSteps(start: position * strides[axis], strides)
            )
            if let move { moves.append(move) }
            position += piece.shape[axis]
        }
        return moves
    }
}

extension Concat: MovingOperator {
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard let dst = problem.outputs.first?.shape, let axis = dst.normalizedAxis(axis) else { return nil }
        let strides = dst.contiguousStrides
        var position = 0
        var moves: [TensorMove] = []
        for (index, piece) in problem.inputs.enumerated() {
            guard let piece else { continue }
            let move = TensorMove(
                .input(index),
                extents: piece.shape.extents,
                dst: BoxSteps(start: position * strides[axis], strides),
                src: BoxSteps(piece.shape.contiguousStrides)
            )
            if let move { moves.append(move) }
            position += piece.shape[axis]
        }
        return moves
    }
}

extension SpaceToDepth: MovingOperator {
    /// A transposition of src seen with six axes.
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard let src = problem.inputs[0]?.shape else { return nil }
        let b = blockExtent
        let strides = Shape([src[0], src[1], src[2] / b, b, src[3] / b, b]).contiguousStrides
        let dst = Shape([src[0], b, b, src[1], src[2] / b, src[3] / b])
        return TensorMove.whole(dst, src: BoxSteps([0, 3, 5, 1, 2, 4].map { strides[$0] }))
    }
}

extension DepthToSpace: MovingOperator {
    /// A transposition of src seen with six axes.
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard let src = problem.inputs[0]?.shape else { return nil }
        let (b, channels) = (blockExtent, src[1] / (blockExtent * blockExtent))
        let parts = isChannelMajor ? [channels, b, b] : [b, b, channels]
        let strides = Shape([src[0]] + parts + [src[2], src[3]]).contiguousStrides
        let order = isChannelMajor ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
        let dst = Shape([src[0], channels, src[2], b, src[3], b])
        return TensorMove.whole(dst, src: BoxSteps(order.map { strides[$0] }))
    }
}

extension KernelProblem {
    /// The inputs as shape rules take them.
    var operatorInputs: [OperatorInput?] {
        zip(inputs, constants).map { type, constant in type.map { OperatorInput($0, value: constant) } }
    }
}
