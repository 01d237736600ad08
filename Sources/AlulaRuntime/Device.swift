// SPDX-License-Identifier: Apache-2.0

package import AlulaSystem
internal import Synchronization

/// A processor that runs engines: worker teams, memory and streams, the way a CUDA device owns them.
///
/// The CPU is a device of its own beside the host program: device memory is memory the device owns, and copies between it and
/// the host are real copies on a stream. A device must not be used in a process made by `fork()`.
public final class Device: Sendable {
    /// Threads over all teams.
    public let threadCount: Int
    /// The most that device and pinned host memory may take together, in bytes. CUDA: the total of `cudaMemGetInfo`.
    public let memoryLimitByteCount: Int
    private let schedulers: [TeamScheduler]
    private let table = AllocationTable()
    let pool = MemoryPool()
    let legacy = LegacyOrdering()
    let process = ProcessIdentity.current
    private let nextTeam = Atomic<Int>(0)
    private let defaultCore = Locked<StreamCore?>(nil)

    /// The CPU as a device.
    ///
    /// - Parameters:
    ///   - threads: threads that compute, over all teams; nil takes every physical core that affinity and control groups
    ///     leave to the process. More than there are is allowed: the system then shares cores between threads, and members
    ///     of a team sleep instead of spinning.
    ///   - teams: how many teams share the threads. Streams are spread over the teams in turn; streams of one team
    ///     take turns step by step, streams of different teams compute at the same time.
    ///   - memoryLimitByteCount: the most that device and pinned host memory may take together; nil takes what the machine
    ///     and the control groups leave to the process.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for counts below one or more teams than threads,
    ///   ``ExecutionError/failedInitialization(_:)`` when threads cannot be started.
    public static func cpu(
        threads: Int? = nil,
        teams: Int = 1,
        memoryLimitByteCount: Int? = nil
    ) throws(ExecutionError) -> Device {
        let threadCount = threads ?? CPUTopology.current.usableCoreCount
        guard (1...4096).contains(threadCount) else {
            throw .invalidArgument(
                .init(
                    "impossible thread count",
                    in: "Device.cpu(threads:)",
                    got: "\(threadCount)",
                    expected: "1 to 4096"
                )
            )
        }
        guard teams >= 1, threads == nil || teams <= threadCount else {
            throw .invalidArgument(
                .init(
                    "impossible team count",
                    in: "Device.cpu(threads:teams:)",
                    got: "\(teams) teams for \(threadCount) threads",
                    expected: "1 to \(threadCount) teams"
                )
            )
        }
        return try Device(
            threadCount: max(threadCount, teams),
            teamCount: teams,
            memoryLimitByteCount: memoryLimitByteCount ?? MemoryLimits.current.usableByteCount
        )
    }

    private init(threadCount: Int, teamCount: Int, memoryLimitByteCount: Int) throws(ExecutionError) {
        var schedulers: [TeamScheduler] = []
        for index in 0..<teamCount {
            let count = threadCount / teamCount + (index < threadCount % teamCount ? 1 : 0)
            do {
                let fits = threadCount <= CPUTopology.current.usableCoreCount
                schedulers.append(
                    TeamScheduler(
                        team: try WorkerTeam(
                            threadCount: count,
                            name: "alula-team\(index)",
                            spinNanoseconds: fits ? nil : 0
                        )
                    )
                )
            } catch {
                throw ExecutionError(error, in: "Device.cpu(threads:teams:)")
            }
        }
        self.threadCount = threadCount
        self.memoryLimitByteCount = memoryLimitByteCount
        self.schedulers = schedulers
    }

    deinit {
        defaultCore.withLock { $0 }?.stop()
    }

    /// Worker teams the threads are split into.
    public var teamCount: Int { schedulers.count }

    // MARK: Memory

