// SPDX-License-Identifier: Apache-2.0

import AlulaKernels
import AlulaOperators
import AlulaPlan
import AlulaTensor
import Testing

@Suite struct LayoutAssignmentTests {
    private static let blocked = TensorLayout.blocked(lanes: 4)

    /// A kernel that is never run, and may write over its first input.
    private struct Idle: Kernel {
        let identifier = "idle"
        let partCount = 1
        let inputsThatMayBeOverwritten = [0]
        func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {}
    }

    /// `Relu` in both layouts, at these prices.
    private func catalogue(blocked: Double, planar: Double) -> KernelCatalogue {
        KernelCatalogue(families: [
            KernelCatalogue.Family("relu") { problem in
                guard problem.operation is Relu else { return [] }
                return [
                    KernelTactic("planar", estimatedNanoseconds: planar) { Idle() },
                    KernelTactic(
                        "blocked",
                        inputLayouts: [Self.blocked],
                        outputLayout: Self.blocked,
                        estimatedNanoseconds: blocked
                    ) { Idle() },
                ]
            }
        ])
    }

    private func assign(_ plan: Plan, _ shape: Shape, blocked: Double, planar: Double) throws -> LayoutAssignment {
        let shapes = try PlanShapes(plan, inputShapes: [shape])
        return LayoutAssignment(plan, shapes, catalogue(blocked: blocked, planar: planar))
    }

    private func names(_ assignment: LayoutAssignment) -> [String] { assignment.plan.steps.map(\.operation.name) }

    @Test func aBlockedChainIsReorderedOnceOnEachSide() throws {
        var builder = PlanBuilder()
        let input = builder.input("x", [1, 5, 2, 3])
        let first = builder.step(Relu(), input)
        builder.output(builder.step(Relu(), first), "y", [1, 5, 2, 3])
        let assignment = try assign(builder.plan, [1, 5, 2, 3], blocked: 10, planar: 1e6)
        #expect(names(assignment) == ["Alula.Reorder", "Relu", "Relu", "Alula.Reorder"])
        #expect(assignment.layouts[first] == Self.blocked)
        #expect(assignment.choices.map { $0?.tactic.name } == [nil, "blocked", "blocked", nil])
        let shapes = try PlanShapes(builder.plan, inputShapes: [[1, 5, 2, 3]])
        let instance = try PlanInstance(assignment, shapes, inputShapes: [[1, 5, 2, 3]]) { _, _ in false }
        // Two blocks of four lanes for five channels; the second activation writes over the first.
        #expect(instance.workspaceByteCount == 256)
    }

    /// Channels cut from a whole block on are a view of blocked memory; others go by way of the planar layout.
    @Test(arguments: [(0, 4), (4, 8), (4, 7), (1, 5)])
    func slicesOfWholeBlocksStayBlocked(start: Int, end: Int) throws {
        var builder = PlanBuilder()
        let input = builder.input("x", [1, 8, 2, 3])
        let first = builder.step(Relu(), input)
        let bounds = [start, end, 1].map { builder.constant(Tensor([Int64($0)], shape: [1])) }
        let piece = builder.step(Slice(), inputs: [first, bounds[0], bounds[1], bounds[2]])
        builder.output(builder.step(Relu(), piece), "y", [1, .fixed(end - start), 2, 3])
        let assignment = try assign(builder.plan, [1, 8, 2, 3], blocked: 10, planar: 1e6)
        let isView = start % 4 == 0
        #expect(assignment.layouts[piece] == (isView ? Self.blocked : .planar))
        let reorders = names(assignment).filter { $0 == "Alula.Reorder" }
        #expect(reorders.count == (isView ? 2 : 4))
        let shapes = try PlanShapes(builder.plan, inputShapes: [[1, 8, 2, 3]])
        let instance = try PlanInstance(assignment, shapes, inputShapes: [[1, 8, 2, 3]]) { _, _ in false }
        // Of one image, channels are neighbours in either layout.
        #expect(!instance.steps.contains { instance.plan.steps[$0.planIndex].operation is Slice })
        if isView { #expect(instance.placements[piece].byteOffset % 256 == start / 4 * 2 * 3 * 4 * 4) }
    }

    @Test func aStepIsNotMovedWhenReorderingCostsMore() throws {
        var builder = PlanBuilder()
        let input = builder.input("x", [1, 4, 8, 8])
        builder.output(builder.step(Relu(), input), "y", [1, 4, 8, 8])
        let assignment = try assign(builder.plan, [1, 4, 8, 8], blocked: 10, planar: 200)
        #expect(names(assignment) == ["Relu"])
        #expect(!assignment.hasReorders)
    }

    @Test func aValueIsReorderedForAllItsReadersAtOnce() throws {
        var builder = PlanBuilder()
        let input = builder.input("x", [1, 4, 8, 8])
        builder.output(builder.step(Relu(), input), "y", [1, 4, 8, 8])
        builder.output(builder.step(Relu(), input), "z", [1, 4, 8, 8])
        let assignment = try assign(builder.plan, [1, 4, 8, 8], blocked: 1, planar: 1e6)
        #expect(names(assignment).count { $0 == "Alula.Reorder" } == 3)
    }

    @Test func wholeBlocksAtOnePositionNeedNoReorder() throws {
        var builder = PlanBuilder()
        let input = builder.input("x", [3, 8, 1, 1])
        builder.output(builder.step(Relu(), input), "y", [3, 8, 1, 1])
        let assignment = try assign(builder.plan, [3, 8, 1, 1], blocked: 1, planar: 1e6)
        #expect(names(assignment) == ["Relu"])
        #expect(assignment.choices[0]?.tactic.name == "blocked")
    }

    @Test func concatenationsOfWholeBlocksStayBlockedAndInPlace() throws {
        var builder = PlanBuilder()
        let input = builder.input("x", [1, 8, 4, 4])
        let left = builder.step(Relu(), input)
        let right = builder.step(Relu(), left)
        let joined = builder.step(Concat(axis: 1), left, right)
        builder.output(builder.step(Relu(), joined), "y", [1, 16, 4, 4])
        let shape: Shape = [1, 8, 4, 4]
        let assignment = try assign(builder.plan, shape, blocked: 1, planar: 1e6)
        #expect(names(assignment) == ["Alula.Reorder", "Relu", "Relu", "Concat", "Relu", "Alula.Reorder"])
        let shapes = try PlanShapes(builder.plan, inputShapes: [shape])
        let instance = try PlanInstance(assignment, shapes, inputShapes: [shape]) { _, _ in true }
        #expect(instance.steps.count == 5, "the concatenation runs nothing")
        // `right` must not write over `left`, which is joined with it.
        #expect(instance.placements[right].byteOffset - instance.placements[left].byteOffset == 8 * 16 * 4)
    }

    @Test func concatenationsThatWouldBreakBlocksArePlanar() throws {
        var builder = PlanBuilder()
        let input = builder.input("x", [1, 6, 4, 4])
        let left = builder.step(Relu(), input)
        let joined = builder.step(Concat(axis: 1), left, input)
        builder.output(joined, "y", [1, 12, 4, 4])
        let assignment = try assign(builder.plan, [1, 6, 4, 4], blocked: 1, planar: 1e6)
        #expect(names(assignment) == ["Alula.Reorder", "Relu", "Alula.Reorder", "Concat"])
    }
}
