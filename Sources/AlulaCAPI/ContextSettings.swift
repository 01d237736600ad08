// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
public import CAlula

@c @implementation
public func alula_context_set_profile(_ context: alula_context, _ profile: Int32) -> alula_status {
    attempt { () throws(ExecutionError) in
        try ContextObject.with(context) { state throws(ExecutionError) in
            try state.context.setOptimizationProfile(Int(profile))
        }
    }
}

@c @implementation
public func alula_context_get_profile(
    _ context: alula_context,
    _ profile: UnsafeMutablePointer<Int32>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let index = try ContextObject.with(context) { $0.context.optimizationProfile }
        try store(Int32(index), profile, "profile")
    }
}

@c @implementation
public func alula_context_set_input_consumed(_ context: alula_context, _ event: alula_event) -> alula_status {
    attempt { () throws(ExecutionError) in
        let event = try eventObject(event)
        try ContextObject.with(context) { $0.context.setInputConsumedEvent(event) }
    }
}

@c @implementation
public func alula_context_set_profiler(
    _ context: alula_context,
    _ report: alula_layer_time?,
    _ user: UnsafeMutableRawPointer?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let user = UserPointer(user)
        var profiler: LayerTimeCallback?
        if let report = UserFunction(report) {
            profiler = LayerTimeCallback { layer, milliseconds in
                unsafe layer.withCString { unsafe report.call(user.pointer, $0, milliseconds) }
            }
        }
        try ContextObject.with(context) { $0.context.profiler = profiler }
    }
}

@c @implementation
public func alula_context_set_output_allocator(
    _ context: alula_context,
    _ name: UnsafePointer<CChar>?,
    _ reallocate: alula_reallocate_output?,
    _ notify: alula_notify_shape?,
    _ user: UnsafeMutableRawPointer?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let name = try string(name, "name")
        let user = UserPointer(user)
        let notify = UserFunction(notify)
        try ContextObject.with(context) { state throws(ExecutionError) in
            guard let reallocate = UserFunction(reallocate) else {
                return try state.context.setOutputAllocator(nil, for: name)
            }
            let allocator = OutputCallback(
                on: state.context.device,
                reallocate: { tensor, byteCount in
                    unsafe tensor.withCString { UInt(bitPattern: unsafe reallocate.call(user.pointer, $0, byteCount)) }
                },
                notify: { tensor, shape in
                    guard let notify = unsafe notify, var extents = try? alula_shape(shape.extents) else { return }
                    unsafe tensor.withCString { unsafe notify.call(user.pointer, $0, &extents) }
                }
            )
            try state.context.setOutputAllocator(allocator, for: name)
        }
    }
}
