// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// Targets this machine can run.
private let targets: [VectorTarget] = [(ISA.avx2, 4), (.avx2, 8), (.avx512, 8), (.avx512, 16)]
    .compactMap { VectorTarget(isa: $0.0, lanes: $0.1) }.filter { $0.isSupported() }

/// Changes of layout against the plain loops of ``BlockedLayout``.
@Suite struct ReorderTests {
    private func runAll(_ reorder: BlockedReorder, planar: Tensor, blocked: Tensor) {
        for part in (0..<reorder.partCount).shuffled() { reorder.run(part: part, planar: planar, blocked: blocked) }
    }

    /// Both directions, between contiguous tensors and between ones whose images are further apart.
    private func check(_ shape: Shape, _ target: VectorTarget?) throws {
        var random = SeededRandom(seed: UInt64(shape.elementCount))
        let planar = random.tensor(shape)
        let (channels, positions) = (shape[1], shape[2] * shape[3])
        func reorder(_ direction: ReorderDescriptor.Direction) throws -> BlockedReorder {
            let descriptor = ReorderDescriptor(direction, channels: channels, positions: positions)
            return try BlockedReorder(descriptor, batch: shape[0], target: target, cache: CodeCache())
        }
        let toBlocked = try reorder(.toBlocked)
        let expected = BlockedLayout(lanes: toBlocked.lanes).blocked(planar)
        let blocked = filled(expected.shape)
        runAll(toBlocked, planar: planar, blocked: blocked)
        #expect(blocked.elements(as: Float.self) == expected.elements(as: Float.self), "\(shape) to blocked")

        let toPlanar = try reorder(.toPlanar)
        let back = filled(shape)
        runAll(toPlanar, planar: back, blocked: expected)
        #expect(back.elements(as: Float.self) == planar.elements(as: Float.self), "\(shape) to planar")

        let spread = try #require(gapped(shape))
        runAll(toPlanar, planar: spread, blocked: expected)
        back.copyElements(from: spread)
        #expect(back.elements(as: Float.self) == planar.elements(as: Float.self), "\(shape) to strided planar")
        let spreadBlocks = try #require(gapped(expected.shape))
        runAll(toBlocked, planar: spread, blocked: spreadBlocks)
        blocked.copyElements(from: spreadBlocks)
        #expect(blocked.elements(as: Float.self) == expected.elements(as: Float.self), "\(shape) to strided blocked")
    }

    /// A tensor of NaN, so that an element nobody writes shows.
    private func filled(_ shape: Shape) -> Tensor {
        Tensor([Float](repeating: .nan, count: shape.elementCount), shape: shape)
    }

    /// The same with a gap behind every image.
    private func gapped(_ shape: Shape) -> Tensor? {
        let image = shape.elementCount(in: 1..<shape.rank)
        let storage = filled([shape[0], image + 7]).storage
        return Tensor(
            dataType: .float32,
            shape: shape,
            storage: storage,
            byteOffset: 0,
            outerStrideElements: image + 7
        )
    }

    @Test(.enabled(if: !targets.isEmpty), arguments: targets)
    func everyTailOfChannelsAndPositionsMatches(target: VectorTarget) throws {
        for channels in tailSizes(target.lanes) + [2 * target.lanes, 2 * target.lanes + 3] {
            for width in tailSizes(target.lanes) where width > 0 { try check([2, channels, 1, width], target) }
        }
    }

    /// Planes larger than a part, and parts of many small planes.
    @Test(.enabled(if: !targets.isEmpty), arguments: targets)
    func everySplitIntoPartsMatches(target: VectorTarget) throws {
        try check([1, target.lanes + 1, 97, 101], target)
        try check([1, target.lanes * 37 + 2, 7, 7], target)
    }

    @Test func interpretedReordersMatch() throws { try check([1, 11, 3, 7], nil) }

    /// Every access of every call, in memory with gaps between the operands.
    @Test(arguments: ReorderDescriptor.Direction.allCases, [4, 8, 16])
    func noAccessLeavesTheOperands(direction: ReorderDescriptor.Direction, lanes: Int) throws {
        let target = try #require(VectorTarget(isa: .avx512, lanes: lanes))
        let shape: Shape = [2, 2 * lanes + 3, 3, 7]
        var random = SeededRandom(seed: 3)
        let tensor = random.tensor(shape)
        let layout = BlockedLayout(lanes: lanes)
        let descriptor = ReorderDescriptor(direction, channels: shape[1], positions: 21)
        let (planar, blocked) = (tensor.byteArray, layout.blocked(tensor).byteArray)
        func unwritten(_ bytes: [UInt8]) -> [UInt8] { Array(repeating: 0xFF, count: bytes.count) }
        var memory = CheckedMemory()
        let operands = ReorderSchedule.Operands(
            planar: memory.add(direction == .toPlanar ? unwritten(planar) : planar),
            planarImageByteCount: shape[1] * 21 * 4,
            blocked: memory.add(direction == .toBlocked ? unwritten(blocked) : blocked),
            blockedImageByteCount: descriptor.blockCount(lanes: lanes) * lanes * 21 * 4
        )
        let schedule = ReorderSchedule(descriptor, batch: 2, lanes: lanes)
        var calls: [(isLast: Bool, arguments: ReorderArguments)] = []
        for part in 0..<schedule.partCount { schedule.forEachCall(of: part, operands) { calls.append(($0, $1)) } }
        for call in calls {
            let channels = call.isLast ? 3 : lanes
            let program = ReorderGenerator.program(descriptor, channels: channels, target: target)
            let fields = [
                call.arguments.planar, call.arguments.blocked, call.arguments.blockCount, call.arguments.tileCount,
                call.arguments.tailCount,
            ]
            let arguments = memory.add(
                fields.flatMap { field in (0..<8).map { UInt8(truncatingIfNeeded: field >> ($0 * 8)) } }
            )
            var interpreter = try KernelInterpreter(program, memory: memory)
            memory = try interpreter.run(arguments: arguments)
        }
        #expect(memory.bytes(at: operands.planar) == planar)
        #expect(memory.bytes(at: operands.blocked) == blocked)
    }

    @Test(.enabled(if: CodeCache.shared.target != nil), arguments: [false, true])
    func theCatalogueReordersBothWays(toBlocked: Bool) throws {
        let lanes = try #require(CodeCache.shared.target).lanes
        let layout = TensorLayout.blocked(lanes: lanes)
        let operation = toBlocked ? Reorder(from: .planar, to: layout) : Reorder(from: layout, to: .planar)
        let type = TensorType(.float32, [2, 21, 3, 5])
        let problem = KernelProblem(operation, inputs: [type], outputs: [type])
        let tactic = try #require(KernelCatalogue.standard.tactics(for: problem).first)
        let kernel = try #require(tactic.make())
        var random = SeededRandom(seed: 9)
        let planar = random.tensor(type.shape)
        let blocked = BlockedLayout(lanes: lanes).blocked(planar)
        let (src, expected) = toBlocked ? (planar, blocked) : (blocked, planar)
        let dst = filled(expected.shape)
        for part in 0..<kernel.partCount { kernel.run(part: part, inputs: [src], outputs: [dst]) }
        #expect(dst.elements(as: Float.self) == expected.elements(as: Float.self))
    }

    @Test func nothingIsRejectedWithTheReason() {
        let descriptor = ReorderDescriptor(.toBlocked, channels: 3, positions: 0)
        #expect(descriptor.rejection(lanes: 8) == "nothing to do")
    }
}
