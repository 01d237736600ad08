// SPDX-License-Identifier: Apache-2.0

package import AlulaKernels
public import AlulaOperators
public import AlulaPlan
internal import AlulaSystem
package import AlulaTensor

/// A loaded plan: immutable, shared by any number of execution contexts and threads.
///
/// The weights are the plan's own memory, mapped or not; kernels are made once per set of input shapes and shared by all
/// contexts. TensorRT counterpart: `ICudaEngine`.
public final class Engine: Sendable {
    /// What the engine runs.
    package let plan: Plan
    let kernels: KernelCatalogue
    let warn: @Sendable (String) -> Void
    /// `binding 'name'` by index, made once so that enqueueing makes no text.
    let bindingLabels: [String]
    /// The alignment of each binding's memory: the bytes of one element.
    let bindingAlignments: [UInt]
    /// The number of input bindings; they come first.
    let inputCount: Int
    private let indices: [String: Int]
    private let cache = Locked(InstanceCache())
    private let packed = PackedConstants()

    /// Loads a plan file; the weights stay in the mapped file.
    ///
    /// - Parameters:
    ///   - operators: where the plan's operators are looked up by name; add your own to ``OperatorRegistry/standard``.
    ///   - warn: receives remarks about uses that work but are probably not meant; prints to standard error by default.
    /// - Throws: ``PlanError``, naming what is wrong with the file.
    /// - Note: TensorRT: `IRuntime::deserializeCudaEngine`.
    public convenience init(
        contentsOf path: String,
        operators: OperatorRegistry = .standard,
        warn: (@Sendable (String) -> Void)? = nil
    ) throws(PlanError) {
        try self.init(Plan(contentsOf: path, operators: operators), warn: warn)
    }

    /// Loads a plan from bytes, which are copied once.
    /// - Throws: ``PlanError``, naming what is wrong with the bytes.
    public convenience init(
        _ bytes: [UInt8],
        operators: OperatorRegistry = .standard,
        warn: (@Sendable (String) -> Void)? = nil
    ) throws(PlanError) {
        try self.init(Plan(bytes, operators: operators), warn: warn)
    }

    /// Makes an engine of a plan, as a builder gives it.
    /// - Throws: ``PlanError/malformed(what:location:got:expected:)`` when the plan is not consistent.
    public convenience init(_ plan: Plan, warn: (@Sendable (String) -> Void)? = nil) throws(PlanError) {
        try self.init(plan, kernels: .standard, warn: warn)
    }

