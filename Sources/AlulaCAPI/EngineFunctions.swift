// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
internal import AlulaSystem
public import CAlula

/// A plan as C knows it.
final class PlanObject: HandleObject {
    static let kind = HandleKind.plan
    let plan: Plan

    init(_ plan: Plan) { self.plan = plan }

    /// The plan of a handle.
    static func plan(_ handle: alula_plan) throws(ExecutionError) -> Plan {
        try HandleTable.shared.object(handle.value, as: PlanObject.self).plan
    }
}

/// An engine as C knows it, with its names as C reads them.
final class EngineObject: HandleObject {
    static let kind = HandleKind.engine
    let engine: Engine
    let name: CText
    let bindingNames: [CText]

    init(_ engine: Engine) {
        self.engine = engine
        name = CText(engine.name)
        bindingNames = engine.bindings.map { CText($0.name) }
    }

    /// The engine of a handle.
    static func object(_ handle: alula_engine) throws(ExecutionError) -> EngineObject {
        try HandleTable.shared.object(handle.value, as: EngineObject.self)
    }
}

/// Where remarks of engines go; nil for standard error.
private let warningHandler = Locked<(@Sendable (String) -> Void)?>(nil)

@c @implementation
public func alula_set_warning_handler(
    _ handler: alula_warning_handler?,
    _ user: UnsafeMutableRawPointer?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let user = UserPointer(user)
        var forward: (@Sendable (String) -> Void)?
        if let handler = UserFunction(handler) {
            forward = { text in unsafe text.withCString { unsafe handler.call(user.pointer, $0) } }
        }
        warningHandler.withLock { $0 = forward }
    }
}

// MARK: - Plans

private func insert(_ plan: Plan) -> alula_plan { alula_plan(value: HandleTable.shared.insert(PlanObject(plan))) }

@c @implementation
public func alula_plan_from_file(
    _ path: UnsafePointer<CChar>?,
    _ plan: UnsafeMutablePointer<alula_plan>?
) -> alula_status {
    attempt { () throws(any Error) in
        try require(plan, "plan")
        try store(insert(try Plan(contentsOf: try string(path, "path"))), plan, "plan")
    }
}

@c @implementation
public func alula_plan_from_bytes(
    _ start: UnsafeRawPointer?,
    _ byteCount: Int,
    _ plan: UnsafeMutablePointer<alula_plan>?
) -> alula_status {
    attempt { () throws(any Error) in
        try require(plan, "plan")
        let bytes = try array(unsafe start?.assumingMemoryBound(to: UInt8.self), byteCount, "start")
        try store(insert(try Plan(bytes)), plan, "plan")
    }
}

@c @implementation
public func alula_plan_write(_ plan: alula_plan, _ path: UnsafePointer<CChar>?) -> alula_status {
    attempt { () throws(any Error) in try PlanObject.plan(plan).write(to: try string(path, "path")) }
}

@c @implementation
public func alula_plan_serialize(_ plan: alula_plan, _ bytes: UnsafeMutablePointer<alula_bytes>?) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(bytes, "bytes")
        try store(BytesObject.handle(try PlanObject.plan(plan).serialized()), bytes, "bytes")
    }
}

@c @implementation
public func alula_plan_destroy(_ plan: alula_plan) -> alula_status {
    attempt { () throws(ExecutionError) in try HandleTable.shared.remove(plan.value, as: PlanObject.self) }
}

// MARK: - Engines

@c @implementation
public func alula_engine_create(_ plan: alula_plan, _ engine: UnsafeMutablePointer<alula_engine>?) -> alula_status {
    attempt { () throws(any Error) in
        try require(engine, "engine")
        let made = try Engine(try PlanObject.plan(plan), warn: warningHandler.withLock { $0 })
        try store(alula_engine(value: HandleTable.shared.insert(EngineObject(made))), engine, "engine")
    }
}

