// SPDX-License-Identifier: Apache-2.0

internal import AlulaPlan
internal import AlulaSystem
internal import AlulaTensor

/// Runs an engine: the shapes, addresses and workspace of one flow of inferences.
///
/// A context is used by one caller at a time: it is not `Sendable`, and is handed over whole. Successive enqueues on one
/// stream may all be in flight; to run on several streams at once, make several contexts, which share the engine's weights.
/// Contexts, engines, buffers and streams may be let go in any order: work in flight keeps what it needs.
/// TensorRT counterpart: `IExecutionContext`.
public final class ExecutionContext {
    /// The engine the context runs.
    public let engine: Engine
    /// Where it runs.
    public let device: Device
    let core: ContextCore
    private let suppliedWorkspace: DeviceMemory?
    private var ownedWorkspace: DeviceMemory?
    private var workspace: TensorStorage
    /// Instances of an implicit-batch engine, by batch - 1.
    private(set) var batches: [BoundInstance] = []
    /// Instances this context has run, with today's workspace.
    private var bound: [[Shape]: BoundInstance] = [:]
    /// The full shape of each input; nil until set.
    var inputShapes: [Shape?]
    /// Why the shapes that are set do not go together; nil when they do or are incomplete.
    var shapeError: ExecutionError?
    var profileIndex = 0
    var storedMemory: [StoredMemory]
    var storedInputConsumed: ExecutionEvent?
    var allocators: [(any OutputAllocator)?] = []
    var didWarnAboutBatch = false
    var ownStream: ExecutionStream?

    /// Receives the time of each layer after each run; nil measures nothing. TensorRT: `setProfiler`.
    public var profiler: (any Profiler)?

    /// Memory kept for a binding between runs, for enqueueing by name.
    enum StoredMemory {
        case none
        case address(DeviceAddress)
        case range(MemoryRange)
    }

    init(
        engine: Engine,
        device: Device,
        workspace: DeviceMemory?,
        name: String
    ) throws(ExecutionError) {
        self.engine = engine
        self.device = device
        suppliedWorkspace = workspace
        core = ContextCore(engine: engine, device: device, name: name)
        let inputs = engine.plan.bindings.prefix(engine.inputCount)
        inputShapes = inputs.map { engine.hasImplicitBatchDimension ? nil : $0.fixedShape }
        storedMemory = Array(repeating: .none, count: engine.plan.bindings.count)
        self.workspace = TensorStorage(uninitializedByteCount: 0)
        try prepareWorkspace(byteCount: try engine.deviceMemoryByteCountIfFixed())
        if case .implicit(let maximum) = engine.plan.batchMode {
            for batch in 1...maximum {
                batches.append(BoundInstance(try engine.instance(batch: batch), workspace: self.workspace))
            }
            for index in inputShapes.indices { inputShapes[index] = batches[0].instance.inputShapes[index] }
        }
        try prepareCurrent()
    }

    /// The context's name, as in errors.
    public var name: String { core.name }

    // MARK: - Workspace

    /// Bytes of workspace that runs with the present shapes use. TensorRT: `updateDeviceMemorySizeForShapes`.
    public var workspaceByteCount: Int { core.current?.instance.workspaceByteCount ?? 0 }

    /// Makes the workspace at least `byteCount` bytes. Work in flight keeps the old one.
    private func prepareWorkspace(byteCount: Int) throws(ExecutionError) {
        if let suppliedWorkspace {
            let range = try suppliedWorkspace.memoryRange(
                on: device,
                byteCount: nil,
                for: "workspace of \(core.location)"
            )
            guard range.byteCount >= byteCount else {
                throw .tooShort(
                    "workspace of \(core.location)",
                    neededByteCount: byteCount,
                    givenByteCount: range.byteCount
                )
            }
            workspace = range.allocation.tensorStorage
            return
        }
        guard byteCount > workspace.byteCount else { return }
        bound = [:]
        let memory = try device.allocate(byteCount: byteCount)
        ownedWorkspace = memory
        workspace = try memory.memoryRange().allocation.tensorStorage
    }

    // MARK: - Instances

    /// Prepares the instance for the present shapes, if all are set. Kept for later runs with the same shapes.
    func prepareCurrent() throws(ExecutionError) {
        let shapes = inputShapes.compactMap(\.self)
        guard shapes.count == inputShapes.count else {
            core.current = nil
            return
        }
        if let batch = implicitBatch(of: shapes) {
            core.current = batches[batch - 1]
            return
        }
        if let known = bound[shapes] {
            core.current = known
            return
        }
        core.current = nil
        let instance = try engine.instance(inputShapes: shapes)
        try prepareWorkspace(byteCount: instance.workspaceByteCount)
        let made = BoundInstance(instance, workspace: workspace)
        if bound.count >= 64 { bound = [:] }
        bound[shapes] = made
        core.current = made
    }

    /// The batch all inputs share, in implicit batch mode.
    private func implicitBatch(of shapes: [Shape]) -> Int? {
        guard engine.hasImplicitBatchDimension, let batch = shapes.first?.first ?? (batches.isEmpty ? nil : 1),
            batches.indices.contains(batch - 1), batches[batch - 1].instance.inputShapes == shapes
        else { return nil }
        return batch
    }
}

extension Engine {
    /// The workspace that holds for every run, where that is known beforehand; 0 where shapes vary.
    fileprivate func deviceMemoryByteCountIfFixed() throws(ExecutionError) -> Int {
        let isFixed = hasImplicitBatchDimension || plan.bindings.prefix(inputCount).allSatisfy { $0.fixedShape != nil }
        return isFixed ? try deviceMemoryByteCount() : 0
    }
}
