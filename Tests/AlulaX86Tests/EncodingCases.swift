// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86

/// Enumerates instructions to encode: every row of every table over operand classes.
///
/// The text of these instructions is what `Tools/regenerate-encodings.sh` gives to an independent assembler.
struct EncodingCases {
    /// Register numbers, one per operand: low, high, mixed.
    private static let vexNumbers: [[UInt8]] = [[1, 2, 3, 4], [9, 10, 11, 12], [1, 10, 3, 12], [14, 5, 6, 13]]
    private static let evexNumbers: [[UInt8]] = [[1, 2, 3, 4], [17, 18, 19, 20], [9, 26, 11, 22], [30, 5, 22, 14]]
    private static let generalNumbers: [[UInt8]] = [[0, 1, 2, 3], [8, 9, 10, 11], [5, 12, 4, 7], [15, 6, 13, 0]]
    private static let maskNumbers: [[UInt8]] = [[1, 2, 3, 4], [5, 6, 7, 1], [0, 3, 2, 6], [4, 1, 0, 7]]

    /// Forms that see every address; the others see four in turn.
    private static let exhaustive: Set<String> = [
        "vmovups", "vaddps", "vfmadd231ps", "vpbroadcastd", "mov", "vpmovsxbd",
    ]

    private var instructions: [Instruction] = []
    private var turn = 0

    /// The cases of one table, without duplicates.
    static func all(_ forms: [InstructionForm]) -> [Instruction] {
        var cases = EncodingCases()
        for form in forms {
            for encoding in form.encodings { cases.add(form, encoding) }
        }
        var seen: Set<String> = []
        return cases.instructions.filter { seen.insert($0.intelText(encoding: nil) + "\($0.operands)").inserted }
    }

    private mutating func add(_ form: InstructionForm, _ encoding: Encoding) {
        switch encoding.space {
        case .legacy:
            add(form, encoding, .bits128, Self.generalNumbers, isEVEX: false)
        case .vector(let vex, let evex):
            for length in Self.lengths(encoding) {
                if vex != nil && length != .bits512 {
                    add(form, encoding, length, Self.vexNumbers, isEVEX: false)
                }
                if evex != nil { add(form, encoding, length, Self.evexNumbers, isEVEX: true) }
            }
        }
    }

    /// The lengths that tell encodings of a row apart.
    private static func lengths(_ encoding: Encoding) -> [VectorLength] {
        let depends = encoding.operands.contains { spec in
            if case .gather = spec.memory { return true }
            return [.full, .half, .quarter, .eighth].contains(spec.register)
        }
        return depends ? encoding.lengths.sorted() : [.bits128]
    }

    private mutating func add(
        _ form: InstructionForm,
        _ encoding: Encoding,
        _ length: VectorLength,
        _ numbers: [[UInt8]],
        isEVEX: Bool
    ) {
        let hasRegisterForm = encoding.operands.allSatisfy { $0.register != nil || !$0.isMemory }
        if hasRegisterForm {
            for variant in numbers.indices {
                let registers = operands(encoding, length, numbers[variant], variant, memory: nil)
                add(form, registers, encoding, variant, isEVEX: isEVEX)
            }
        }
        guard encoding.operands.contains(where: \.isMemory) else { return }
        for (index, address) in addresses(form, encoding, length, isEVEX: isEVEX).enumerated() {
            let variant = (index + turn) % numbers.count
            let memory = operands(encoding, length, numbers[variant], variant, memory: { .memory(address) })
            add(form, memory, encoding, index, isEVEX: isEVEX)
            guard isEVEX, let element = encoding.tuple.broadcastByteCount, index < 3 else { continue }
            var broadcast = address
            if broadcast.displacement != 0 { broadcast.displacement = [127, -128, 128][index] * element }
            let repeated = operands(encoding, length, numbers[variant], variant, memory: { .broadcast(broadcast) })
            add(form, repeated, encoding, index, isEVEX: isEVEX)
        }
        turn += 1
    }

    /// Adds the instruction, by turns plain, with EVEX asked for, and with the masks its row allows.
    private mutating func add(
        _ form: InstructionForm,
        _ operands: [Operand],
        _ encoding: Encoding,
        _ variant: Int,
        isEVEX: Bool
    ) {
        var instruction = Instruction(form: form, operands: operands)
        if isEVEX {
            let mask = MaskRegister(UInt8(variant % 7 + 1))
            let isStore = if case .memory = operands.first { true } else { false }
            switch (encoding.masking, variant % 4) {
            case (.required, _): instruction.mask = .merging(mask)
            case (.none, _), (_, 0): if encoding.hasVEX { instruction.prefersEVEX = true }
            case (.any, 2) where !isStore: instruction.mask = .zeroing(mask)
            case (_, 1), (_, 2): instruction.mask = .merging(mask)
            default: break
            }
        }
        instructions.append(instruction)
    }

