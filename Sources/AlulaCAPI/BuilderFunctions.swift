// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are C's, and alula.h documents them.

internal import Alula
internal import AlulaSystem
public import CAlula

/// A builder as C knows it: settings, and what the last build left behind.
final class BuilderObject: HandleObject {
    static let kind = HandleKind.builder

    struct State: Sendable {
        var configuration = BuilderConfiguration()
        var report: BuildReport?
        var progress: (@Sendable (BuildProgress) -> Bool)?
    }

    let state = Locked(State())

    /// Runs `body` on the state of a handle's builder.
    static func with<Result>(
        _ handle: alula_builder,
        _ body: (inout State) throws(ExecutionError) -> Result
    ) throws(ExecutionError) -> Result {
        try HandleTable.shared.object(handle.value, as: BuilderObject.self).state.withLock(body)
    }
}

@c @implementation
public func alula_builder_create(_ builder: UnsafeMutablePointer<alula_builder>?) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(builder, "builder")
        try store(alula_builder(value: HandleTable.shared.insert(BuilderObject())), builder, "builder")
    }
}

@c @implementation
public func alula_builder_destroy(_ builder: alula_builder) -> alula_status {
    attempt { () throws(ExecutionError) in try HandleTable.shared.remove(builder.value, as: BuilderObject.self) }
}

@c @implementation
public func alula_builder_set_strict(_ builder: alula_builder, _ isStrict: Bool) -> alula_status {
    attempt { () throws(ExecutionError) in
        try BuilderObject.with(builder) { $0.configuration.isStrict = isStrict }
    }
}

@c @implementation
public func alula_builder_set_timing(_ builder: alula_builder, _ timesTactics: Bool, _ threads: Int32) -> alula_status {
    attempt { () throws(ExecutionError) in
        guard (0...4096).contains(threads) else {
            throw .invalidArgument(
                .init("impossible thread count", in: "builder", got: "\(threads)", expected: "0 to 4096")
            )
        }
        try BuilderObject.with(builder) { state in
            state.configuration.timesTactics = timesTactics
            state.configuration.threadCount = threads == 0 ? nil : Int(threads)
        }
    }
}

@c @implementation
public func alula_builder_set_implicit_batch(_ builder: alula_builder, _ maxBatchSize: Int32) -> alula_status {
    attempt { () throws(ExecutionError) in
        let mode: BatchMode = maxBatchSize == 0 ? .explicit : .implicit(maxBatchSize: Int(maxBatchSize))
        try BuilderObject.with(builder) { $0.configuration.batchMode = mode }
    }
}

@c @implementation
public func alula_builder_add_profile(_ builder: alula_builder, _ index: UnsafeMutablePointer<Int>?) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(index, "index")
        let position = try BuilderObject.with(builder) { state in
            state.configuration.profiles.append(OptimizationProfile())
            return state.configuration.profiles.count - 1
        }
        try store(position, index, "index")
    }
}

@c @implementation
public func alula_builder_set_profile_shape(
    _ builder: alula_builder,
    _ profile: Int,
    _ input: UnsafePointer<CChar>?,
    _ min: UnsafePointer<alula_shape>?,
    _ opt: UnsafePointer<alula_shape>?,
    _ max: UnsafePointer<alula_shape>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let input = try string(input, "input")
        let range = OptimizationProfile.Range(
            min: try load(min, "min").fixed("minimum of input '\(input)'"),
            opt: try load(opt, "opt").fixed("optimum of input '\(input)'"),
            max: try load(max, "max").fixed("maximum of input '\(input)'")
        )
        try BuilderObject.with(builder) { state throws(ExecutionError) in
            guard state.configuration.profiles.indices.contains(profile) else {
                throw .invalidArgument(
                    .init(
                        "no such profile",
                        in: "builder",
                        got: "\(profile)",
                        expected: "0..<\(state.configuration.profiles.count)"
                    )
                )
            }
            state.configuration.profiles[profile].ranges[input] = range
        }
    }
}

@c @implementation
public func alula_builder_set_timing_cache(
    _ builder: alula_builder,
    _ start: UnsafeRawPointer?,
    _ byteCount: Int
) -> alula_status {
    attempt { () throws(any Error) in
        let bytes = try array(unsafe start?.assumingMemoryBound(to: UInt8.self), byteCount, "start")
        let text = String(decoding: bytes, as: UTF8.self)
        let cache = bytes.isEmpty ? TimingCache() : try TimingCache(text: text, path: "bytes in memory")
        try BuilderObject.with(builder) { $0.configuration.timingCache = cache }
    }
}

@c @implementation
public func alula_builder_set_progress(
    _ builder: alula_builder,
    _ progress: alula_progress?,
    _ user: UnsafeMutableRawPointer?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        let user = UserPointer(user)
        var report: (@Sendable (BuildProgress) -> Bool)?
        if let progress = UserFunction(progress) {
            report = { state in
                unsafe state.phase.withCString { phase in
                    unsafe progress.call(user.pointer, phase, Int32(state.completed), Int32(state.total))
                }
            }
        }
        try BuilderObject.with(builder) { $0.progress = report }
    }
}

@c @implementation
public func alula_builder_build(
    _ builder: alula_builder,
    _ network: alula_network,
    _ plan: UnsafeMutablePointer<alula_plan>?
) -> alula_status {
    attempt { () throws(any Error) in
        try require(plan, "plan")
        let object = try HandleTable.shared.object(builder.value, as: BuilderObject.self)
        let (configuration, progress) = object.state.withLock { ($0.configuration, $0.progress) }
        let graph = try NetworkObject.with(network) { $0.graph }
        let result = try Builder(configuration).buildWithReport(graph) { progress?($0) ?? true }
        object.state.withLock { $0.report = result.report }
        try store(alula_plan(value: HandleTable.shared.insert(PlanObject(result.plan))), plan, "plan")
    }
}

private func reportOfLastBuild(_ builder: alula_builder) throws(ExecutionError) -> BuildReport {
    guard let report = try BuilderObject.with(builder, { $0.report }) else {
        throw .invalidState(.init("nothing was built", in: "builder", got: "no build", expected: "a build before"))
    }
    return report
}

@c @implementation
public func alula_builder_get_report(
    _ builder: alula_builder,
    _ text: UnsafeMutablePointer<alula_bytes>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(text, "text")
        try store(BytesObject.handle(try reportOfLastBuild(builder).description), text, "text")
    }
}

@c @implementation
public func alula_builder_get_timing_cache(
    _ builder: alula_builder,
    _ cache: UnsafeMutablePointer<alula_bytes>?
) -> alula_status {
    attempt { () throws(ExecutionError) in
        try require(cache, "cache")
        try store(BytesObject.handle(try reportOfLastBuild(builder).timingCache.text), cache, "cache")
    }
}
