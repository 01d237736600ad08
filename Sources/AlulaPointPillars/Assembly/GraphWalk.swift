// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Follows a graph from its inputs: types of all values, and their content where it is known.
struct GraphWalk {
    /// What is known of each value so far.
    private(set) var values: [Graph.ValueID: OperatorInput]
    /// Values of at most this many elements are computed when all their inputs are known.
    private let elementCountLimit: Int

    /// Content that types depend on (shapes to reshape to, axes) is far smaller.
    private static let shapeArithmeticLimit = 4096

    /// A walk that knows these inputs.
    ///
    /// - Parameter isComputing: whether every value is computed, with the operators' scalar definitions; else only those that
    ///   types may depend on.
    init(_ inputs: [Graph.ValueID: OperatorInput], isComputing: Bool) {
        values = inputs
        elementCountLimit = isComputing ? .max : Self.shapeArithmeticLimit
    }

    /// Visits every node that `wanted` follows from.
    ///
    /// - Throws: what the first operator that refuses its inputs throws, with the node's name; nodes whose inputs are not all
    ///   known are skipped.
    mutating func visit(_ graph: Graph, for wanted: [Graph.ValueID]) throws(GraphWalkError) {
        let needed = graph.ancestors(of: wanted, stoppingAt: Set(values.keys))
        for id in graph.nodes where needed.contains(id) { try visit(graph[id], graph) }
    }

    private mutating func visit(_ node: Graph.Node, _ graph: Graph) throws(GraphWalkError) {
        var inputs: [OperatorInput?] = []
        for input in node.inputs {
            guard let input else {
                inputs.append(nil)
                continue
            }
            guard let known = values[input] ?? graph[input].constant.map({ OperatorInput($0) }) else { return }
            inputs.append(known)
        }
        do {
            let types = try node.operation.inferOutputs(inputs)
            let contents = try contents(node, inputs, types)
            for (index, output) in node.outputs.enumerated() where index < types.count {
                if let output { values[output] = OperatorInput(types[index], value: contents?[index]) }
            }
        } catch .valueRequired {
            return
        } catch {
            throw GraphWalkError(node: node.name, error: error)
        }
    }

    private func contents(
        _ node: Graph.Node,
        _ inputs: [OperatorInput?],
        _ types: [TensorType]
    ) throws(OperatorError) -> [Tensor]? {
        if let known = try node.operation.outputsKnownFromTypes(inputs) { return known }
        guard inputs.allSatisfy({ $0.map { $0.value != nil } ?? true }),
            types.allSatisfy({ $0.shape.elementCount <= elementCountLimit })
        else { return nil }
        let outputs = types.map { Tensor(zeros: $0.dataType, shape: $0.shape) }
        try node.operation.evaluate(inputs.map { $0?.value }, into: outputs)
        return outputs
    }
}

/// A node that refused its inputs.
struct GraphWalkError: Error {
    var node: String
    var error: OperatorError
}

extension Graph {
    /// The nodes that `wanted` follows from, not looking behind the values in `known`.
    func ancestors(of wanted: [ValueID], stoppingAt known: Set<ValueID>) -> Set<NodeID> {
        var found: Set<NodeID> = []
        var pending = wanted
        while let value = pending.popLast() {
            guard !known.contains(value), let producer = self[value].producer, found.insert(producer).inserted else {
                continue
            }
            pending += self[producer].inputs.compactMap(\.self)
        }
        return found
    }

    /// The content of input `position` of a node if it is a constant, seen through `Identity`.
    func constant(_ position: Int, of node: Node) -> Tensor? {
        guard position < node.inputs.count, var value = node.inputs[position] else { return nil }
        while self[value].constant == nil, let producer = self[value].producer, self[producer].operation is Identity,
            let source = self[producer].inputs.first ?? nil
        {
            value = source
        }
        return self[value].constant
    }

    /// How many node inputs read each value; network outputs count once more.
    func useCounts() -> [ValueID: Int] {
        var counts: [ValueID: Int] = [:]
        for id in nodes {
            for case let input? in self[id].inputs { counts[input, default: 0] += 1 }
        }
        for output in outputs { counts[output, default: 0] += 1 }
        return counts
    }

    /// The nodes that read a value.
    func readers(of value: ValueID) -> [NodeID] { nodes.filter { self[$0].inputs.contains(value) } }

    /// Copies to this graph what `wanted` follows from in `source`.
    ///
    /// - Parameter bound: values of `source` that stand for values of this graph.
    /// - Returns: the values of this graph that stand for `wanted`, in order; nil for one that is neither computed nor bound.
    mutating func splice(
        _ source: Graph,
        wanted: [ValueID],
        bound: [ValueID: ValueID]
    ) -> [ValueID?] {
        var mapped = bound
        let needed = source.ancestors(of: wanted, stoppingAt: Set(bound.keys))
        for id in source.nodes where needed.contains(id) {
            let node = source[id]
            let inputs = node.inputs.map { input -> ValueID? in
                guard let input else { return nil }
                if let known = mapped[input] { return known }
                guard let constant = source[input].constant else { return nil }
                let copy = addConstant(constant, name: source[input].name)
                mapped[input] = copy
                return copy
            }
            let names = node.outputs.map { $0.map { source[$0].name } }
            let outputs = append(node.operation, inputs: inputs, outputNames: names, name: node.name)
            for (old, new) in zip(node.outputs, outputs) {
                if let old, let new { mapped[old] = new }
            }
        }
        return wanted.map { mapped[$0] }
    }
}
