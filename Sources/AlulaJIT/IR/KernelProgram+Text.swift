// SPDX-License-Identifier: Apache-2.0

extension KernelProgram {
    /// One step as text, with the generator's names: listing comments and dumps.
    package func text(of step: Step) -> String {
        switch step {
        case .operation(let operation): text(of: operation)
        case .loopBegin(let counter, let count): "loop \(name(of: counter)) = \(text(of: count)) … 1 {"
        case .loopEnd, .conditionEnd: "}"
        case .conditionBegin(let left, let predicate, let right):
            "if \(name(of: left)) \(predicate.rawValue) \(text(of: right)) {"
        case .otherwise: "} else {"
        }
    }

    /// One operation as text, with the generator's names.
    package func text(of operation: Operation) -> String {
        let left = operation.writes.map { name(of: $0) + " = " } ?? ""
        return left + rightSide(of: operation)
    }

    private func rightSide(of operation: Operation) -> String {
        switch operation {
        case .setInteger(_, let value): text(of: value)
        case .integer(let op, let dst, let value): "\(op.rawValue)(\(name(of: dst)), \(text(of: value)))"
        case .loadInteger(_, let memory, let byteCount): "int\(byteCount * 8) \(text(of: memory))"
        case .storeInteger(let value, let memory, _): "\(text(of: memory)) = \(name(of: value))"
        case .load(_, let memory, let type, let mask): "\(type.rawValue) \(text(of: memory))\(text(ofMask: mask))"
        case .store(let value, let memory, let type, let mask):
            "\(type.rawValue) \(text(of: memory))\(text(ofMask: mask)) = \(name(of: value))"
        case .broadcast(_, let memory, let type): "\(type.rawValue) repeated \(text(of: memory))"
        case .gather(_, let base, let indices, let scale, let mask):
            "gather [\(name(of: base)) + \(name(of: indices))*\(scale)]\(text(ofMask: mask))"
        case .prefetch(let memory, let distance): "prefetch \(distance.rawValue) \(text(of: memory))"
        case .constant(_, let bits): constantText(bits)
        case .copy(_, let src): name(of: src)
        case .laneIndex: "lane index"
        case .spread(_, let src): "spread(\(name(of: src)))"
        case .vector(let op, _, let a, let b): "\(op.rawValue)(\(name(of: a)), \(text(of: b)))"
        case .unary(let op, _, let a): "\(op.rawValue)(\(name(of: a)))"
        case .shift(let op, _, let a, let count): "shift \(op.rawValue)(\(name(of: a)), \(count))"
        case .accumulate(let negated, let dst, let a, let b):
            "\(name(of: dst)) \(negated ? "-" : "+") \(name(of: a)) * \(text(of: b))"
        case .multiplyAdd(_, let a, let b, let c): "\(name(of: a)) * \(name(of: b)) + \(text(of: c))"
        case .dotBytes(let dst, let a, let b): "\(name(of: dst)) + dot(\(name(of: a)), \(text(of: b)))"
        case .reduce(let op, _, let src): "reduce \(op.rawValue)(\(name(of: src)))"
        case .evenElements(_, let a, let b): "even elements of \(name(of: a)), \(name(of: b))"
        case .interleave(let second, _, let a, let b):
            "interleave \(second ? "second" : "first") halves of \(name(of: a)), \(name(of: b))"
        case .unpack(let op, _, let a, let b): "unpack \(op.rawValue)(\(name(of: a)), \(name(of: b)))"
        case .quarters(let odd, _, let a, let b):
            "\(odd ? "odd" : "even") quarters of \(name(of: a)), \(name(of: b))"
        case .lanesBelow(_, let count): "lanes below \(name(of: count))"
        case .compare(let predicate, _, let a, let b): "\(predicate.rawValue)(\(name(of: a)), \(text(of: b)))"
        case .mask(let op, _, let a, let b): "mask \(op.rawValue)(\(name(of: a)), \(name(of: b)))"
        case .select(_, let mask, let a, let b): "\(name(of: mask)) ? \(name(of: a)) : \(name(of: b))"
        }
    }

    private func text(of operand: IntegerOperand) -> String {
        switch operand {
        case .variable(let variable): name(of: variable)
        case .constant(let value): "\(value)"
        }
    }

    private func text(of source: VectorSource) -> String {
        switch source {
        case .variable(let variable): name(of: variable)
        case .memory(let memory): text(of: memory)
        case .repeated(let memory): "repeated \(text(of: memory))"
        case .constant(let bits): constantText(bits)
        }
    }

    private func constantText(_ bits: UInt32) -> String { "\(Float(bitPattern: bits)) (0x\(String(bits, radix: 16)))" }

    private func text(ofMask mask: Variable?) -> String { mask.map { " where \(name(of: $0))" } ?? "" }

    private func text(of memory: MemoryReference) -> String {
        let index = memory.index.map { " + \(name(of: $0))*\(memory.scale)" } ?? ""
        let displacement = memory.displacement == 0 ? "" : " + \(memory.displacement)"
        return "[\(name(of: memory.base))\(index)\(displacement)]"
    }
}
