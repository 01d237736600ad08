// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// A producer followed by elementwise stages on its first output, made by the builder's fusion passes.
///
/// `dst = stageₙ(…stage₁(producer(src)))`. Stage operands that are tensors (the residual of an addition, say) follow the
/// producer's inputs. The scalar definition runs producer and stages one after the other; kernels run the stages on
/// values that have not left the core yet.
public struct Fused: Operator {
    /// `Alula.Fused`; not an ONNX operator.
    public static let name = "Alula.Fused"

    /// One stage after the producer.
    public struct Stage: Sendable {
        /// An ``ElementwiseOperator``, or a two-operand broadcasting operator such as `Add`.
        public var operation: any Operator
        /// For two-operand stages: index, among all inputs of the fused node, of the second operand. It must broadcast
        /// to the producer's output shape.
        public var operandInput: Int?
        /// Whether the running value is the *second* operand, for `Sub` and `Div`.
        public var isReversed: Bool

        /// A stage; leave `operandInput` out for elementwise operators of one operand.
        public init(_ operation: any Operator, operandInput: Int? = nil, isReversed: Bool = false) {
            self.operation = operation
            self.operandInput = operandInput
            self.isReversed = isReversed
        }
    }

    /// What makes the value the stages work on.
    public var producer: any Operator
    /// How many of the node's inputs belong to the producer.
    public var producerInputCount: Int
    /// The stages, in order.
    public var stages: [Stage]

    /// A fused operator.
    public init(producer: any Operator, producerInputCount: Int, stages: [Stage]) {
        self.producer = producer
        self.producerInputCount = producerInputCount
        self.stages = stages
    }

    /// Always throws: nested operators need a registry, which ``OperatorRegistry/makeOperator(_:)`` supplies.
    public init(attributes: Attributes) throws(OperatorError) { throw .unknownOperator(name: Self.name) }

    init(attributes: Attributes, registry: OperatorRegistry) throws(OperatorError) {
        guard case .operators(let nested)? = attributes["operators"], let first = nested.first else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "operators",
                got: "none",
                expected: "a producer and its stages"
            )
        }
        let operands = try attributes.integers("operandInputs", for: Self.name)
        let reversed = try attributes.integers("reversed", for: Self.name)
        guard operands.count == nested.count - 1, reversed.count == nested.count - 1,
            !nested.contains(where: { $0.name == Self.name })
        else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "operandInputs",
                got: "\(operands.count) entries",
                expected: "one a stage (\(nested.count - 1)), none of them fused itself"
            )
        }
        producer = try registry.makeOperator(first)
        producerInputCount = try attributes.integer("producerInputCount", for: Self.name)
        stages = []
        for (index, description) in nested.dropFirst().enumerated() {
            let operand = operands[index]
            stages.append(
                Stage(
                    try registry.makeOperator(description),
                    operandInput: operand < 0 ? nil : operand,
                    isReversed: reversed[index] != 0
                )
            )
        }
    }

    /// Nested operators with their operand indices; -1 marks a stage without a second operand.
    public var attributes: Attributes {
        [
            "operators": .operators([producer.described] + stages.map(\.operation.described)),
            "producerInputCount": .integer(producerInputCount),
            "operandInputs": .integers(stages.map { $0.operandInput ?? -1 }),
            "reversed": .integers(stages.map { $0.isReversed ? 1 : 0 }),
        ]
    }

    /// The producer's outputs; stages keep type and shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        guard (0...inputs.count).contains(producerInputCount) else {
            throw .inputCount(operator: Self.name, got: inputs.count, expected: "\(producerInputCount) or more")
        }
        let outputs = try producer.inferOutputs(Array(inputs.prefix(producerInputCount)))
        guard let running = outputs.first else {
            throw .inputCount(operator: Self.name, got: 0, expected: "a producer with an output")
        }
        for stage in stages {
            let operands = try stageInputs(stage, running: OperatorInput(running), inputs: inputs)
            let result = try stage.operation.inferOutputs(operands)
            guard result.first == running else {
                throw .shapeMismatch(
                    operator: Self.name,
                    input: stage.operandInput ?? 0,
                    got: result.first?.shape ?? .scalar,
                    expected: "a \(stage.operation.name) stage that keeps \(running)"
                )
            }
        }
        return outputs
    }

    private func stageInputs(
        _ stage: Stage,
        running: OperatorInput,
        inputs: [OperatorInput?]
    ) throws(OperatorError) -> [OperatorInput?] {
        guard let index = stage.operandInput else { return [running] }
        guard (0..<inputs.count).contains(index), let operand = inputs[index] else {
            throw .inputCount(operator: Self.name, got: inputs.count, expected: "operand input \(index)")
        }
        return stage.isReversed ? [operand, running] : [running, operand]
    }

    /// Runs the producer, then each stage on a copy of the running value.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        try producer.evaluate(Array(inputs.prefix(producerInputCount)), into: outputs)
        guard let dst = outputs.first ?? nil else { return }
        for stage in stages {
            let running = Tensor(uninitialized: dst.dataType, shape: dst.shape)
            running.copyElements(from: dst)
            guard let index = stage.operandInput else {
                try stage.operation.evaluate([running], into: [dst])
                continue
            }
            guard (0..<inputs.count).contains(index), let operand = inputs[index] else {
                throw .inputCount(operator: Self.name, got: inputs.count, expected: "operand input \(index)")
            }
            try stage.operation.evaluate(stage.isReversed ? [operand, running] : [running, operand], into: [dst])
        }
    }

    /// The producer's operations and one a stage and element.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        let elements = outputs.first?.shape.elementCount ?? 0
        return producer.floatingPointOperations(inputs: Array(inputs.prefix(producerInputCount)), outputs: outputs)
            + stages.count * elements
    }
}

extension Operator {
    /// Name and parameters.
    public var described: OperatorDescription { OperatorDescription(name: Self.name, attributes: attributes) }
}
