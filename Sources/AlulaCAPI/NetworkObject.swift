// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem
internal import CAlula

/// A network under construction as C knows it: a graph, what its shape rules say, and texts given out.
final class NetworkObject: HandleObject {
    static let kind = HandleKind.network

    /// What the lock protects.
    struct State: Sendable {
        var graph: Graph
        var texts = CTextPool()
        private var known: Known?

        /// What is derived from the graph as it is.
        private struct Known: Sendable {
            var types: DeclaredTypes?
            var positions: [Graph.NodeID: Int]
        }

        init(_ graph: Graph) { self.graph = graph }

        /// The graph, for changing it.
        mutating func change<Result, Failure: Error>(
            _ body: (inout Graph) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            known = nil
            return try body(&graph)
        }

        /// Element type and extents of a value, as far as declarations and shape rules tell.
        mutating func type(of value: Graph.ValueID) -> DeclaredTypes.Entry? {
            if let entry = derive().types?[value] { return entry }
            return graph[value].dataType.map { .init(dataType: $0, dimensions: graph[value].dimensions) }
        }

        /// The position of the node that makes a value; nil for inputs and constants.
        mutating func producer(of value: Graph.ValueID) -> Int? {
            graph[value].producer.flatMap { derive().positions[$0] }
        }

        private mutating func derive() -> Known {
            if let known { return known }
            let positions = Dictionary(graph.nodes.enumerated().map { ($1, $0) }) { first, _ in first }
            let made = Known(types: try? DeclaredTypes(graph), positions: positions)
            known = made
            return made
        }

        /// The value with a number.
        func value(_ number: alula_value) throws(ExecutionError) -> Graph.ValueID {
            guard graph.valueTable.indices.contains(Int(number)) else {
                throw .invalidArgument(
                    .init(
                        "no such value",
                        in: "network '\(graph.name)'",
                        got: "\(number)",
                        expected: "0..<\(graph.valueTable.count)"
                    )
                )
            }
            return Graph.ValueID(index: Int(number))
        }

        /// The node at a position of the execution order.
        func node(_ position: Int) throws(ExecutionError) -> Graph.NodeID {
            guard graph.nodes.indices.contains(position) else {
                throw .invalidArgument(
                    .init(
                        "no such node",
                        in: "network '\(graph.name)'",
                        got: "\(position)",
                        expected: "0..<\(graph.nodes.count)"
                    )
                )
            }
            return graph.nodes[position]
        }
    }

    let state: Locked<State>

    init(_ graph: Graph) { state = Locked(State(graph)) }

    /// The network of a handle.
    static func object(_ handle: alula_network) throws(ExecutionError) -> NetworkObject {
        try HandleTable.shared.object(handle.value, as: NetworkObject.self)
    }

    /// Runs `body` on the state of a handle's network.
    static func with<Result>(
        _ handle: alula_network,
        _ body: (inout State) throws(ExecutionError) -> Result
    ) throws(ExecutionError) -> Result {
        try object(handle).state.withLock(body)
    }
}

/// An attribute as C gives it.
///
/// - Safety: the pointer of its kind is the address of a string or of `count` values.
@safe
func onnxAttribute(_ given: alula_attribute) throws(ExecutionError) -> AttributeProto {
    switch Int(unsafe given.kind) {
    case ALULA_ATTRIBUTE_INTEGER: return .integer(Int(unsafe given.integer))
    case ALULA_ATTRIBUTE_FLOAT: return .float(unsafe given.real)
    case ALULA_ATTRIBUTE_STRING: return .string(try string(unsafe given.text, "text of an attribute"))
    case ALULA_ATTRIBUTE_INTEGERS:
        let values = try array(unsafe given.integers, unsafe given.count, "integers of an attribute")
        return .integers(values.map(Int.init))
    case ALULA_ATTRIBUTE_FLOATS:
        return .floats(try array(unsafe given.reals, unsafe given.count, "reals of an attribute"))
    default:
        throw .invalidArgument(
            .init(
                "impossible attribute kind",
                in: "alula_network_add_node",
                got: "\(unsafe given.kind)",
                expected: "one of alula_attribute_kind"
            )
        )
    }
}

extension Graph {
    /// Adds an ONNX operator of the newest supported opset.
    mutating func addONNXNode(
        _ operatorName: String,
        name: String,
        inputs: [ValueID?],
        attributes: [String: AttributeProto],
        outputCount: Int
    ) throws(ImportError) -> [ValueID?] {
        let opset = ONNXModel.supportedOpsets.upperBound
        guard let importer = ImporterRegistry.standard.importer(for: operatorName, domain: "") else {
            throw .unknownOperators([NodeSummary(node: name, operatorType: operatorName, domain: "", opset: opset)])
        }
        let outputs = (0..<outputCount).map { $0 == 0 ? name : "\(name).\($0)" }
        let node = NodeProto(
            name: name,
            operatorType: operatorName,
            inputs: inputs.map { $0.map { self[$0].name } ?? "" },
            outputs: outputs,
            attributes: attributes
        )
        var context = ImportContext(graph: self, node: node, opset: opset, inputs: inputs)
        try importer(&context)
        guard context.outputs.count == outputCount else {
            throw context.unsupported("\(outputCount) outputs", expected: "\(context.outputs.count)")
        }
        self = context.graph
        return context.outputs
    }
}
