// SPDX-License-Identifier: Apache-2.0

public import AlulaOperators
public import AlulaTensor

/// A network before it is built: values connected by nodes, each node one operator.
///
/// A value type: passes are plain functions `(inout Graph) throws(…)`. Nodes are kept in an order in which every node
/// follows the producers of its inputs. TensorRT counterpart: `INetworkDefinition`.
public struct Graph: Sendable {
    /// Names a value of one graph.
    public struct ValueID: Hashable, Sendable, Comparable {
        package let index: Int
        package init(index: Int) { self.index = index }
        /// Creation order.
        public static func < (left: ValueID, right: ValueID) -> Bool { left.index < right.index }
    }

    /// Names a node of one graph.
    public struct NodeID: Hashable, Sendable, Comparable {
        package let index: Int
        package init(index: Int) { self.index = index }
        /// Creation order.
        public static func < (left: NodeID, right: NodeID) -> Bool { left.index < right.index }
    }

    /// A tensor that flows through the graph: an input, a constant, or a node's output.
    public struct Value: Sendable {
        /// Unique in the graph; bindings carry it.
        public var name: String
        /// The declared element type of an input or constant; of an output where the model declares one. Nil where only
        /// a node's rule decides.
        public package(set) var dataType: DataType?
        /// The declared extents of an input; nil where a node's rule decides.
        public package(set) var dimensions: [Dimension]?
        /// The content of a constant.
        public package(set) var constant: Tensor?
        /// The node that makes the value; nil for inputs and constants.
        public package(set) var producer: NodeID?
    }

    /// One application of an operator.
    public struct Node: Sendable {
        /// The name in the model, for reports and errors; not necessarily unique.
        public var name: String
        /// What the node computes.
        public var operation: any Operator
        /// Inputs in operator order; nil where an optional input is omitted.
        public package(set) var inputs: [ValueID?]
        /// Outputs in operator order; nil where an output is not wanted.
        public package(set) var outputs: [ValueID?]
    }

    /// The network's name.
    public var name: String
    /// Input values in binding order.
    public package(set) var inputs: [ValueID] = []
    /// Output values in binding order.
    public package(set) var outputs: [ValueID] = []
    /// All nodes ever added, by identifier; removed ones are nil.
    package var nodeTable: [Node?] = []
    /// All values ever added, by identifier.
    package var valueTable: [Value] = []
    /// Live nodes, producers before consumers.
    package var order: [NodeID] = []
    /// The names of all live values.
    var names: Set<String> = []
    /// The next suffix to try for a name that was taken before, so that many like names stay cheap.
    private var nextSuffixes: [String: Int] = [:]

    /// An empty graph.
    public init(name: String = "network") { self.name = name }

    // MARK: - Reading

    /// The live nodes in execution order.
    public var nodes: [NodeID] { order }

    /// The value named by `id`.
    public subscript(id: ValueID) -> Value {
        get { valueTable[id.index] }
        set { valueTable[id.index] = newValue }
    }

    /// The node named by `id`.
    ///
    /// - Precondition: the node has not been removed.
    public subscript(id: NodeID) -> Node {
        get {
            guard let node = nodeTable[id.index] else { preconditionFailure("node \(id.index) was removed") }
            return node
        }
        set { nodeTable[id.index] = newValue }
    }

    // MARK: - Building

    /// Adds a network input.
    ///
    /// - Parameters:
    ///   - name: the binding's name; made unique by a suffix if taken.
    ///   - dimensions: extents, outermost first; `.symbolic` where they vary from run to run.
    public mutating func addInput(_ name: String, _ dataType: DataType, _ dimensions: [Dimension]) -> ValueID {
        let id = addValue(named: name)
        valueTable[id.index].dataType = dataType
        valueTable[id.index].dimensions = dimensions
        inputs.append(id)
        return id
    }

    /// Adds a constant; the tensor's memory is shared, not copied.
    public mutating func addConstant(_ tensor: Tensor, name: String = "constant") -> ValueID {
        let id = addValue(named: name)
        valueTable[id.index].dataType = tensor.dataType
        valueTable[id.index].dimensions = tensor.shape.extents.map(Dimension.fixed)
        valueTable[id.index].constant = tensor
        return id
    }

    /// Appends a node and returns its outputs.
    ///
    /// - Parameters:
    ///   - inputs: values of this graph in operator order; nil for omitted optional inputs.
    ///   - outputNames: one name per wanted output; nil where an output is not wanted. Names already taken get a suffix.
    @discardableResult
    public mutating func append(
        _ operation: any Operator,
        inputs: [ValueID?],
        outputNames: [String?],
        name: String? = nil
    ) -> [ValueID?] {
        let node = NodeID(index: nodeTable.count)
        let outputs = outputNames.map { name -> ValueID? in
            guard let name else { return nil }
            let id = addValue(named: name)
            valueTable[id.index].producer = node
            return id
        }
        let nodeName = name ?? outputNames.compactMap(\.self).first ?? operation.name
        nodeTable.append(Node(name: nodeName, operation: operation, inputs: inputs, outputs: outputs))
        order.append(node)
        return outputs
    }

    /// Appends a node with one output and returns it.
    public mutating func append(_ operation: any Operator, _ inputs: ValueID?..., name: String) -> ValueID {
        let id = NodeID(index: nodeTable.count)
        let output = addValue(named: name)
        valueTable[output.index].producer = id
        nodeTable.append(Node(name: name, operation: operation, inputs: inputs, outputs: [output]))
        order.append(id)
        return output
    }

    /// Makes `value` a network output; its name becomes the binding's.
    public mutating func markOutput(_ value: ValueID) { outputs.append(value) }

    /// Renames a value; the name is made unique by a suffix if taken.
    public mutating func rename(_ value: ValueID, to name: String) {
        names.remove(valueTable[value.index].name)
        valueTable[value.index].name = uniqueName(name)
    }

    private mutating func addValue(named name: String) -> ValueID {
        let id = ValueID(index: valueTable.count)
        valueTable.append(Value(name: uniqueName(name)))
        return id
    }

    private mutating func uniqueName(_ wanted: String) -> String {
        if names.insert(wanted).inserted { return wanted }
        var suffix = nextSuffixes[wanted] ?? 1
        while !names.insert("\(wanted)_\(suffix)").inserted { suffix += 1 }
        nextSuffixes[wanted] = suffix + 1
        return "\(wanted)_\(suffix)"
    }
}
