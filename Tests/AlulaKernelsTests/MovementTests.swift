// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Targets this machine can run, and nil for moves element by element.
private let targets: [VectorTarget?] =
    [(ISA.avx2, 4), (.avx2, 8), (.avx512, 8), (.avx512, 16)]
    .compactMap { VectorTarget(isa: $0.0, lanes: $0.1) }.filter { $0.isSupported() } + [nil]

extension SeededRandom {
    /// A tensor of random bytes: what elements mean does not matter.
    fileprivate mutating func bytes(_ type: DataType, _ shape: Shape) -> Tensor {
        let count = shape.elementCount * type.byteCount
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
        return Tensor(copying: bytes[...], dataType: type, shape: shape) ?? Tensor(zeros: type, shape: shape)
    }
}

/// Kernels that move elements, against the scalar references, bit for bit.
@Suite struct MovementTests {
    /// Runs the movement tactic on outputs that lie between guard bytes.
    private func check(
        _ operation: any Operator,
        _ inputs: [Tensor?],
        _ target: VectorTarget?,
        _ context: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let types = try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
        let expected = types.map { Tensor(zeros: $0.dataType, shape: $0.shape) }
        try operation.evaluate(inputs, into: expected)
        let problem = KernelProblem(
            operation,
            inputs: inputs.map { $0?.type },
            outputs: types,
            constants: [nil] + inputs.dropFirst().map { isContent($0) ? $0 : nil },
            target: target
        )
        let text = "\(operation.described.name) \(inputs.map { $0?.type.description ?? "_" }) -> \(types) \(context)"
        let tactic = try #require(
            KernelCatalogue.standard.tactics(for: problem).first { $0.name == "moves" },
            "no tactic for \(text)",
            sourceLocation: sourceLocation
        )
        let kernel = try #require(tactic.make(), sourceLocation: sourceLocation)
        let guarded = types.map { GuardedTensor($0) }
        for part in (0..<kernel.partCount).shuffled() {
            kernel.run(part: part, inputs: inputs, outputs: guarded.map(\.tensor))
        }
        for (got, wanted) in zip(guarded, expected) {
            #expect(
                got.tensor.byteArray == wanted.byteArray,
                "\(text) by \(kernel.identifier)",
                sourceLocation: sourceLocation
            )
            #expect(got.isIntact, "\(text) by \(kernel.identifier) writes outside", sourceLocation: sourceLocation)
        }
    }

    /// Operands that say what to move are known beforehand; those that are moved are not.
    private func isContent(_ tensor: Tensor?) -> Bool { tensor?.dataType == .int64 && tensor?.shape.rank == 1 }

    /// An output with 64 bytes before and behind it that nobody may write.
    private struct GuardedTensor {
        private static let guardByteCount = 64
        private let storage: TensorStorage
        let tensor: Tensor

        init(_ type: TensorType) {
            let whole = Tensor(
                [UInt8](repeating: 0xA5, count: type.byteCount + 2 * Self.guardByteCount),
                shape: [type.byteCount + 2 * Self.guardByteCount]
            )
            storage = whole.storage
            let inside = Tensor(
                dataType: type.dataType,
                shape: type.shape,
                storage: whole.storage,
                byteOffset: Self.guardByteCount
            )
            tensor = inside ?? Tensor(zeros: type.dataType, shape: type.shape)
        }

        var isIntact: Bool {
            guard let whole = Tensor(dataType: .uint8, shape: [storage.byteCount], storage: storage, byteOffset: 0)
            else {
                return false
            }
            let bytes = whole.byteArray
            return bytes.prefix(Self.guardByteCount).allSatisfy { $0 == 0xA5 }
                && bytes.suffix(Self.guardByteCount).allSatisfy { $0 == 0xA5 }
        }
    }

    private static let types: [DataType] = [.float32, .uint8, .int64, .float16]

    @Test(arguments: targets)
    func randomTransposesMatch(target: VectorTarget?) throws {
        var random = SeededRandom(seed: 11)
        for round in 0..<60 {
            let rank = random.int(1...6)
            let shape = Shape((0..<rank).map { _ in random.int(1...(rank > 4 ? 5 : 9)) })
            let order = Array(0..<rank).shuffled(using: &random)
            let src = random.bytes(Self.types[round % Self.types.count], shape)
            try check(Transpose(permutation: order), [src], target, "\(order)")
        }
    }

    /// Planes in squares, with every rest along both sides, and in parts that cut either side.
    @Test(arguments: targets)
    func everyTailOfAPlaneMatches(target: VectorTarget?) throws {
        var random = SeededRandom(seed: 12)
        let lanes = target?.lanes ?? 8
        for rows in tailSizes(lanes) + [2 * lanes, 2 * lanes + 3] where rows > 0 {
            for columns in tailSizes(lanes) where columns > 0 {
                try check(Transpose(permutation: [0, 2, 1]), [random.bytes(.float32, [2, rows, columns])], target)
            }
        }
        try check(Transpose(), [random.bytes(.float32, [17, 4099])], target)
        try check(Transpose(), [random.bytes(.float32, [4099, 17])], target)
        try check(Transpose(permutation: [0, 2, 3, 1]), [random.bytes(.float32, [2, 67, 29, 31])], target)
        try check(Transpose(permutation: [0, 3, 1, 2]), [random.bytes(.float32, [2, 29, 31, 67])], target)
    }

    @Test(arguments: targets)
    func headsOfAttentionMatch(target: VectorTarget?) throws {
        var random = SeededRandom(seed: 13)
        let heads = random.bytes(.float32, [2, 19, 3, 64])
        try check(Transpose(permutation: [0, 2, 1, 3]), [heads], target)
        try check(Transpose(permutation: [0, 2, 3, 1]), [heads], target)
        // Windows of a picture: more loops than code is generated for.
        let windows = random.bytes(.float32, [2, 3, 4, 5, 7, 6])
        try check(Transpose(permutation: [0, 3, 1, 4, 2, 5]), [windows], target)
        try check(Transpose(permutation: [4, 0, 3, 1, 5, 2]), [windows], target)
    }

    /// Runs of every length up to some vectors, and runs that are cut into parts.
    @Test(arguments: targets, types)
    func runsOfEveryLengthMatch(target: VectorTarget?, type: DataType) throws {
        var random = SeededRandom(seed: 14)
        for count in [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 300, 545, 1201] {
            try check(Transpose(permutation: [1, 0, 2]), [random.bytes(type, [3, 5, count])], target)
        }
        try check(Transpose(permutation: [1, 0, 2]), [random.bytes(type, [2, 3, 40 << 10])], target)
        try check(Transpose(permutation: [1, 0]), [random.bytes(type, [1, 70_001])], target)
    }

    private func list(_ values: [Int]) -> Tensor { Tensor(values.map { Int64($0) }, shape: [values.count]) }

    @Test(arguments: targets)
    func slicesMatch(target: VectorTarget?) throws {
        var random = SeededRandom(seed: 15)
        for round in 0..<80 {
            let shape = Shape((0..<random.int(1...4)).map { _ in random.int(1...40) })
            let src = random.bytes(Self.types[round % Self.types.count], shape)
            var (starts, ends, steps): ([Int], [Int], [Int]) = ([], [], [])
            for extent in shape {
                let step = random.pick([1, 1, 2, 3, -1, -2])
                let (low, high) = (random.int(0...(extent - 1) / 2), random.int((extent + 1) / 2...extent))
                starts.append(step > 0 ? low : high)
                ends.append(step > 0 ? high : low - extent - 1)
                steps.append(step)
            }
            guard
                try Slice().inferOutputs(
                    [src, list(starts), list(ends), list(Array(shape.indices)), list(steps)]
                        .map { OperatorInput($0) }
                )[0].shape.elementCount > 0
            else { continue }
            let inputs = [src, list(starts), list(ends), list(Array(shape.indices)), list(steps)]
            try check(Slice(), inputs, target, "\(starts) \(ends) \(steps)")
        }
    }

    @Test(arguments: targets)
    func splitsAndConcatenationsMatch(target: VectorTarget?) throws {
        var random = SeededRandom(seed: 16)
        for round in 0..<40 {
            let axis = random.int(0...2)
            let type = Self.types[round % Self.types.count]
            var extents = [random.int(1...5), random.int(1...5), random.int(1...33)]
            let pieces = (0..<random.int(1...4)).map { _ in random.int(1...20) }
            let parts = pieces.map { piece in
                extents[axis] = piece
                return random.bytes(type, Shape(extents))
            }
            try check(Concat(axis: axis), parts, target, "axis \(axis)")
            extents[axis] = pieces.reduce(0, +)
            let whole = random.bytes(type, Shape(extents))
            try check(Split(axis: axis, outputCount: pieces.count), [whole, list(pieces)], target, "axis \(axis)")
        }
    }

    /// Indices that are known and few, or even, become boxes.
    @Test(arguments: targets)
    func gathersByKnownIndicesMatch(target: VectorTarget?) throws {
        var random = SeededRandom(seed: 20)
        for round in 0..<40 {
            let shape = Shape((0..<random.int(1...4)).map { _ in random.int(2...19) })
            let axis = random.int(0...(shape.rank - 1))
            let extent = shape[axis]
            let indices = random.pick([
                [0], [-1], Array(0..<extent), (0..<extent).reversed(), Array(stride(from: 0, to: extent, by: 2)),
                (0..<random.int(1...6)).map { _ in random.int(-extent...(extent - 1)) },
            ])
            let src = random.bytes(Self.types[round % Self.types.count], shape)
            try check(Gather(axis: axis), [src, list(indices)], target, "axis \(axis): \(indices)")
        }
    }

    /// Cutting channels of a blocked tensor from a whole block on, and walking along the other axes as one likes.
    @Test(arguments: blockedTargets)
    func slicesOfBlockedTensorsMatch(target: VectorTarget) throws {
        var random = SeededRandom(seed: 21)
        let lanes = target.lanes
        for (starts, ends, steps): ([Int], [Int], [Int]) in [
            ([lanes], [3 * lanes], [1]), ([0], [lanes + 1], [1]), ([2 * lanes, 1, 2], [9999, 4, 9], [1, 1, 2]),
            ([lanes, -1], [2 * lanes, -9999], [1, -2]),
        ] {
            let src = random.tensor([2, 3 * lanes - 1, 5, 9])
            let inputs: [Tensor?] = [
                src, list(starts), list(ends), list([1, 2, 3].prefix(starts.count) + []), list(steps),
            ]
            let problem = TacticProblem(operation: Slice(), inputs: inputs, constantInputs: [1, 2, 3, 4], tolerance: 0)
            #expect(try problem.check(MovementTactics.all, target: target) == ["moves", "moves blocked"])
        }
        let inside: [Tensor?] = [random.tensor([1, 3 * lanes, 2, 2]), list([1]), list([lanes + 1]), list([1])]
        let problem = TacticProblem(operation: Slice(), inputs: inside, constantInputs: [1, 2, 3], tolerance: 0)
        #expect(try problem.check(MovementTactics.all, target: target) == ["moves"], "blocks would be cut")
    }

    /// Height and width of blocked tensors; channels that are no whole blocks only with finite values.
    @Test(arguments: blockedTargets, Pad.Mode.allCases)
    func paddingOfBlockedTensorsMatches(target: VectorTarget, mode: Pad.Mode) throws {
        var random = SeededRandom(seed: 22)
        for channels in [target.lanes, target.lanes + 1] {
            for pads in [[0, 0, 1, 2, 0, 0, 1, 2], [0, 0, -1, 2, 0, 0, 3, -2], [0, 0, 0, 3, 0, 0, 0, 0]] {
                let src = random.tensor([2, channels, 5, 6])
                var inputs: [Tensor?] = [src, list(pads)]
                for value in mode == .constant ? [nil, 2.5, -Float.infinity] : [nil] {
                    if let value { inputs = [src, list(pads), Tensor(scalar: value)] }
                    let problem = TacticProblem(
                        operation: Pad(mode: mode),
                        inputs: inputs,
                        constantInputs: [1, 2],
                        tolerance: 0
                    )
                    let isFinite = value?.isFinite ?? true
                    let isBlocked = isFinite || channels == target.lanes
                    let names = try problem.check(MovementTactics.all, target: target)
                    #expect(names == (isBlocked ? ["moves", "moves blocked"] : ["moves"]))
                }
            }
        }
        let ofChannels = TacticProblem(
            operation: Pad(mode: mode),
            inputs: [random.tensor([1, 5, 2, 3]), list([0, 1, 0, 0, 0, 0, 0, 0])],
            constantInputs: [1],
            tolerance: 0
        )
        #expect(try ofChannels.check(MovementTactics.all, target: target) == ["moves"])
    }

    @Test(arguments: targets)
    func repetitionsMatch(target: VectorTarget?) throws {
        var random = SeededRandom(seed: 17)
        for (index, shape): (Int, Shape) in [[1], [7], [1, 5], [5, 1], [3, 1, 19], [2, 3, 1], [1, 1, 33]].enumerated() {
            let src = random.bytes(Self.types[index % Self.types.count], shape)
            try check(Tile(), [src, list(shape.map { _ in random.int(1...4) })], target)
            try check(Expand(), [src, list([2] + shape.map { $0 == 1 ? 37 : $0 })], target)
        }
    }

    @Test(arguments: targets, Pad.Mode.allCases)
    func paddingMatches(target: VectorTarget?, mode: Pad.Mode) throws {
        var random = SeededRandom(seed: 18)
        for round in 0..<30 {
            let shape = Shape((0..<random.int(1...4)).map { _ in random.int(3...9) })
            let src = random.bytes(Self.types[round % Self.types.count], shape)
            // Pads that repeat elements become a box for every combination of stretches: along two axes at most here.
            let pads = (0..<2 * shape.rank).map { index in
                let isPadded = mode == .constant || index % shape.rank >= shape.rank - 2
                return isPadded ? random.pick([0, 1, 2, -1, mode == .constant ? 20 : 5]) : 0
            }
            try check(Pad(mode: mode), [src, list(pads)], target, "\(mode) \(pads)")
            guard mode == .constant else { continue }
            try check(Pad(), [src, list(pads), random.bytes(src.dataType, .scalar)], target, "\(pads)")
        }
    }

    @Test(arguments: targets)
    func rearrangedBlocksMatch(target: VectorTarget?) throws {
        var random = SeededRandom(seed: 19)
        for b in [1, 2, 3] {
            let deep = random.bytes(.float32, [2, 4 * b * b, 3, 5])
            try check(DepthToSpace(blockExtent: b), [deep], target)
            try check(DepthToSpace(blockExtent: b, isChannelMajor: true), [deep], target)
            try check(SpaceToDepth(blockExtent: b), [random.bytes(.float32, [2, 3, 4 * b, 9 * b])], target)
        }
    }

    @Test func nothingToMoveHasNoKernel() throws {
        let type = TensorType(.float32, [0, 3])
        let problem = KernelProblem(Transpose(), inputs: [type], outputs: [TensorType(.float32, [3, 0])])
        #expect(KernelCatalogue.standard.tactics(for: problem).isEmpty)
        let unknown = KernelProblem(
            Slice(),
            inputs: [TensorType(.float32, [4]), TensorType(.int64, [1]), TensorType(.int64, [1])],
            outputs: [TensorType(.float32, [2])]
        )
        #expect(KernelCatalogue.standard.tactics(for: unknown).isEmpty, "where to slice is not known")
    }
}

