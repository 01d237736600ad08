// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators
package import AlulaTensor

/// One use of a value: an input position of a node.
package struct GraphUse: Hashable, Sendable {
    /// The reading node.
    package var node: Graph.NodeID
    /// The position among its inputs.
    package var input: Int
}

extension Graph {
    // MARK: - Looking up

    /// All uses of every value, in execution order. Valid until the next patch.
    package func uses() -> [ValueID: [GraphUse]] {
        var table: [ValueID: [GraphUse]] = [:]
        for id in order {
            for (position, input) in self[id].inputs.enumerated() {
                guard let input else { continue }
                table[input, default: []].append(GraphUse(node: id, input: position))
            }
        }
        return table
    }

    /// The uses of one value, in execution order; walks the whole graph.
    package func consumers(of value: ValueID) -> [GraphUse] { uses()[value] ?? [] }

    /// Whether the value is a network output.
    package func isOutput(_ value: ValueID) -> Bool { outputs.contains(value) }

    // MARK: - Patching

    /// Makes every node that reads `old` read `value` instead; network outputs stay as they are.
    ///
    /// The caller sees to it that `value` is made before those nodes run.
    package mutating func replaceNodeUses(of old: ValueID, with value: ValueID) {
        for id in order where self[id].inputs.contains(old) {
            self[id].inputs = self[id].inputs.map { $0 == old ? value : $0 }
        }
    }

    /// Whether `value` can stand for `old` everywhere, as a network output too.
    ///
    /// An output binding needs a producer of its own: an input, a constant or another output cannot take its place.
    package func canReplace(_ old: ValueID, with value: ValueID) -> Bool {
        !isOutput(old) || (self[value].producer != nil && !isOutput(value))
    }

    /// Makes `value` stand for `old` everywhere; as a network output it takes over the binding's name.
    ///
    /// - Precondition: ``canReplace(_:with:)``.
    package mutating func replaceUses(of old: ValueID, with value: ValueID) {
        precondition(canReplace(old, with: value), "an output binding needs its own producer")
        replaceNodeUses(of: old, with: value)
        guard isOutput(old) else { return }
        outputs = outputs.map { $0 == old ? value : $0 }
        let name = self[old].name
        rename(old, to: name + ".replaced")
        rename(value, to: name)
    }

    /// Removes a node; its outputs lose their maker and must not be in use any more when the graph is verified next.
    package mutating func remove(_ node: NodeID) {
        for output in self[node].outputs.compactMap(\.self) where self[output].producer == node {
            self[output].producer = nil
        }
        nodeTable[node.index] = nil
        order.removeAll { $0 == node }
    }

    /// Removes several nodes in one walk; see ``remove(_:)``.
    package mutating func remove(_ nodes: Set<NodeID>) {
        for node in nodes {
            for output in self[node].outputs.compactMap(\.self) where self[output].producer == node {
                self[output].producer = nil
            }
            nodeTable[node.index] = nil
        }
        order.removeAll(where: nodes.contains)
    }

    /// Makes `node` the maker of what `others` make, behind its own outputs; `others` are removed.
    package mutating func moveOutputs(of others: [NodeID], to node: NodeID) {
        let moved = others.flatMap { self[$0].outputs }
        remove(Set(others))
        self[node].outputs += moved
        for value in moved.compactMap(\.self) { self[value].producer = node }
    }

    /// Inserts a node with one output right before `node` and returns the output.
    package mutating func insert(
        _ operation: any Operator,
        _ inputs: [ValueID?],
        before node: NodeID,
        name: String
    ) -> ValueID {
        let outputs = insert(operation, inputs, outputNames: [name], before: node, name: name)
        guard let value = outputs.first ?? nil else { preconditionFailure("insert failed") }
        return value
    }

    /// Inserts a node right before `node` and returns its outputs; see ``append(_:inputs:outputNames:name:)``.
    package mutating func insert(
        _ operation: any Operator,
        _ inputs: [ValueID?],
        outputNames: [String?],
        before node: NodeID,
        name: String
    ) -> [ValueID?] {
        let outputs = append(operation, inputs: inputs, outputNames: outputNames, name: name)
        let id = order.removeLast()
        order.insert(id, at: order.firstIndex(of: node) ?? order.endIndex)
        return outputs
    }

    /// Replaces what a node computes and reads; its outputs stay.
    package mutating func update(
        _ node: NodeID,
        operation: any Operator,
        inputs: [ValueID?]? = nil,
        name: String? = nil
    ) {
        self[node].operation = operation
        if let inputs { self[node].inputs = inputs }
        if let name { self[node].name = name }
    }

    /// Replaces one input of a node.
    package mutating func setInput(_ input: Int, of node: NodeID, to value: ValueID?) {
        self[node].inputs[input] = value
    }

    /// Drops one output of a node that nothing uses.
    package mutating func dropOutput(_ output: Int, of node: NodeID) {
        guard let value = self[node].outputs[output] else { return }
        self[node].outputs[output] = nil
        self[value].producer = nil
    }

    /// Makes `value` network output number `index`; names stay as they are.
    package mutating func setOutput(_ index: Int, to value: ValueID) { outputs[index] = value }

    /// Makes a value whose node was removed the constant `tensor`; its uses stay.
    ///
    /// - Precondition: nothing makes the value any more.
    package mutating func makeConstant(_ value: ValueID, _ tensor: Tensor) {
        precondition(self[value].producer == nil && !inputs.contains(value), "'\(self[value].name)' has a producer")
        self[value].constant = tensor
        self[value].dataType = tensor.dataType
        self[value].dimensions = tensor.shape.extents.map(Dimension.fixed)
    }

    /// Replaces the declared extents of a network input, as implicit batches do.
    package mutating func setDimensions(_ dimensions: [Dimension], ofInput input: ValueID) {
        self[input].dimensions = dimensions
    }

    // MARK: - Removing what is not needed

    /// Removes nodes none of whose outputs reach a network output, and constants nobody reads.
    ///
    /// Network inputs stay even if unused: they are bindings.
    /// - Returns: the names of the removed nodes, in execution order.
    @discardableResult
    package mutating func removeDeadNodes() -> [String] {
        var needed = Set(outputs)
        var dead: Set<NodeID> = []
        for id in order.reversed() {
            if self[id].outputs.contains(where: { $0.map(needed.contains) ?? false }) {
                needed.formUnion(self[id].inputs.compactMap(\.self))
            } else {
                dead.insert(id)
            }
        }
        let removed = order.filter(dead.contains).map { self[$0].name }
        remove(dead)
        removeDeadValues(needed: needed)
        return removed
    }

    /// Frees names and constants of values that nothing reads and nothing but a constant makes.
    private mutating func removeDeadValues(needed: Set<ValueID>) {
        let bindings = Set(inputs)
        for index in valueTable.indices {
            let id = ValueID(index: index)
            guard valueTable[index].producer == nil, !needed.contains(id), !bindings.contains(id) else { continue }
            valueTable[index].constant = nil
            if !valueTable[index].name.isEmpty {
                names.remove(valueTable[index].name)
                valueTable[index].name = ""
            }
        }
    }
}
