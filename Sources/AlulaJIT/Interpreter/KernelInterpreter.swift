// SPDX-License-Identifier: Apache-2.0

/// Runs a program step by step: the oracle emitters are tested against, and what runs where nothing can be emitted.
///
/// Vectors hold bit patterns; every operation gives the bits the instruction would.
package struct KernelInterpreter<Memory: KernelMemory> {
    private let program: KernelProgram
    var memory: Memory
    private var integers: [Int]
    private var vectors: [[UInt32]]
    private var masks: [[Bool]]
    /// For every opening border the step of its end (and of `otherwise`), by step.
    private let borders: Borders

    private var lanes: Int { program.lanes }

    /// - Parameter memory: what loads and stores reach.
    package init(_ program: KernelProgram, memory: Memory) throws(JITError) {
        self.program = program
        self.memory = memory
        let count = program.variableNames.count
        integers = Array(repeating: 0, count: count)
        vectors = Array(repeating: Array(repeating: 0x7FC0_0000, count: program.lanes), count: count)
        masks = Array(repeating: Array(repeating: false, count: program.lanes), count: count)
        borders = try Borders(program)
    }

    /// Runs the program once on the argument structure at `arguments` and returns the memory afterwards.
    ///
    /// - Throws: ``JITError/interpreter(kernel:reason:)`` for an access outside the memory.
    package mutating func run(arguments: Int) throws(JITError) -> Memory {
        integers[program.arguments.id] = arguments
        var index = 0
        while index < program.steps.count {
            index = try next(after: index)
        }
        return memory
    }

    /// Runs step `index` and returns the step that follows.
    private mutating func next(after index: Int) throws(JITError) -> Int {
        switch program.steps[index] {
        case .operation(let operation):
            do throws(MemoryFault) {
                try run(operation)
            } catch {
                throw .interpreter(
                    kernel: program.name,
                    reason: "step \(index) \"\(program.text(of: operation))\" reaches \(error.byteCount) bytes at "
                        + "\(error.address), outside its memory"
                )
            }
        case .loopBegin(let counter, let count):
            integers[counter.id] = value(count)
            if integers[counter.id] <= 0 { return borders.end[index] + 1 }
        case .loopEnd:
            let begin = borders.begin[index]
            guard case .loopBegin(let counter, _) = program.steps[begin] else { break }
            integers[counter.id] -= 1
            if integers[counter.id] != 0 { return begin + 1 }
        case .conditionBegin(let left, let predicate, let right):
            if !answer(integers[left.id], predicate, value(right)) {
                return (borders.otherwise[index] ?? borders.end[index]) + 1
            }
        case .otherwise: return borders.end[borders.begin[index]] + 1
        case .conditionEnd: break
        }
        return index + 1
    }

    private func answer(_ left: Int, _ predicate: IntegerPredicate, _ right: Int) -> Bool {
        switch predicate {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }

    // MARK: Operands

    private func value(_ operand: IntegerOperand) -> Int {
        switch operand {
        case .variable(let variable): integers[variable.id]
        case .constant(let number): number
        }
    }

    private func address(_ reference: MemoryReference) -> Int {
        let index = reference.index.map { integers[$0.id] &* reference.scale } ?? 0
        return integers[reference.base.id] &+ index &+ reference.displacement
    }

    private func elements(_ source: VectorSource) throws(MemoryFault) -> [UInt32] {
        switch source {
        case .variable(let variable): return vectors[variable.id]
        case .constant(let bits): return Array(repeating: bits, count: lanes)
        case .repeated(let reference):
            let bits = UInt32(truncatingIfNeeded: try memory.load(address(reference), byteCount: 4))
            return Array(repeating: bits, count: lanes)
        case .memory(let reference): return try load(address(reference), .word, nil)
        }
    }

    private func load(_ address: Int, _ type: ElementType, _ mask: Variable?) throws(MemoryFault) -> [UInt32] {
        var result = [UInt32](repeating: 0, count: lanes)
        for lane in 0..<lanes where mask.map({ masks[$0.id][lane] }) ?? true {
            let bits = try memory.load(address + lane * type.byteCount, byteCount: type.byteCount)
            result[lane] = LaneArithmetic.widen(bits, type)
        }
        return result
    }

    private mutating func store(
        _ value: [UInt32],
        _ address: Int,
        _ type: ElementType,
        _ mask: Variable?
    ) throws(MemoryFault) {
        for lane in 0..<lanes where mask.map({ masks[$0.id][lane] }) ?? true {
            let bits = LaneArithmetic.narrow(value[lane], type)
            try memory.store(bits, address + lane * type.byteCount, byteCount: type.byteCount)
        }
    }

    // MARK: Operations

    private mutating func run(_ operation: Operation) throws(MemoryFault) {
        switch operation {
        case .setInteger(let dst, let operand): integers[dst.id] = value(operand)
        case .integer(let op, let dst, let operand):
            integers[dst.id] = LaneArithmetic.apply(op, integers[dst.id], value(operand))
        case .loadInteger(let dst, let reference, let byteCount):
            let bits = try memory.load(address(reference), byteCount: byteCount)
            integers[dst.id] =
                byteCount == 4 ? Int(Int32(truncatingIfNeeded: bits)) : Int(truncatingIfNeeded: bits)
        case .storeInteger(let src, let reference, let byteCount):
            try memory.store(
                UInt64(bitPattern: Int64(integers[src.id])),
                address(reference),
                byteCount: byteCount
            )
        case .prefetch: break
        case .load(let dst, let reference, let type, let mask):
            vectors[dst.id] = try load(address(reference), type, mask)
        case .store(let src, let reference, let type, let mask):
            try store(vectors[src.id], address(reference), type, mask)
        case .broadcast(let dst, let reference, let type):
            let bits = try memory.load(address(reference), byteCount: type.byteCount)
            vectors[dst.id] = Array(repeating: LaneArithmetic.widen(bits, type), count: lanes)
        case .gather(let dst, let base, let indices, let scale, let mask):
            try gather(dst, base, indices, scale, mask)
        case .lanesBelow(let dst, let count):
            masks[dst.id] = (0..<lanes).map { $0 < integers[count.id] }
        case .mask(let op, let dst, let a, let b):
            masks[dst.id] = (0..<lanes).map { LaneArithmetic.apply(op, masks[a.id][$0], masks[b.id][$0]) }
        case .compare(let predicate, let dst, let a, let b):
            let right = try elements(b)
            masks[dst.id] = (0..<lanes).map { LaneArithmetic.answer(predicate, vectors[a.id][$0], right[$0]) }
        default: try runLanewise(operation)
        }
    }

    private mutating func gather(
        _ dst: Variable,
        _ base: Variable,
        _ indices: Variable,
        _ scale: Int,
        _ mask: Variable?
    ) throws(MemoryFault) {
        var result = [UInt32](repeating: 0, count: lanes)
        for lane in 0..<lanes where mask.map({ masks[$0.id][lane] }) ?? true {
            let offset = Int(Int32(bitPattern: vectors[indices.id][lane])) * scale
            result[lane] = UInt32(truncatingIfNeeded: try memory.load(integers[base.id] + offset, byteCount: 4))
        }
        vectors[dst.id] = result
    }

    private mutating func runLanewise(_ operation: Operation) throws(MemoryFault) {
        switch operation {
        case .constant(let dst, let bits): vectors[dst.id] = Array(repeating: bits, count: lanes)
        case .copy(let dst, let src): vectors[dst.id] = vectors[src.id]
        case .laneIndex(let dst): vectors[dst.id] = (0..<UInt32(lanes)).map(\.self)
        case .spread(let dst, let src):
            vectors[dst.id] = Array(repeating: UInt32(truncatingIfNeeded: integers[src.id]), count: lanes)
        case .vector(let op, let dst, let a, let b):
            let right = try elements(b)
            vectors[dst.id] = (0..<lanes).map { LaneArithmetic.apply(op, vectors[a.id][$0], right[$0]) }
        case .unary(let op, let dst, let a):
            vectors[dst.id] = vectors[a.id].map { LaneArithmetic.apply(op, $0) }
        case .shift(let op, let dst, let a, let count):
            vectors[dst.id] = vectors[a.id].map { LaneArithmetic.shift(op, $0, count) }
        case .accumulate(let negated, let dst, let a, let b):
            let right = try elements(b)
            vectors[dst.id] = (0..<lanes).map { lane in
                let factor = vectors[a.id][lane] ^ (negated ? 0x8000_0000 : 0)
                return LaneArithmetic.multiplyAdd(factor, right[lane], vectors[dst.id][lane])
            }
        case .multiplyAdd(let dst, let a, let b, let c):
            let addend = try elements(c)
            vectors[dst.id] = (0..<lanes).map { lane in
                LaneArithmetic.multiplyAdd(vectors[a.id][lane], vectors[b.id][lane], addend[lane])
            }
        case .dotBytes(let dst, let a, let b):
            let right = try elements(b)
            vectors[dst.id] = (0..<lanes).map { lane in
                LaneArithmetic.dotBytes(vectors[dst.id][lane], vectors[a.id][lane], right[lane])
            }
        case .evenElements(let dst, let a, let b):
            let both = vectors[a.id] + vectors[b.id]
            vectors[dst.id] = (0..<lanes).map { both[2 * $0] }
        case .interleave(let second, let dst, let a, let b):
            let first = second ? lanes / 2 : 0
            vectors[dst.id] = (0..<lanes).map { vectors[($0 % 2 == 0 ? a : b).id][first + $0 / 2] }
        case .unpack(let op, let dst, let a, let b):
            vectors[dst.id] = (0..<lanes).map { lane in
                let source = op.sources[lane % 4]
                return vectors[(source.isSecond ? b : a).id][lane / 4 * 4 + source.element]
            }
        case .quarters(let odd, let dst, let a, let b):
            let both = vectors[a.id] + vectors[b.id]
            vectors[dst.id] = (0..<lanes).map { both[$0 / 4 * 8 + (odd ? 4 : 0) + $0 % 4] }
        case .reduce(let op, let dst, let src): reduce(op, dst, src)
        case .select(let dst, let mask, let a, let b):
            vectors[dst.id] = (0..<lanes).map { masks[mask.id][$0] ? vectors[a.id][$0] : vectors[b.id][$0] }
        default: break
        }
    }

    private mutating func reduce(_ op: ReductionOperator, _ dst: Variable, _ src: Variable) {
        var current = vectors[src.id]
        var distance = lanes / 2
        while distance > 0 {
            let before = current
            current = (0..<lanes).map { LaneArithmetic.apply(op.lanewise, before[$0], before[$0 ^ distance]) }
            distance /= 2
        }
        vectors[dst.id] = current
    }
}

/// Which steps open and close what.
private struct Borders {
    /// By opening step: the step that closes it.
    var end: [Int]
    /// By closing or `otherwise` step: the step that opened it.
    var begin: [Int]
    /// By opening step of a condition: its `otherwise`.
    var otherwise: [Int?]

    init(_ program: KernelProgram) throws(JITError) {
        let count = program.steps.count
        end = Array(repeating: 0, count: count)
        begin = Array(repeating: 0, count: count)
        otherwise = Array(repeating: nil, count: count)
        var open: [Int] = []
        for (index, step) in program.steps.enumerated() {
            switch step {
            case .operation: break
            case .loopBegin, .conditionBegin: open.append(index)
            case .otherwise:
                guard let start = open.last else {
                    throw .invalidProgram(kernel: program.name, reason: "step \(index) is outside a condition")
                }
                otherwise[start] = index
                begin[index] = start
            case .loopEnd, .conditionEnd:
                guard let start = open.popLast() else {
                    throw .invalidProgram(kernel: program.name, reason: "step \(index) closes nothing")
                }
                end[start] = index
                begin[index] = start
            }
        }
    }
}
