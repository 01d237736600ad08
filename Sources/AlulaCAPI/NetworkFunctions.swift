// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
internal import AlulaSystem
public import CAlula

private func insert(_ graph: Graph) -> alula_network {
    alula_network(value: HandleTable.shared.insert(NetworkObject(graph)))
}

// MARK: - Making networks

@c @implementation
public func alula_network_create(
    _ name: UnsafePointer<CChar>?,
    _ network: UnsafeMutablePointer<alula_network>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(network, "network")
        try store(insert(Graph(name: try string(name, "name"))), network, "network")
    }
}

@c @implementation
public func alula_network_from_onnx_file(
    _ path: UnsafePointer<CChar>?,
    _ network: UnsafeMutablePointer<alula_network>?
) -> alula_status {
    attempt { () throws(any Error) in
        try require(network, "network")
        try store(insert(try Graph(onnx: try string(path, "path"))), network, "network")
    }
}

@c @implementation
public func alula_network_from_onnx_bytes(
    _ start: UnsafeRawPointer?,
    _ byteCount: Int,
    _ folder: UnsafePointer<CChar>?,
    _ network: UnsafeMutablePointer<alula_network>?
) -> alula_status {
    attempt { () throws(any Error) in
        try require(network, "network")
        let bytes = try array(unsafe start?.assumingMemoryBound(to: UInt8.self), byteCount, "start")
        let place = unsafe folder == nil ? nil : try string(folder, "folder")
        try store(insert(try ONNXModel(bytes: bytes, folder: place).makeGraph()), network, "network")
    }
}

@c @implementation
public func alula_network_copy(
    _ network: alula_network,
    _ copy: UnsafeMutablePointer<alula_network>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(copy, "copy")
        let graph = try NetworkObject.with(network) { $0.graph }
        try store(insert(graph), copy, "copy")
    }
}

@c @implementation
public func alula_network_destroy(_ network: alula_network) -> alula_status {
    attempt { () throws(ExecutionError) in try HandleTable.shared.remove(network.value, as: NetworkObject.self) }
}

@c @implementation
public func alula_supported_operators(_ text: UnsafeMutablePointer<alula_bytes>?) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(text, "text")
        let names = ImporterRegistry.standard.names.joined(separator: "\n")
        try store(BytesObject.handle(names), text, "text")
    }
}

// MARK: - Adding

@c @implementation
public func alula_network_add_input(
    _ network: alula_network,
    _ name: UnsafePointer<CChar>?,
    _ dataType: alula_data_type,
    _ shape: UnsafePointer<alula_shape>?,
    _ value: UnsafeMutablePointer<alula_value>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(value, "value")
        let name = try string(name, "name")
        let type = try DataType(c: dataType)
        let dimensions = try load(shape, "shape").declared("shape")
        let id = try NetworkObject.with(network) { $0.change { $0.addInput(name, type, dimensions) } }
        try store(alula_value(id.index), value, "value")
    }
}

@c @implementation
public func alula_network_add_constant(
    _ network: alula_network,
    _ name: UnsafePointer<CChar>?,
    _ dataType: alula_data_type,
    _ shape: UnsafePointer<alula_shape>?,
    _ start: UnsafeRawPointer?,
    _ value: UnsafeMutablePointer<alula_value>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(value, "value")
        let name = try string(name, "name")
        let tensor = Tensor(
            uninitialized: try DataType(c: dataType),
            shape: try load(shape, "shape").fixed("shape of constant '\(name)'")
        )
        if tensor.byteCount > 0 {
            guard let start = unsafe start else { throw .missing("start") }
            guard let target = unsafe UnsafeMutableRawPointer(bitPattern: tensor.address) else { return }
            unsafe target.copyMemory(from: start, byteCount: tensor.byteCount)
        }
        let id = try NetworkObject.with(network) { $0.change { $0.addConstant(tensor, name: name) } }
        try store(alula_value(id.index), value, "value")
    }
}

