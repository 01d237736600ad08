// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

extension Pad: MovingOperator {
    /// What is kept and what is added, cut into boxes that do not overlap.
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard let src = problem.inputs[0], let padding = try? padding(problem.operatorInputs) else { return nil }
        return moves(problem, padding, src.shape)
    }

    /// The same for all but the channels, of whole blocks of them.
    func blockedMoves(_ problem: KernelProblem, lanes: Int) -> [TensorMove]? {
        guard let src = problem.inputs[0], let padding = try? padding(problem.operatorInputs),
            let blocked = padding.inBlocks(ofLanes: lanes), !padding.shape.extents.contains(0)
        else { return nil }
        if mode == .constant, padding.shape[1] % lanes != 0 {
            // Lanes without meaning are filled like the others, and must be finite.
            guard case .constant(let value)? = fillSource(problem, src.dataType), value.doubles()[0].isFinite else {
                return nil
            }
        }
        return moves(problem, blocked, TensorLayout.blocked(lanes: lanes).storedShape(src.shape))
    }

    private func moves(_ problem: KernelProblem, _ padding: Padding, _ src: Shape) -> [TensorMove]? {
        guard mode == .constant else { return repeatingMoves(padding, src) }
        guard let type = problem.inputs[0], let value = fillSource(problem, type.dataType) else { return nil }
        return [keptMove(padding, src)].compactMap(\.self) + fillingMoves(padding, value)
    }

    /// Where the value that is added comes from; nil where it would have to be converted first.
    private func fillSource(_ problem: KernelProblem, _ dataType: DataType) -> TensorMove.Source? {
        guard problem.inputs.count > 2, let type = problem.inputs[2] else {
            return .constant(Tensor(zeros: dataType, shape: .scalar))
        }
        if let known = problem.constants[2] { return .constant(Self.fillValue(known, as: dataType)) }
        return type.dataType == dataType ? .input(2) : nil
    }

    private func keptMove(_ padding: Padding, _ src: Shape) -> TensorMove? {
        let (srcStrides, dstStrides) = (src.contiguousStrides, padding.shape.contiguousStrides)
        let start = padding.keptStart(strides: dstStrides, axes: 0..<src.rank)
        return TensorMove(
            .input(0),
            extents: padding.kept,
            dst: BoxSteps(start: start, dstStrides),
            src: BoxSteps(start: padding.cropStart(strides: srcStrides), srcStrides)
        )
    }

    /// The borders before and after every axis: where elements are kept along the axes outside of it, all the way along
    /// those inside.
    private func fillingMoves(_ padding: Padding, _ value: TensorMove.Source) -> [TensorMove] {
        let strides = padding.shape.contiguousStrides
        var moves: [TensorMove] = []
        for axis in padding.shape.indices {
            let outerStart = padding.keptStart(strides: strides, axes: 0..<axis)
            let before = min(max(padding.before[axis], 0), padding.shape[axis])
            let end = min(before + padding.kept[axis], padding.shape[axis])
            for range in [0..<before, end..<padding.shape[axis]] {
                let extents = Array(padding.kept[..<axis]) + [range.count] + padding.shape.extents[(axis + 1)...]
                let move = TensorMove(
                    value,
                    extents: extents,
                    dst: BoxSteps(start: outerStart + range.lowerBound * strides[axis], strides),
                    src: BoxSteps(strides.map { _ in 0 })
                )
                if let move { moves.append(move) }
            }
        }
        return moves
    }

    /// Every combination of stretches along the axes; nil where there are too many to be worth it.
    private func repeatingMoves(_ padding: Padding, _ src: Shape) -> [TensorMove]? {
        let (srcStrides, dstStrides) = (src.contiguousStrides, padding.shape.contiguousStrides)
        let stretches = src.indices.map { self.stretches(padding, axis: $0) }
        guard stretches.reduce(1, { min($0 * $1.count, Self.moveLimit + 1) }) <= Self.moveLimit else { return nil }
        var combinations: [[EvenStretch]] = [[]]
        for some in stretches { combinations = combinations.flatMap { known in some.map { known + [$0] } } }
        return combinations.compactMap { combination in
            let dstStart = zip(combination, dstStrides).reduce(0) { $0 + $1.0.dst * $1.1 }
            let srcStart = zip(combination, srcStrides).reduce(0) { $0 + $1.0.src * $1.1 }
            return TensorMove(
                .input(0),
                extents: combination.map(\.extent),
                dst: BoxSteps(start: dstStart, dstStrides),
                src: BoxSteps(start: srcStart, zip(combination, srcStrides).map { $0.step * $1 })
            )
        }
    }

    private static let moveLimit = 64

    private func stretches(_ padding: Padding, axis: Int) -> [EvenStretch] {
        let (before, kept) = (max(padding.before[axis], 0), padding.kept[axis])
        let crop = max(-padding.before[axis], 0)
        return EvenStretch.list(
            (0..<padding.shape[axis]).map { position in
                let index = position - before
                return crop + ((0..<kept).contains(index) ? index : mode.sourceIndex(index, extent: kept))
            }
        )
    }
}
