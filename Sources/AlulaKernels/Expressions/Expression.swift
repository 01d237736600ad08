// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// A chain of elementwise operators over operands that broadcast to one shape: what an ``ExpressionKernel`` computes in
/// one pass over memory.
///
/// The value starts as ``operands``[0] and goes through the stages of ``epilogue``, whose operands name places in
/// ``operands``.
struct Expression: Sendable {
    /// What lies in memory and broadcasts to the result's shape.
    struct Operand: Hashable, Sendable {
        var source: Source
        /// As stored, with the rank of the expression's shape or less.
        var shape: Shape
        /// Words are floats, bytes are bools.
        var element = ElementType.word
    }

    /// Where an operand comes from.
    enum Source: Hashable, Sendable {
        /// An input of the node.
        case input(Int)
        /// A tensor made when the kernel is prepared.
        case packed(Int)
    }

    var operands: [Operand] = []
    var epilogue = Epilogue()
    /// The result's shape as stored.
    var shape: Shape
    /// Bytes for bool results.
    var dstElement = ElementType.word

    /// The expression of an elementwise operator, alone or with fused stages; nil when an operator has no code or a type
    /// is not `float32` (conditions and comparisons: bool).
    init?(_ problem: KernelProblem) {
        guard let output = problem.outputs.first, output.shape.elementCount > 0,
            problem.inputs.count <= KernelOperands.inputLimit
        else { return nil }
        shape = output.shape
        let fused = problem.operation as? Fused
        let producer = fused?.producer ?? problem.operation
        let count = fused?.producerInputCount ?? problem.inputs.count
        guard output.dataType == .float32 || output.dataType == .bool && producer is any ComparisonOperator else {
            return nil
        }
        dstElement = output.dataType == .bool ? .uint8 : .word
        guard start(producer, inputCount: count, problem) else { return nil }
        for stage in fused?.stages ?? [] {
            guard append(stage.operation, stage.operandInput, isReversed: stage.isReversed, problem) else { return nil }
        }
        guard operands.count <= ExpressionArguments.operandLimit else { return nil }
    }

    // MARK: Building

    /// Makes the producer the start of the chain and its first stages; false when it is not elementwise.
    private mutating func start(_ producer: any Operator, inputCount: Int, _ problem: KernelProblem) -> Bool {
        switch producer {
        case is Identity where inputCount == 1, is Expand where inputCount == 2: return begin(0, problem)
        case is Add, is Sub, is Mul, is Div,
            is Max where inputCount == 2, is Min where inputCount == 2,
            is any ComparisonOperator:
            guard inputCount == 2 else { return false }
            // A number comes second, where it costs nothing.
            let first = number(0, problem) == nil ? 0 : 1
            return begin(first, problem) && append(producer, 1 - first, isReversed: first == 1, problem)
        case is PRelu, is Pow:
            return inputCount == 2 && begin(0, problem) && append(producer, 1, problem)
        case is Sum, is Mean, is Max, is Min:
            guard begin(0, problem), (1..<max(inputCount, 1)).allSatisfy({ append(fold(producer), $0, problem) }) else {
                return false
            }
            guard producer is Mean else { return true }
            let divisor = Epilogue.Operand(input: -1, extent: .number(Float(inputCount)))
            return epilogue.append(Div(), divisor)
        case is Where:
            return inputCount == 3 && begin(1, problem) && select(condition: 0, otherwise: 2, problem)
        default:
            return inputCount == 1 && begin(0, problem) && append(producer, nil, problem)
        }
    }

    /// The step of a fold.
    private func fold(_ producer: any Operator) -> any Operator { producer is Mean ? Sum() : producer }

    private mutating func begin(_ input: Int, _ problem: KernelProblem) -> Bool {
        guard let operand = operand(input, of: Identity(), problem) else { return false }
        operands = [operand]
        return true
    }

    private mutating func append(
        _ operation: any Operator,
        _ input: Int?,
        isReversed: Bool = false,
        _ problem: KernelProblem
    ) -> Bool {
        guard let input else {
            guard let function = VectorFunction(operation) else { return false }
            if function != .identity { epilogue.stages.append(.function(function)) }
            return true
        }
        if let number = number(input, problem) {
            return epilogue.append(operation, isReversed: isReversed, .init(input: -1, extent: .number(number)))
        }
        guard let operand = operand(input, of: operation, problem) else { return false }
        return epilogue.append(operation, isReversed: isReversed, .init(input: position(operand), extent: .full))
    }

    private mutating func select(condition: Int, otherwise: Int, _ problem: KernelProblem) -> Bool {
        guard let chosen = operand(condition, of: Identity(), type: .bool, problem) else { return false }
        let place = epilogue.number(of: .init(input: position(chosen), extent: .full))
        let other: Int
        if let number = number(otherwise, problem) {
            other = epilogue.number(of: .init(input: -1, extent: .number(number)))
        } else {
            guard let operand = operand(otherwise, of: Identity(), problem) else { return false }
            other = epilogue.number(of: .init(input: position(operand), extent: .full))
        }
        epilogue.stages.append(.select(condition: place, otherwise: other, keepsWhereTrue: true))
        return true
    }

    // MARK: Operands

    private func operand(
        _ input: Int,
        of operation: any Operator,
        type dataType: DataType = .float32,
        _ problem: KernelProblem
    ) -> Operand? {
        guard problem.inputs.indices.contains(input), let type = problem.inputs[input], type.dataType == dataType,
            let shape = Epilogue.operandShape(type.shape, of: operation, output: self.shape)
        else { return nil }
        return Operand(source: .input(input), shape: shape, element: dataType == .bool ? .uint8 : .word)
    }

    /// Where `operand` lies in ``operands``; it is added unless it is there.
    mutating func position(_ operand: Operand) -> Int {
        if let known = operands.firstIndex(of: operand) { return known }
        operands.append(operand)
        return operands.count - 1
    }

    /// The number an input is, if it is one and known beforehand.
    private func number(_ input: Int, _ problem: KernelProblem) -> Float? {
        guard problem.inputs.indices.contains(input), let type = problem.inputs[input], type.dataType == .float32,
            type.shape.elementCount == 1
        else { return nil }
        return Epilogue.number(problem.constants, input)
    }
}