    private func operands(
        _ encoding: Encoding,
        _ length: VectorLength,
        _ numbers: [UInt8],
        _ variant: Int,
        memory: (() -> Operand)?
    ) -> [Operand] {
        encoding.operands.enumerated().map { position, spec in
            if spec.isMemory, let memory {
                guard case .gather = spec.memory, case .memory(var address) = memory() else { return memory() }
                address.index = .vector(length, numbers[position])
                return .memory(address)
            }
            switch spec.slot {
            case .constant(let value): return .immediate(value)
            case .immediate(1):
                let values: [Int64] = encoding.hasSignedImmediate ? [5, -128, 127, -1] : [0, 1, 0x5A, 255]
                return .immediate(values[variant])
            case .immediate(4): return .immediate([0x1234_5678, -2_000_000, 128, -129][variant])
            case .immediate: return .immediate([0x1234_5678_9ABC_DEF0, -0x1234_5678_9ABC, 1 << 40, .min][variant])
            default: return register(spec, length, numbers[position], Self.maskNumbers[variant][position], variant)
            }
        }
    }

    private func register(
        _ spec: OperandSpec,
        _ length: VectorLength,
        _ number: UInt8,
        _ maskNumber: UInt8,
        _ variant: Int
    ) -> Operand {
        switch spec.register {
        case .full: .vector(length, number)
        case .half: .vector(length.narrowed(by: 2), number)
        case .quarter: .vector(length.narrowed(by: 4), number)
        case .eighth: .vector(length.narrowed(by: 8), number)
        case .xmm: .vector(.bits128, number)
        case .mask: .mask(maskNumber)
        case .general(let width): .general(width, number % 16)
        case .accumulator(let width): .general(width, 0)
        case .count: .general(.bits8, 1)
        case nil: .immediate(0)
        }
    }

    private func addresses(
        _ form: InstructionForm,
        _ encoding: Encoding,
        _ length: VectorLength,
        isEVEX: Bool
    ) -> [Address] {
        let unit = isEVEX ? encoding.displacementUnit(length) : 1
        var all = Self.addresses(unit: unit)
        if encoding.operands.contains(where: { if case .gather = $0.memory { true } else { false } }) {
            all = all.filter { if case .register = $0.base { true } else { false } }
        }
        if Self.exhaustive.contains(form.mnemonic) { return all }
        return (0..<4).map { all[(turn * 5 + $0 * 3) % all.count] }
    }

    /// One address per shape of ModRM, SIB and displacement; `unit` scales the edges of 8-bit displacements.
    private static func addresses(unit: Int) -> [Address] {
        [
            Memory(.rax), Memory(.rbp), Memory(.r13), Memory(.rsp), Memory(.r12),
            Memory(.rcx, 127 * unit), Memory(.r9, -128 * unit), Memory(.rdx, 128 * unit), Memory(.r15, -129 * unit),
            Memory(.rsi, 0x1234), Memory(.r12, 8 * unit), Memory(.rsp, -64 * unit), Memory(.rdi, unit + 1),
            Memory(.rax, index: .rcx), Memory(.r8, index: .r9, scale: .four, 2 * unit),
            Memory(.rbp, index: .r12, scale: .eight), Memory(.r13, index: .rbp, scale: .two, -0x8000),
            Memory(index: .r10, scale: .four, 0x100), Memory(index: .rsi, scale: .eight),
            Memory(instructionPointerPlus: 0x40), Memory(instructionPointerPlus: -0x1000),
        ].map(\.address)
    }
}

extension OperandSpec {
    /// Whether memory may stand here.
    fileprivate var isMemory: Bool { memory != .none }
}

extension Encoding {
    /// The unit of 8-bit displacements, without broadcast.
    fileprivate func displacementUnit(_ length: VectorLength) -> Int {
        if case .selected(let element) = tuple { return element }
        return tuple.byteCount(length: length, isBroadcast: false)
    }

    /// Whether the row exists in VEX too.
    fileprivate var hasVEX: Bool { if case .vector(.some, _) = space { true } else { false } }
}

extension Instruction {
    /// The instruction as the listing prints it, memory sizes included.
    func listingText() throws(EncodingError) -> String { intelText(encoding: try selectEncoding()) }
}
