// SPDX-License-Identifier: Apache-2.0

package import AlulaGraph
package import AlulaOperators
package import AlulaTensor

/// Runs a graph node by node with the operators' scalar definitions: the oracle for builder, engine and kernels.
///
/// Every shape rule sees the content of all inputs, so data-dependent shapes need no special care.
package struct GraphInterpreter {
    private let graph: Graph
    /// For each node in order, the values nobody reads after it.
    private let lastUses: [[Graph.ValueID]]

    private let elementCountLimit: Int

    /// An interpreter of `graph`, which gives up on tensors of more than `elementCountLimit` elements.
    package init(_ graph: Graph, elementCountLimit: Int = .max) {
        self.graph = graph
        self.elementCountLimit = elementCountLimit
        var lastUse: [Graph.ValueID: Int] = [:]
        for (index, id) in graph.nodes.enumerated() {
            for value in graph[id].inputs + graph[id].outputs {
                if let value { lastUse[value] = index }
            }
        }
        for value in graph.outputs { lastUse[value] = nil }
        var lists = [[Graph.ValueID]](repeating: [], count: graph.nodes.count)
        for (value, index) in lastUse { lists[index].append(value) }
        lastUses = lists
    }

    /// Computes the graph's outputs, in order, from its inputs, in order.
    ///
    /// - Throws: ``InterpreterError``.
    package func run(_ inputs: [Tensor]) throws(InterpreterError) -> [Tensor] {
        var tensors = try bind(inputs)
        for (index, id) in graph.nodes.enumerated() {
            let node = graph[id]
            let outputs = try run(node, inputs: node.inputs.map { $0.flatMap { tensors[$0] ?? graph[$0].constant } })
            for (value, tensor) in zip(node.outputs, outputs) {
                if let value, let tensor { tensors[value] = tensor }
            }
            for value in lastUses[index] { tensors[value] = nil }
        }
        var results: [Tensor] = []
        for value in graph.outputs {
            guard let tensor = tensors[value] ?? graph[value].constant else {
                throw .noValue(name: graph[value].name)
            }
            results.append(tensor)
        }
        return results
    }

    private func bind(_ inputs: [Tensor]) throws(InterpreterError) -> [Graph.ValueID: Tensor] {
        guard inputs.count == graph.inputs.count else {
            throw .inputCount(got: inputs.count, expected: graph.inputs.count)
        }
        var tensors: [Graph.ValueID: Tensor] = [:]
        for (value, tensor) in zip(graph.inputs, inputs) {
            guard let dataType = graph[value].dataType, dataType == tensor.dataType else {
                let expected = graph[value].dataType.map { "\($0)" } ?? "a declared type"
                throw .inputType(name: graph[value].name, got: tensor.type, expected: expected)
            }
            if let dimensions = graph[value].dimensions {
                let fits =
                    dimensions.count == tensor.shape.rank
                    && zip(dimensions, tensor.shape).allSatisfy { $0.extent == nil || $0.extent == $1 }
                guard fits else {
                    throw .inputType(name: graph[value].name, got: tensor.type, expected: "\(dimensions)")
                }
            }
            tensors[value] = tensor
        }
        return tensors
    }

    private func run(_ node: Graph.Node, inputs: [Tensor?]) throws(InterpreterError) -> [Tensor?] {
        do {
            let types = try node.operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
            guard node.outputs.count <= types.count else {
                throw InterpreterError.outputCount(node: node.name, got: node.outputs.count, expected: types.count)
            }
            guard types.allSatisfy({ $0.shape.elementCount <= elementCountLimit }) else {
                throw InterpreterError.tooLarge(node: node.name, types: types)
            }
            let outputs = zip(node.outputs, types).map { output, type in
                output.map { _ in Tensor(zeros: type.dataType, shape: type.shape) }
            }
            try node.operation.evaluate(inputs, into: outputs)
            return outputs
        } catch let error as OperatorError {
            throw .operatorRefused(node: node.name, operator: node.operation.name, error: error)
        } catch let error as InterpreterError {
            throw error
        } catch {
            throw .noValue(name: "\(node.name): \(error)")
        }
    }
}

/// Why a graph could not be interpreted.
@nonexhaustive
package enum InterpreterError: Error, Sendable, Equatable {
    /// Too few or too many inputs were given.
    case inputCount(got: Int, expected: Int)
    /// An input has another data type or shape than declared.
    case inputType(name: String, got: TensorType, expected: String)
    /// A node has more outputs than its operator.
    case outputCount(node: String, got: Int, expected: Int)
    /// An operator refused its inputs.
    case operatorRefused(node: String, operator: String, error: OperatorError)
    /// An output exceeds the interpreter's limit.
    case tooLarge(node: String, types: [TensorType])
    /// A network output that no node made.
    case noValue(name: String)
}

extension InterpreterError: CustomStringConvertible {
    /// What, where, got, expected.
    package var description: String {
        switch self {
        case .inputCount(let got, let expected): "network inputs: got \(got), expected \(expected)"
        case .inputType(let name, let got, let expected): "input '\(name)': got \(got), expected \(expected)"
        case .outputCount(let node, let got, let expected): "node '\(node)': got \(got) outputs, expected \(expected)"
        case .operatorRefused(let node, _, let error): "node '\(node)': \(error)"
        case .tooLarge(let node, let types): "node '\(node)': outputs \(types) are too large to interpret"
        case .noValue(let name): "output '\(name)' has no value"
        }
    }
}
