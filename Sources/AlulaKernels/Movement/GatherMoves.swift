// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

extension Gather: MovingOperator {
    /// A box for every stretch of even steps where the indices are known and such stretches few.
    ///
    /// Indices that are out of range are left to the operator, which says so.
    func moves(_ problem: KernelProblem) -> [TensorMove]? {
        guard problem.isConstant(1), let indices = problem.constants[1]?.integers(),
            let src = problem.inputs[0]?.shape, let axis = src.normalizedAxis(axis)
        else { return nil }
        let extent = src[axis]
        let sources = indices.map { $0 < 0 ? $0 + extent : $0 }
        guard sources.allSatisfy({ (0..<extent).contains($0) }) else { return nil }
        let stretches = EvenStretch.list(sources)
        guard stretches.count <= Self.moveLimit else { return nil }
        let (outer, inner) = (
            src.elementCount(in: 0..<axis), src.elementCount(in: (axis + 1)..<src.rank)
        )
        return stretches.compactMap { stretch in
            TensorMove(
                .input(0),
                extents: [outer, stretch.extent, inner],
                dst: BoxSteps(start: stretch.dst * inner, [sources.count * inner, inner, 1]),
                src: BoxSteps(start: stretch.src * inner, [extent * inner, stretch.step * inner, 1])
            )
        }
    }

    private static let moveLimit = 16
}
