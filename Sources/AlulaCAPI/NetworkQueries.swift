// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
public import CAlula

@c @implementation
public func alula_network_counts(
    _ network: alula_network,
    _ inputs: UnsafeMutablePointer<Int>?,
    _ outputs: UnsafeMutablePointer<Int>?,
    _ nodes: UnsafeMutablePointer<Int>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let graph = try NetworkObject.with(network) { $0.graph }
        try store(graph.inputs.count, inputs, "inputs")
        try store(graph.outputs.count, outputs, "outputs")
        try store(graph.nodes.count, nodes, "nodes")
    }
}

private func storeBinding(
    _ network: alula_network,
    _ index: Int,
    _ value: UnsafeMutablePointer<alula_value>?,
    _ role: String,
    _ list: (Graph) -> [Graph.ValueID]
) throws(ExecutionError) {
    let values = try NetworkObject.with(network) { list($0.graph) }
    guard values.indices.contains(index) else {
        throw .invalidArgument(
            .init("no such \(role)", in: "network", got: "\(index)", expected: "0..<\(values.count)")
        )
    }
    try store(alula_value(values[index].index), value, "value")
}

@c @implementation
public func alula_network_get_input(
    _ network: alula_network,
    _ index: Int,
    _ value: UnsafeMutablePointer<alula_value>?
) -> alula_status {
    attempt { () throws(ExecutionError) in unsafe try storeBinding(network, index, value, "input") { $0.inputs } }
}

@c @implementation
public func alula_network_get_output(
    _ network: alula_network,
    _ index: Int,
    _ value: UnsafeMutablePointer<alula_value>?
) -> alula_status {
    attempt { () throws(ExecutionError) in unsafe try storeBinding(network, index, value, "output") { $0.outputs } }
}

@c @implementation
public func alula_network_get_value(
    _ network: alula_network,
    _ value: alula_value,
    _ information: UnsafeMutablePointer<alula_value_information>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let values = unsafe try NetworkObject.with(network) { state throws(ExecutionError) in
            let id = try state.value(value)
            let type = state.type(of: id)
            return unsafe alula_value_information(
                name: state.texts.text(state.graph[id].name).pointer,
                data_type: Int32(type?.dataType.rawValue ?? 0),
                shape: try alula_shape(declared: type?.dimensions),
                is_input: state.graph.inputs.contains(id),
                is_output: state.graph.outputs.contains(id),
                is_constant: state.graph[id].constant != nil,
                producer: state.producer(of: id).map(Int64.init) ?? -1
            )
        }
        try store(values, information, "information")
    }
}

@c @implementation
public func alula_network_get_node(
    _ network: alula_network,
    _ node: Int,
    _ information: UnsafeMutablePointer<alula_node_information>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let values = unsafe try NetworkObject.with(network) { state throws(ExecutionError) in
            let node = state.graph[try state.node(node)]
            return unsafe alula_node_information(
                name: state.texts.text(node.name).pointer,
                operator_name: state.texts.text(node.operation.name).pointer,
                input_count: node.inputs.count,
                output_count: node.outputs.count
            )
        }
        try store(values, information, "information")
    }
}

@c @implementation
public func alula_network_get_node_values(
    _ network: alula_network,
    _ node: Int,
    _ inputs: UnsafeMutablePointer<alula_value>?,
    _ outputs: UnsafeMutablePointer<alula_value>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let node = try NetworkObject.with(network) { state throws(ExecutionError) in
            state.graph[try state.node(node)]
        }
        unsafe try storeAll(node.inputs, inputs, "inputs")
        unsafe try storeAll(node.outputs, outputs, "outputs")
    }
}

private func storeAll(
    _ values: [Graph.ValueID?],
    _ places: UnsafeMutablePointer<alula_value>?,
    _ name: StaticString
) throws(ExecutionError) {
    guard !values.isEmpty else { return }
    guard let places = unsafe places else { throw .missing(name) }
    for (index, value) in values.enumerated() { unsafe places[index] = value.map { alula_value($0.index) } ?? -1 }
}

@c @implementation
public func alula_network_get_constant(
    _ network: alula_network,
    _ value: alula_value,
    _ bytes: UnsafeMutablePointer<alula_bytes>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(bytes, "bytes")
        let constant = try NetworkObject.with(network) { state throws(ExecutionError) in
            state.graph[try state.value(value)].constant
        }
        guard let constant else {
            throw .invalidArgument(
                .init("not a constant", in: "network", got: "value \(value)", expected: "a constant")
            )
        }
        try store(BytesObject.handle(constant), bytes, "bytes")
    }
}
