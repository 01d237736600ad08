// SPDX-License-Identifier: Apache-2.0

/// Which invariant of a graph is broken, and where.
@nonexhaustive
public enum GraphError: Error, Sendable, Equatable {
    /// A node reads a value that no input, constant or node makes.
    case undefinedInput(node: String, input: Int, value: String)
    /// A node reads a value that a later node makes.
    case useBeforeDefinition(node: String, input: Int, value: String, producer: String)
    /// Two nodes, or a node and an input or constant, make one value.
    case severalProducers(value: String, nodes: [String])
    /// A value names a producer that does not list it among its outputs, or was removed.
    case wrongProducer(value: String)
    /// A node refers to a value that is not of this graph.
    case danglingValue(node: String, index: Int)
    /// The execution order lists a removed node, a node twice, or leaves one out.
    case brokenOrder(node: Int)
    /// A network output is made by nothing.
    case undefinedOutput(value: String)
    /// A network output is listed twice; a binding has one name.
    case duplicateOutput(value: String)
    /// The network has no output.
    case noOutputs
    /// Two live values share a name.
    case duplicateName(String)
    /// A network input lacks its element type or extents.
    case untypedInput(value: String)
}

extension GraphError: CustomStringConvertible {
    /// What, where, got, expected, in one sentence.
    public var description: String {
        switch self {
        case .undefinedInput(let node, let input, let value):
            "node '\(node)': input \(input): got '\(value)', which nothing makes, expected an input, a constant or a node's output"
        case .useBeforeDefinition(let node, let input, let value, let producer):
            "node '\(node)': input \(input): got '\(value)', made by the later node '\(producer)', expected an earlier one"
        case .severalProducers(let value, let nodes):
            "value '\(value)': got the producers \(nodes.joined(separator: ", ")), expected one"
        case .wrongProducer(let value):
            "value '\(value)': its producer does not list it among its outputs"
        case .danglingValue(let node, let index):
            "node '\(node)': got value number \(index), which the graph does not have"
        case .brokenOrder(let node):
            "node number \(node): expected exactly one place in the execution order"
        case .undefinedOutput(let value):
            "network output '\(value)': nothing makes it"
        case .duplicateOutput(let value):
            "network output '\(value)': listed twice"
        case .noOutputs:
            "network: got no outputs, expected at least one"
        case .duplicateName(let name):
            "value '\(name)': got two values of this name, expected unique names"
        case .untypedInput(let value):
            "network input '\(value)': got no element type or extents, expected both"
        }
    }
}