    /// Allocates device memory: zero, 256-byte aligned, huge pages when big.
    /// - Throws: ``ExecutionError/failedAllocation(_:)``, ``ExecutionError/invalidArgument(_:)`` for a negative size.
    /// - Note: CUDA: `cudaMalloc`.
    public func allocate(byteCount: Int) throws(ExecutionError) -> DeviceMemory {
        DeviceMemory(try makeAllocation(.device, byteCount: byteCount), in: table)
    }

    /// Allocates pinned host memory.
    /// - Throws: As ``allocate(byteCount:)``.
    /// - Note: CUDA: `cudaHostAlloc`.
    public func allocateHost(byteCount: Int) throws(ExecutionError) -> HostMemory {
        HostMemory(try makeAllocation(.pinnedHost, byteCount: byteCount), in: table)
    }

    /// Makes memory of the caller's pinned host memory: copies and bindings use it in place until it is freed.
    ///
    /// - Parameter lent: the bytes, which must not overlap any live allocation of the device.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when they do or there are none.
    /// - Note: CUDA: `cudaHostRegister`.
    package func registerHost(_ lent: AlignedAllocation) throws(ExecutionError) -> HostMemory {
        try checkCallable("registerHost")
        guard lent.byteCount > 0 else {
            throw .invalidArgument(
                .init("empty memory", in: "host memory registration", got: "0 bytes", expected: "at least one byte")
            )
        }
        let memory = Allocation(kind: .pinnedHost, storage: lent, byteCount: lent.byteCount)
        try table.insertForeign(memory)
        return HostMemory(memory, in: table, isRegistered: true)
    }

    private func makeAllocation(_ kind: MemoryKind, byteCount: Int) throws(ExecutionError) -> Allocation {
        try checkCallable("allocate")
        try checkBudget(byteCount: byteCount, location: "\(kind) memory allocation")
        do throws(SystemError) {
            return Allocation(kind: kind, storage: try AlignedAllocation(byteCount: byteCount), byteCount: byteCount)
        } catch {
            throw ExecutionError(error, in: "\(kind) memory allocation")
        }
    }

    /// Makes room for `byteCount` bytes: pooled memory goes first.
    /// - Throws: ``ExecutionError/failedAllocation(_:)`` when live allocations leave less.
    func checkBudget(byteCount: Int, location: @autoclosure () -> String) throws(ExecutionError) {
        let freeByteCount = memoryLimitByteCount - table.liveByteCount
        guard byteCount <= freeByteCount else {
            throw .failedAllocation(
                .init(
                    "out of memory",
                    in: location(),
                    got: "\(freeByteCount) of \(memoryLimitByteCount) bytes free",
                    expected: "\(byteCount) bytes"
                )
            )
        }
        if byteCount > freeByteCount - pool.byteCount { pool.trim() }
    }

    /// Registers memory that a stream took from the pool.
    func adopt(_ allocation: Allocation) -> DeviceMemory { DeviceMemory(allocation, in: table) }

    /// Bytes in live device and pinned host allocations.
    public var allocatedByteCount: Int { table.liveByteCount }

    /// Bytes freed in stream order and kept for reuse.
    public var pooledByteCount: Int { pool.byteCount }

    /// Gives memory kept for reuse back to the system. CUDA: `cudaMemPoolTrimTo`.
    public func trimPool() { pool.trim() }

