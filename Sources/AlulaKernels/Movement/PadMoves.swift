// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

extension Pad: MovingOperator {
    /// What is kept and what is added, cut into boxes that do not overlap.
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard let src = problem.inputs[0], let padding = try? padding(problem.operatorInputs) else { return nil }
        guard mode == .constant else { return repeatingMoves(padding, src.shape) }
        let value: TensorMove.Source
        if problem.inputs.count > 2, let type = problem.inputs[2] {
            if let known = problem.constants[2] {
                value = .constant(Self.fillValue(known, as: src.dataType))
            } else {
                guard type.dataType == src.dataType else { return nil }
                value = .input(2)
            }
        } else {
            value = .constant(Tensor(zeros: src.dataType, shape: .scalar))
        }
        return [keptMove(padding, src.shape)].compactMap(\.self) + fillingMoves(padding, value)
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