    /// As ``init(_:warn:)``, with a choice of kernels.
    package init(
        _ plan: Plan,
        kernels: KernelCatalogue,
        warn: (@Sendable (String) -> Void)? = nil
    ) throws(PlanError) {
        try plan.validate()
        self.plan = plan
        self.kernels = kernels
        self.warn = warn ?? { Terminal.writeToStandardError("alula: warning: \($0)\n") }
        bindingLabels = plan.bindings.map { "binding '\($0.name)'" }
        bindingAlignments = plan.bindings.map { UInt($0.dataType.byteCount) }
        inputCount = plan.bindings.prefix { $0.mode == .input }.count
        indices = Dictionary(plan.bindings.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    // MARK: - Bindings

    /// The network's name.
    public var name: String { plan.name }

    /// All inputs, then all outputs; the position is the binding index.
    public var bindings: [Binding] { plan.bindings }

    /// The index of the binding called `name`; nil when there is none. TensorRT: `getBindingIndex`.
    public func bindingIndex(named name: String) -> Int? { indices[name] }

    /// The binding called `name`; nil when there is none. TensorRT: `getTensorShape`, `getTensorDataType`,
    /// `getTensorIOMode`.
    public func binding(named name: String) -> Binding? { indices[name].map { plan.bindings[$0] } }

    /// Whether binding shapes leave out the batch, which every run then names. TensorRT: `hasImplicitBatchDimension`.
    public var hasImplicitBatchDimension: Bool { plan.batchMode != .explicit }

    /// The largest batch of an implicit-batch engine; 1 for explicit-batch engines, whose shapes hold the batch.
    /// TensorRT: `getMaxBatchSize`.
    public var maxBatchSize: Int {
        if case .implicit(let maximum) = plan.batchMode { maximum } else { 1 }
    }

    /// The shapes the engine accepts; empty when all are fixed, or when any are accepted.
    public var optimizationProfiles: [OptimizationProfile] { plan.profiles }

    // MARK: - Contexts

    /// Makes a context to run the engine in: cheap beside the weights, which all contexts share.
    ///
    /// - Parameters:
    ///   - device: where the context runs; its streams are the ones to enqueue on.
    ///   - workspace: memory of `device` for intermediate results, at least ``deviceMemoryByteCount(forProfile:)`` bytes at a
    ///     multiple of 256; nil allocates it. Contexts that share a workspace must not be in flight together.
    ///   - name: for errors and traces.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for a short or misaligned workspace,
    ///   ``ExecutionError/failedAllocation(_:)``, ``ExecutionError/invalidConfig(_:)``.
    /// - Note: TensorRT: `createExecutionContext`, `createExecutionContextWithoutDeviceMemory`, `setDeviceMemory`.
    public func makeExecutionContext(
        on device: Device,
        workspace: DeviceMemory? = nil,
        name: String = "context"
    ) throws(ExecutionError) -> sending ExecutionContext {
        try ExecutionContext(engine: self, device: device, workspace: workspace, name: name)
    }

    /// Bytes of workspace a context needs: for any batch, or for the largest shapes of a profile.
    ///
    /// Zero when shapes are neither fixed nor bounded by a profile; ``ExecutionContext/workspaceByteCount`` then tells for
    /// the shapes that are set. TensorRT: `getDeviceMemorySize`, `getDeviceMemorySizeForProfileV2`.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for a profile that does not exist.
    public func deviceMemoryByteCount(forProfile profile: Int = 0) throws(ExecutionError) -> Int {
        if case .implicit(let maximum) = plan.batchMode {
            var byteCount = 0
            for batch in 1...maximum { byteCount = max(byteCount, try instance(batch: batch).workspaceByteCount) }
            return byteCount
        }
        let range = try profileRanges(profile)
        let inputs = plan.bindings.prefix(inputCount)
        let shapes = inputs.compactMap { $0.fixedShape ?? range[$0.name]?.max }
        guard shapes.count == inputs.count else { return 0 }
        return try instance(inputShapes: shapes).workspaceByteCount
    }

    /// The ranges of profile `index` by input name; none at all where there are no profiles.
    package func profileRanges(_ index: Int) throws(ExecutionError) -> [String: OptimizationProfile.Range] {
        if plan.profiles.isEmpty, index == 0 { return [:] }
        guard plan.profiles.indices.contains(index) else {
            throw .invalidArgument(
                .init(
                    "no such optimization profile",
                    in: "engine '\(name)'",
                    got: "\(index)",
                    expected: "0..<\(max(1, plan.profiles.count))"
                )
            )
        }
        return plan.profiles[index].ranges
    }

    // MARK: - Instances

    /// The engine prepared for full input shapes, from the cache or made now.
    func instance(inputShapes: [Shape]) throws(ExecutionError) -> EngineInstance {
        if let known = cache.withLock({ $0[inputShapes] }) { return known }
        let made: EngineInstance
        do {
            made = try EngineInstance(plan, inputShapes: inputShapes, kernels: kernels, packed: packed)
        } catch {
            throw ExecutionError(error, in: "engine '\(name)'")
        }
        return cache.withLock { $0.insert(made, for: inputShapes) }
    }

    /// An implicit-batch engine prepared for one batch.
    func instance(batch: Int) throws(ExecutionError) -> EngineInstance {
        try instance(
            inputShapes: plan.bindings.prefix(inputCount).map { binding in
                Shape([batch] + (binding.dimensions ?? []).map { $0.extent ?? 1 })
            }
        )
    }
}

extension Binding {
    /// The shape, if no extent varies.
    package var fixedShape: Shape? {
        guard let dimensions else { return nil }
        let extents = dimensions.compactMap(\.extent)
        return extents.count == dimensions.count ? Shape(extents) : nil
    }
}

/// Instances by input shapes; the oldest go when there are many. Contexts keep the ones they use.
private struct InstanceCache {
    private static let capacity = 256
    private var instances: [[Shape]: EngineInstance] = [:]
    private var order: [[Shape]] = []

    subscript(shapes: [Shape]) -> EngineInstance? { instances[shapes] }

    /// Adds an instance unless another thread was first, and returns the one to use.
    mutating func insert(_ instance: EngineInstance, for shapes: [Shape]) -> EngineInstance {
        if let known = instances[shapes] { return known }
        if order.count == Self.capacity { instances[order.removeFirst()] = nil }
        order.append(shapes)
        instances[shapes] = instance
        return instance
    }
}
