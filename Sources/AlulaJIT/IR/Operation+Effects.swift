// SPDX-License-Identifier: Apache-2.0

extension Operation {
    /// The variables the operation reads, in no particular order.
    package var reads: [Variable] {
        switch self {
        case .setInteger(_, let value): value.reads
        case .integer(_, let dst, let value): [dst] + value.reads
        case .loadInteger(_, let memory, _): memory.reads
        case .storeInteger(let value, let memory, _): [value] + memory.reads
        case .load(_, let memory, _, let mask): memory.reads + [mask].compactMap(\.self)
        case .store(let value, let memory, _, let mask): [value] + memory.reads + [mask].compactMap(\.self)
        case .broadcast(_, let memory, _): memory.reads
        case .gather(_, let base, let indices, _, let mask): [base, indices] + [mask].compactMap(\.self)
        case .prefetch(let memory, _): memory.reads
        case .constant, .laneIndex: []
        case .copy(_, let src), .spread(_, let src), .unary(_, _, let src), .shift(_, _, let src, _): [src]
        case .vector(_, _, let a, let b): [a] + b.reads
        case .accumulate(_, let accumulator, let a, let b): [accumulator, a] + b.reads
        case .multiplyAdd(_, let a, let b, let c): [a, b] + c.reads
        case .dotBytes(let accumulator, let a, let b): [accumulator, a] + b.reads
        case .reduce(_, _, let src): [src]
        case .evenElements(_, let a, let b), .interleave(_, _, let a, let b), .unpack(_, _, let a, let b),
            .quarters(_, _, let a, let b):
            [a, b]
        case .lanesBelow(_, let count): [count]
        case .compare(_, _, let a, let b): [a] + b.reads
        case .mask(_, _, let a, let b): [a, b]
        case .select(_, let mask, let a, let b): [mask, a, b]
        }
    }

    /// The variable the operation writes.
    package var writes: Variable? {
        switch self {
        case .storeInteger, .store, .prefetch: nil
        case .setInteger(let dst, _), .integer(_, let dst, _), .loadInteger(let dst, _, _), .load(let dst, _, _, _),
            .broadcast(let dst, _, _), .gather(let dst, _, _, _, _), .constant(let dst, _), .copy(let dst, _),
            .laneIndex(let dst), .spread(let dst, _), .vector(_, let dst, _, _), .unary(_, let dst, _),
            .shift(_, let dst, _, _), .accumulate(_, let dst, _, _), .multiplyAdd(let dst, _, _, _),
            .dotBytes(let dst, _, _), .reduce(_, let dst, _), .evenElements(let dst, _, _),
            .interleave(_, let dst, _, _), .unpack(_, let dst, _, _), .quarters(_, let dst, _, _),
            .lanesBelow(let dst, _), .compare(_, let dst, _, _), .mask(_, let dst, _, _), .select(let dst, _, _, _):
            dst
        }
    }

    /// Whether the destination may be written before all sources are read, so that it cannot share their registers.
    package var clobbersEarly: Bool {
        switch self {
        case .gather, .evenElements, .interleave: true
        default: false
        }
    }
}

extension MemoryReference {
    /// The variables the address is made of.
    var reads: [Variable] { [base] + [index].compactMap(\.self) }
}

extension VectorSource {
    /// The variables the source is made of.
    var reads: [Variable] {
        switch self {
        case .variable(let variable): [variable]
        case .memory(let memory), .repeated(let memory): memory.reads
        case .constant: []
        }
    }
}

extension IntegerOperand {
    /// The variable, if it is one.
    var reads: [Variable] {
        switch self {
        case .variable(let variable): [variable]
        case .constant: []
        }
    }
}