/// What generated moves touch.
@Suite struct MoveAccessTests {
    /// Every access of every call, in memory with gaps between the operands.
    @Test(arguments: [4, 8, 16])
    func noAccessLeavesTheOperands(lanes: Int) throws {
        let target = try #require(VectorTarget(isa: .avx512, lanes: lanes))
        let moves = [
            BoxMove(
                extents: [3, lanes + 3, 2 * lanes + 1],
                dst: [(lanes + 3) * (2 * lanes + 1), 2 * lanes + 1, 1],
                src: [(lanes + 3) * (2 * lanes + 1), 1, lanes + 3]
            ),
            BoxMove(extents: [5, 3 * lanes + 1], dst: [3 * lanes + 1, 1], src: [3 * lanes + 2, 1]),
            BoxMove(extents: [5, 3], dst: [3, 1], src: [4, 1]),
            BoxMove(extents: [5, 2 * lanes + 3], dst: [2 * lanes + 3, 1], src: [1, 0]),
            BoxMove(extents: [4, lanes + 2], dst: [lanes + 2, 1], src: [3 * (lanes + 2), 3]),
            BoxMove(extents: [4, 300 * lanes + 7], dst: [300 * lanes + 7, 1], src: [300 * lanes + 8, 1]),
        ]
        for move in moves { try check(move, target) }
    }