@c @implementation
public func alula_network_add_node(
    _ network: alula_network,
    _ operatorName: UnsafePointer<CChar>?,
    _ name: UnsafePointer<CChar>?,
    _ inputs: UnsafePointer<alula_value>?,
    _ inputCount: Int,
    _ attributes: UnsafePointer<alula_attribute>?,
    _ attributeCount: Int,
    _ outputs: UnsafeMutablePointer<alula_value>?,
    _ outputCount: Int
) -> alula_status {
    attempt { () throws(any Error) in
        guard let outputs = unsafe outputs, outputCount > 0 else { throw ExecutionError.missing("outputs") }
        let operatorName = try string(operatorName, "operator_name")
        let name = try string(name, "name")
        let numbers = try array(inputs, inputCount, "inputs")
        var parameters: [String: AttributeProto] = [:]
        let given = try array(attributes, attributeCount, "attributes")
        for index in unsafe given.indices {
            let name = try string(unsafe given[index].name, "name of an attribute")
            parameters[name] = try onnxAttribute(unsafe given[index])
        }
        let made = try NetworkObject.object(network).state.withLock { state throws(any Error) in
            let inputs = try numbers.map { try $0 == ALULA_NO_VALUE ? nil : state.value($0) }
            return try state.change { graph throws(ImportError) in
                try graph.addONNXNode(
                    operatorName,
                    name: name,
                    inputs: inputs,
                    attributes: parameters,
                    outputCount: outputCount
                )
            }
        }
        for (index, id) in made.enumerated() { unsafe outputs[index] = id.map { alula_value($0.index) } ?? -1 }
    }
}

// MARK: - Changing

@c @implementation
public func alula_network_mark_output(_ network: alula_network, _ value: alula_value) -> alula_status {
    attempt { () throws(ExecutionError) in
        try NetworkObject.with(network) { state throws(ExecutionError) in
            let id = try state.value(value)
            state.change { if !$0.outputs.contains(id) { $0.markOutput(id) } }
        }
    }
}

@c @implementation
public func alula_network_unmark_output(_ network: alula_network, _ value: alula_value) -> alula_status {
    attempt { () throws(ExecutionError) in
        try NetworkObject.with(network) { state throws(ExecutionError) in
            let id = try state.value(value)
            state.change { $0.outputs.removeAll { $0 == id } }
        }
    }
}

@c @implementation
public func alula_network_set_input(
    _ network: alula_network,
    _ node: Int,
    _ input: Int,
    _ value: alula_value
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try NetworkObject.with(network) { state throws(ExecutionError) in
            let id = try state.node(node)
            let value = try state.value(value)
            guard state.graph[id].inputs.indices.contains(input) else {
                throw .invalidArgument(
                    .init(
                        "no such input",
                        in: "node '\(state.graph[id].name)'",
                        got: "\(input)",
                        expected: "0..<\(state.graph[id].inputs.count)"
                    )
                )
            }
            state.change { $0.setInput(input, of: id, to: value) }
        }
    }
}

@c @implementation
public func alula_network_rename(
    _ network: alula_network,
    _ value: alula_value,
    _ name: UnsafePointer<CChar>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let name = try string(name, "name")
        try NetworkObject.with(network) { state throws(ExecutionError) in
            let id = try state.value(value)
            state.change { if $0[id].name != name { $0.rename(id, to: name) } }
        }
    }
}

@c @implementation
public func alula_network_set_input_shape(
    _ network: alula_network,
    _ value: alula_value,
    _ shape: UnsafePointer<alula_shape>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let dimensions = try load(shape, "shape").declared("shape")
        try NetworkObject.with(network) { state throws(ExecutionError) in
            let id = try state.value(value)
            guard state.graph.inputs.contains(id) else {
                throw .invalidArgument(
                    .init(
                        "not a network input",
                        in: "network '\(state.graph.name)'",
                        got: "'\(state.graph[id].name)'",
                        expected: "one of \(state.graph.inputs.map { state.graph[$0].name })"
                    )
                )
            }
            state.change { $0.setDimensions(dimensions, ofInput: id) }
        }
    }
}