    /// Checks a raw address, as it comes from C or Python, against the live allocations.
    ///
    /// - Parameter purpose: what the memory is for, for the error: "binding 'input'".
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` naming a freed or foreign address, or needed and given byte counts.
    public func memoryRange(
        at address: DeviceAddress,
        byteCount: Int,
        for purpose: String
    ) throws(ExecutionError) -> MemoryRange {
        try table.range(at: address, byteCount: byteCount, for: purpose)
    }

    /// What kind of memory an address belongs to; nil for memory the device does not know, such as pageable host memory.
    /// - Note: CUDA: `cudaPointerGetAttributes`.
    public func memoryKind(at address: DeviceAddress) -> MemoryKind? {
        try? table.range(at: address, byteCount: 0, for: "query").kind
    }

    // MARK: Streams

    /// Makes a stream with its own thread.
    ///
    /// - Parameters:
    ///   - name: shown in errors, traces and the thread list; nil makes one up.
    ///   - priority: lower goes first where streams compete for a team; a hint.
    ///   - isNonBlocking: exempt from the order against the default stream. CUDA: `cudaStreamNonBlocking`.
    /// - Throws: ``ExecutionError/failedInitialization(_:)`` when no thread can be started.
    /// - Note: CUDA: `cudaStreamCreateWithPriority`.
    public func makeStream(
        name: String? = nil,
        priority: Int = 0,
        isNonBlocking: Bool = false
    ) throws(ExecutionError) -> ExecutionStream {
        try checkCallable("makeStream")
        let core = makeCore(name: name, priority: priority, kind: isNonBlocking ? .nonBlocking : .blocking)
        legacy.add(core)
        do {
            try core.start()
        } catch {
            legacy.remove(core)
            throw error
        }
        return ExecutionStream(core: core, device: self, ownsCore: true)
    }

    /// The default (legacy) stream, handle 0: ordered against all blocking streams, both ways.
    /// - Throws: ``ExecutionError/failedInitialization(_:)`` when its thread cannot be started.
    public func defaultStream() throws(ExecutionError) -> ExecutionStream {
        try checkCallable("defaultStream")
        let core = try defaultCore.withLock { existing throws(ExecutionError) -> StreamCore in
            if let existing { return existing }
            let core = StreamCore(
                handle: 0,
                name: "default",
                kind: .legacyDefault,
                isHandCranked: false,
                lease: TeamLease(scheduler: schedulers[0], priority: 0),
                legacy: legacy
            )
            try core.start()
            legacy.add(core)
            existing = core
            return core
        }
        return ExecutionStream(core: core, device: self, ownsCore: false)
    }

    /// The stream with this handle; 0 and 1 are the default stream, as in CUDA. The result does not keep the stream from
    /// being destroyed by its owner.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when there is none.
    public func stream(handle: Int) throws(ExecutionError) -> ExecutionStream {
        if handle == 0 || handle == 1 { return try defaultStream() }
        guard let core = legacy.streams.first(where: { $0.handle == handle }) else {
            throw .invalidArgument(
                .init(
                    "unknown stream",
                    in: "Device.stream(handle:)",
                    got: "\(handle)",
                    expected: "a live stream's handle"
                )
            )
        }
        return ExecutionStream(core: core, device: self, ownsCore: false)
    }

    /// A core on the next team in turn.
    func makeCore(name: String?, priority: Int, kind: StreamCore.Kind, isHandCranked: Bool = false) -> StreamCore {
        let handle = streamSerial.wrappingAdd(1, ordering: .relaxed).newValue
        let team = nextTeam.wrappingAdd(1, ordering: .relaxed).oldValue % schedulers.count
        return StreamCore(
            handle: handle,
            name: name ?? "stream-\(handle)",
            kind: kind,
            isHandCranked: isHandCranked,
            lease: TeamLease(scheduler: schedulers[team], priority: priority),
            legacy: legacy
        )
    }

    /// Blocks until everything enqueued on all streams so far has run.
    /// - Throws: ``ExecutionError/notPermitted(_:)`` in a host function. Failures stay with their streams.
    /// - Note: CUDA: `cudaDeviceSynchronize`.
    public func synchronize() throws(ExecutionError) {
        try checkCallable("synchronize")
        for core in legacy.streams { core.waitUntilComplete(core.lastPushed) }
    }

    private func checkCallable(_ call: String) throws(ExecutionError) {
        try CallGuard.check(call: call, location: "device", process: process)
    }
}

/// Handles 0, 1 and 2 have a meaning of their own in CUDA.
private let streamSerial = Atomic<Int>(2)
