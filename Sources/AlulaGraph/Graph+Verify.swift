// SPDX-License-Identifier: Apache-2.0

extension Graph {
    /// Checks every invariant of a graph; the builder runs it before the first and after every pass.
    ///
    /// - Throws: the first broken invariant, by name.
    public func verify() throws(GraphError) {
        try verifyOrder()
        try verifyValues()
        try verifyUses()
        try verifyOutputs()
    }

    /// Every live node stands in the order exactly once, and no removed one.
    private func verifyOrder() throws(GraphError) {
        var seen = Set<NodeID>()
        for id in order {
            guard nodeTable.indices.contains(id.index), nodeTable[id.index] != nil, seen.insert(id).inserted else {
                throw .brokenOrder(node: id.index)
            }
        }
        for index in nodeTable.indices where nodeTable[index] != nil && !seen.contains(NodeID(index: index)) {
            throw .brokenOrder(node: index)
        }
    }

    /// Every value has one maker, and both sides agree on it.
    private func verifyValues() throws(GraphError) {
        var makers: [ValueID: [String]] = [:]
        for id in inputs {
            guard valueTable.indices.contains(id.index) else { throw .danglingValue(node: "network", index: id.index) }
            let value = self[id]
            guard value.dataType != nil, value.dimensions != nil else { throw .untypedInput(value: value.name) }
            makers[id, default: []].append("network input")
        }
        for index in valueTable.indices where valueTable[index].constant != nil {
            makers[ValueID(index: index), default: []].append("constant")
        }
        for id in order {
            for output in self[id].outputs.compactMap(\.self) {
                guard valueTable.indices.contains(output.index) else {
                    throw .danglingValue(node: self[id].name, index: output.index)
                }
                makers[output, default: []].append(self[id].name)
                guard self[output].producer == id || makers[output, default: []].count > 1 else {
                    throw .wrongProducer(value: self[output].name)
                }
            }
        }
        for (id, nodes) in makers where nodes.count > 1 {
            throw .severalProducers(value: self[id].name, nodes: nodes)
        }
        for index in valueTable.indices {
            let value = valueTable[index]
            guard let producer = value.producer else { continue }
            guard nodeTable.indices.contains(producer.index), let node = nodeTable[producer.index],
                node.outputs.contains(ValueID(index: index))
            else { throw .wrongProducer(value: value.name) }
        }
    }

    /// Every input of every node is made before the node runs.
    private func verifyUses() throws(GraphError) {
        var defined = Set(inputs)
        for id in order {
            let node = self[id]
            for (position, input) in node.inputs.enumerated() {
                guard let input else { continue }
                guard valueTable.indices.contains(input.index) else {
                    throw .danglingValue(node: node.name, index: input.index)
                }
                guard !defined.contains(input), self[input].constant == nil else { continue }
                guard let producer = self[input].producer else {
                    throw .undefinedInput(node: node.name, input: position, value: self[input].name)
                }
                throw .useBeforeDefinition(
                    node: node.name,
                    input: position,
                    value: self[input].name,
                    producer: self[producer].name
                )
            }
            defined.formUnion(node.outputs.compactMap(\.self))
        }
    }

    /// The network has outputs, each of them made by something, and live names are unique.
    private func verifyOutputs() throws(GraphError) {
        guard !outputs.isEmpty else { throw .noOutputs }
        var seen = Set<ValueID>()
        for id in outputs {
            guard valueTable.indices.contains(id.index) else { throw .danglingValue(node: "network", index: id.index) }
            guard isDefined(id) else { throw .undefinedOutput(value: self[id].name) }
            guard seen.insert(id).inserted else { throw .duplicateOutput(value: self[id].name) }
        }
        var live = Set<String>()
        for index in valueTable.indices where isDefined(ValueID(index: index)) {
            guard live.insert(valueTable[index].name).inserted else { throw .duplicateName(valueTable[index].name) }
        }
    }

    /// Whether an input, a constant or a live node makes the value.
    package func isDefined(_ id: ValueID) -> Bool {
        valueTable[id.index].constant != nil || valueTable[id.index].producer != nil || inputs.contains(id)
    }
}
