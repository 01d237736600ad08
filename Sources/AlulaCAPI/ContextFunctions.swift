// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
public import CAlula

@c @implementation
public func alula_context_create(
    _ engine: alula_engine,
    _ device: alula_device,
    _ name: UnsafePointer<CChar>?,
    _ workspace: UnsafeMutableRawPointer?,
    _ context: UnsafeMutablePointer<alula_context>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(context, "context")
        let device = try DeviceObject.object(device).device
        var memory: DeviceMemory?
        if let workspace = unsafe workspace {
            memory = try OwnedMemory.deviceMemory(UInt(bitPattern: workspace), on: device)
        }
        let made = try EngineObject.object(engine).engine.makeExecutionContext(
            on: device,
            workspace: memory,
            name: unsafe name == nil ? "context" : try string(name, "name")
        )
        try store(alula_context(value: HandleTable.shared.insert(ContextObject(made))), context, "context")
    }
}

@c @implementation
public func alula_context_destroy(_ context: alula_context) -> alula_status {
    attempt { () throws(ExecutionError) in try HandleTable.shared.remove(context.value, as: ContextObject.self) }
}

// MARK: - Enqueueing

@c @implementation
public func alula_context_enqueue(
    _ context: alula_context,
    _ bindings: UnsafePointer<UnsafeMutableRawPointer?>?,
    _ bindingCount: Int,
    _ stream: alula_stream,
    _ inputConsumed: alula_event
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try ContextObject.with(context) { state throws(ExecutionError) in
            try state.take(bindings, bindingCount)
            try state.context.enqueue(
                bindings: state.addresses,
                on: try streamObject(stream, on: state.context.device),
                inputConsumed: try eventObject(inputConsumed)
            )
        }
    }
}

@c @implementation
public func alula_context_enqueue_batch(
    _ context: alula_context,
    _ batchSize: Int32,
    _ bindings: UnsafePointer<UnsafeMutableRawPointer?>?,
    _ bindingCount: Int,
    _ stream: alula_stream,
    _ inputConsumed: alula_event
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try ContextObject.with(context) { state throws(ExecutionError) in
            try state.take(bindings, bindingCount)
            try state.context.enqueue(
                batchSize: Int(batchSize),
                bindings: state.addresses,
                on: try streamObject(stream, on: state.context.device),
                inputConsumed: try eventObject(inputConsumed)
            )
        }
    }
}

@c @implementation
public func alula_context_enqueue_named(_ context: alula_context, _ stream: alula_stream) -> alula_status {
    attempt { () throws(ExecutionError) in
        try ContextObject.with(context) { state throws(ExecutionError) in
            try state.context.enqueue(on: try streamObject(stream, on: state.context.device))
        }
    }
}

@c @implementation
public func alula_context_execute(
    _ context: alula_context,
    _ batchSize: Int32,
    _ bindings: UnsafePointer<UnsafeMutableRawPointer?>?,
    _ bindingCount: Int
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try ContextObject.with(context) { state throws(ExecutionError) in
            try state.take(bindings, bindingCount)
            if batchSize == 0 {
                try state.context.executeV2(bindings: state.addresses)
            } else {
                try state.context.execute(batchSize: Int(batchSize), bindings: state.addresses)
            }
        }
    }
}

// MARK: - Addresses and shapes

@c @implementation
public func alula_context_set_address(
    _ context: alula_context,
    _ name: UnsafePointer<CChar>?,
    _ address: UnsafeMutableRawPointer?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let name = try string(name, "name")
        let address = DeviceAddress(UInt(bitPattern: address))
        try ContextObject.with(context) { state throws(ExecutionError) in
            try state.context.setAddress(address, for: name)
        }
    }
}

@c @implementation
public func alula_context_get_address(
    _ context: alula_context,
    _ name: UnsafePointer<CChar>?,
    _ address: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let name = try string(name, "name")
        let known = try ContextObject.with(context) { state throws(ExecutionError) in
            try state.context.address(of: name)
        }
        unsafe try store(UnsafeMutableRawPointer(bitPattern: known?.rawValue ?? 0), address, "address")
    }
}

@c @implementation
public func alula_context_set_input_shape(
    _ context: alula_context,
    _ name: UnsafePointer<CChar>?,
    _ shape: UnsafePointer<alula_shape>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let name = try string(name, "name")
        let shape = try load(shape, "shape").fixed("shape of an input")
        try ContextObject.with(context) { state throws(ExecutionError) in
            try state.context.setInputShape(shape, for: name)
        }
    }
}

@c @implementation
public func alula_context_get_shape(
    _ context: alula_context,
    _ name: UnsafePointer<CChar>?,
    _ shape: UnsafeMutablePointer<alula_shape>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let name = try string(name, "name")
        let known = try ContextObject.with(context) { state throws(ExecutionError) in
            try state.context.shape(of: name)
        }
        try store(try alula_shape(known?.extents), shape, "shape")
    }
}

@c @implementation
public func alula_context_infer_shapes(
    _ context: alula_context,
    _ missing: UnsafeMutablePointer<alula_bytes>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(missing, "missing")
        let names = try ContextObject.with(context) { state throws(ExecutionError) in
            try state.context.inferShapes()
        }
        try store(BytesObject.handle(names.joined(separator: "\n")), missing, "missing")
    }
}

@c @implementation
public func alula_context_workspace(
    _ context: alula_context,
    _ byteCount: UnsafeMutablePointer<Int64>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let used = try ContextObject.with(context) { $0.context.workspaceByteCount }
        try store(Int64(used), byteCount, "byte_count")
    }
}