@c @implementation
public func alula_engine_destroy(_ engine: alula_engine) -> alula_status {
    attempt { () throws(ExecutionError) in try HandleTable.shared.remove(engine.value, as: EngineObject.self) }
}

@c @implementation
public func alula_engine_get_plan(_ engine: alula_engine, _ plan: UnsafeMutablePointer<alula_plan>?) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(plan, "plan")
        try store(insert(try EngineObject.object(engine).engine.plan), plan, "plan")
    }
}

@c @implementation
public func alula_engine_get_information(
    _ engine: alula_engine,
    _ information: UnsafeMutablePointer<alula_engine_information>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let object = try EngineObject.object(engine)
        let values = unsafe alula_engine_information(
            name: object.name.pointer,
            binding_count: Int32(object.engine.bindings.count),
            profile_count: Int32(max(1, object.engine.optimizationProfiles.count)),
            layer_count: Int32(object.engine.plan.steps.count),
            max_batch_size: Int32(object.engine.maxBatchSize),
            has_implicit_batch: object.engine.hasImplicitBatchDimension
        )
        try store(values, information, "information")
    }
}

@c @implementation
public func alula_engine_get_binding(
    _ engine: alula_engine,
    _ index: Int32,
    _ binding: UnsafeMutablePointer<alula_binding>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let object = try EngineObject.object(engine)
        let bindings = object.engine.bindings
        guard bindings.indices.contains(Int(index)) else {
            throw .invalidArgument(
                .init(
                    "no such binding",
                    in: "engine '\(object.engine.name)'",
                    got: "\(index)",
                    expected: "0..<\(bindings.count)"
                )
            )
        }
        let values = unsafe alula_binding(
            name: object.bindingNames[Int(index)].pointer,
            is_input: bindings[Int(index)].mode == .input,
            data_type: Int32(bindings[Int(index)].dataType.rawValue),
            shape: try alula_shape(declared: bindings[Int(index)].dimensions)
        )
        try store(values, binding, "binding")
    }
}

@c @implementation
public func alula_engine_find_binding(
    _ engine: alula_engine,
    _ name: UnsafePointer<CChar>?,
    _ index: UnsafeMutablePointer<Int32>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let engine = try EngineObject.object(engine).engine
        let name = try string(name, "name")
        guard let position = engine.bindingIndex(named: name) else {
            let known = engine.bindings.map { "'\($0.name)'" }.joined(separator: ", ")
            throw .invalidArgument(
                .init("no such binding", in: "engine '\(engine.name)'", got: "'\(name)'", expected: "one of \(known)")
            )
        }
        try store(Int32(position), index, "index")
    }
}

@c @implementation
public func alula_engine_get_profile_shape(
    _ engine: alula_engine,
    _ profile: Int32,
    _ input: UnsafePointer<CChar>?,
    _ min: UnsafeMutablePointer<alula_shape>?,
    _ opt: UnsafeMutablePointer<alula_shape>?,
    _ max: UnsafeMutablePointer<alula_shape>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let engine = try EngineObject.object(engine).engine
        let ranges = try engine.profileRanges(Int(profile))
        let range = ranges[try string(input, "input")]
        try store(try alula_shape(range?.min.extents), min, "min")
        try store(try alula_shape(range?.opt.extents), opt, "opt")
        try store(try alula_shape(range?.max.extents), max, "max")
    }
}

@c @implementation
public func alula_engine_workspace(
    _ engine: alula_engine,
    _ profile: Int32,
    _ byteCount: UnsafeMutablePointer<Int64>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let engine = try EngineObject.object(engine).engine
        try store(Int64(try engine.deviceMemoryByteCount(forProfile: Int(profile))), byteCount, "byte_count")
    }
}

@c @implementation
public func alula_engine_describe(_ engine: alula_engine, _ json: UnsafeMutablePointer<alula_bytes>?) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(json, "json")
        let plan = try EngineObject.object(engine).engine.plan
        try store(BytesObject.handle(plan.inspectorText), json, "json")
    }
}