    private func check(_ move: BoxMove, _ target: VectorTarget) throws {
        let schedule = try #require(MoveSchedule(move, lanes: target.lanes))
        func count(_ side: KeyPath<BoxMove.Axis, Int>) -> Int {
            move.axes.reduce(1) { $0 + ($1.extent - 1) * $1[keyPath: side] }
        }
        let (srcCount, dstCount) = (count(\.src), count(\.dst))
        var random = SeededRandom(seed: 4)
        let src = random.tensor([srcCount])
        let dst = Tensor([Float](repeating: .nan, count: dstCount), shape: [dstCount])
        BoxMover(move, elementByteCount: 4, target: nil, cache: CodeCache()).runAll(from: src, to: dst)
        var memory = CheckedMemory()
        let (from, to) = (memory.add(src.byteArray), memory.add([UInt8](repeating: 0xFF, count: 4 * dstCount)))
        let program = MoveGenerator.program(schedule.descriptor, target: target)
        for part in 0..<schedule.partCount {
            var calls: [MoveArguments] = []
            schedule.forEachCall(of: part, src: from, dst: to) { calls.append($0) }
            for call in calls {
                let fields = [
                    call.src, call.dst, call.outerCount, call.columnSquareCount, call.columnTailCount,
                    call.rowSquareCount, call.rowTailCount,
                ]
                let bytes = fields.flatMap { field in (0..<8).map { UInt8(truncatingIfNeeded: field >> ($0 * 8)) } }
                let arguments = memory.add(bytes)
                var interpreter = try KernelInterpreter(program, memory: memory)
                memory = try interpreter.run(arguments: arguments)
            }
        }
        #expect(memory.bytes(at: to) == dst.byteArray, "\(move)")
    }
}

extension BoxMover {
    fileprivate func runAll(from src: Tensor, to dst: Tensor) {
        for part in 0..<partCount { run(part: part, from: src, to: dst) }
    }
}

extension BoxMove {
    /// A move from and to the first elements.
    fileprivate init(extents: [Int], dst: [Int], src: [Int]) {
        self.init(extents: extents, dst: BoxSteps(dst), src: BoxSteps(src))
    }
}
