// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86

/// The registers an emitter hands out; scratch registers are kept back for its own sequences.
struct RegisterPools: Sendable, Hashable {
    /// In order of preference. The first holds the argument address on entry (System V).
    static let integers: [GPR64] = [
        .rdi, .rsi, .rdx, .rcx, .r8, .r9, .r10, .r11, .rbx, .rbp, .r12, .r13, .r14, .r15,
    ]
    /// Registers a function must give back as it found them.
    static let preserved: Set<GPR64> = [.rbx, .rbp, .r12, .r13, .r14, .r15]
    static let integerScratch = GPR64.rax
    static let maskScratch = MaskRegister(7)

    /// Vector registers handed out: `0 ..< vectorCount`.
    let vectorCount: Int
    /// Mask registers handed out: `1 ... maskCount`; 0 where masks are vectors.
    let maskCount: Int

    /// - Parameter vectorScratchCount: vector registers the emitter's sequences need, taken from the top.
    init(target: VectorTarget, vectorScratchCount: Int) {
        vectorCount = target.vectorRegisterCount - vectorScratchCount
        maskCount = target.masksAreVectors ? 0 : target.maskRegisterCount
    }
}

/// Which hardware register every variable has: one for its whole life.
///
/// Linear scan over live intervals, lowest free register first, so equal programs get equal code. When values do not fit
/// the allocation fails by name; it never spills.
struct RegisterAllocation: Sendable {
    /// Register numbers by ``Variable/id``; for integers the hardware number.
    private var numbers: [UInt8?]
    /// Preserved registers in use, in the order they are saved.
    private(set) var savedRegisters: [GPR64] = []

    /// - Throws: ``JITError/outOfRegisters(kernel:registerClass:needed:available:position:)`` and what
    ///   ``LiveIntervals`` throws.
    init(_ program: KernelProgram, pools: RegisterPools) throws(JITError) {
        let intervals = try LiveIntervals(program).intervals
        numbers = Array(repeating: nil, count: program.variableNames.count)
        var free = FreeRegisters(pools)
        var active: [LiveInterval] = []
        for interval in intervals {
            active.removeAll { old in
                guard old.end < interval.start, let number = numbers[old.variable.id] else { return false }
                free.release(number, old.variable.kind)
                return true
            }
            guard let number = free.take(interval.variable.kind) else {
                throw Self.outOfRegisters(program, intervals, at: interval, free)
            }
            numbers[interval.variable.id] = number
            active.append(interval)
            let register = GPR64(number)
            if interval.variable.kind == .integer, RegisterPools.preserved.contains(register),
                !savedRegisters.contains(register)
            {
                savedRegisters.append(register)
            }
        }
    }

    /// The register of `variable`; nil only for a variable the program never touches.
    subscript(variable: Variable) -> UInt8? { numbers[variable.id] }

    private static func outOfRegisters(
        _ program: KernelProgram,
        _ intervals: [LiveInterval],
        at failing: LiveInterval,
        _ free: FreeRegisters
    ) -> JITError {
        let group = free.group(of: failing.variable.kind)
        let rivals = intervals.filter { free.group(of: $0.variable.kind) == group }
        let needed =
            rivals.map { rival in rivals.count { $0.start <= rival.start && rival.start <= $0.end } }.max() ?? 0
        let index = max(0, failing.start / 2)
        let place = index < program.steps.count ? program.text(of: program.steps[index]) : "entry"
        return .outOfRegisters(
            kernel: program.name,
            registerClass: group.rawValue,
            needed: needed,
            available: free.capacity(of: group),
            position: "step \(index): \(place)"
        )
    }
}

/// The registers nobody holds.
private struct FreeRegisters {
    /// Register files as the hardware has them.
    enum Group: String {
        case integer
        case vector
        case mask
    }

    private let pools: RegisterPools
    private var integers: [UInt8]
    private var vectors: [UInt8]
    private var masks: [UInt8]

    init(_ pools: RegisterPools) {
        self.pools = pools
        integers = RegisterPools.integers.map(\.number)
        vectors = (0..<pools.vectorCount).map(UInt8.init)
        masks = pools.maskCount == 0 ? [] : (1...pools.maskCount).map(UInt8.init)
    }

    /// The file a kind of variable lives in; masks are vectors where they have no file of their own.
    func group(of kind: Variable.Kind) -> Group {
        switch kind {
        case .integer: .integer
        case .vector: .vector
        case .mask: pools.maskCount == 0 ? .vector : .mask
        }
    }

    func capacity(of group: Group) -> Int {
        switch group {
        case .integer: RegisterPools.integers.count
        case .vector: pools.vectorCount
        case .mask: pools.maskCount
        }
    }

    mutating func take(_ kind: Variable.Kind) -> UInt8? {
        switch group(of: kind) {
        case .integer: integers.isEmpty ? nil : integers.removeFirst()
        case .vector: vectors.isEmpty ? nil : vectors.removeFirst()
        case .mask: masks.isEmpty ? nil : masks.removeFirst()
        }
    }

    mutating func release(_ number: UInt8, _ kind: Variable.Kind) {
        switch group(of: kind) {
        case .integer:
            integers.append(number)
            integers.sort { Self.preference($0) < Self.preference($1) }
        case .vector: Self.insert(number, into: &vectors)
        case .mask: Self.insert(number, into: &masks)
        }
    }

    private static func preference(_ number: UInt8) -> Int {
        RegisterPools.integers.firstIndex(of: GPR64(number)) ?? 0
    }

    private static func insert(_ number: UInt8, into list: inout [UInt8]) {
        list.insert(number, at: list.firstIndex { $0 > number } ?? list.endIndex)
    }
}
