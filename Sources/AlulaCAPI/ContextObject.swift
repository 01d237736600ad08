// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem
internal import CAlula
internal import Synchronization

/// An execution context as C knows it. Swift lets one caller at a time at a context by type; here a flag does.
final class ContextObject: HandleObject {
    static let kind = HandleKind.context

    /// What calls work on.
    struct State {
        let context: ExecutionContext
        /// Addresses of the call under way, kept so that enqueueing allocates nothing.
        var addresses: [DeviceAddress] = []

        /// Takes over the addresses of a call.
        ///
        /// - Safety: `bindings` is null with a count of zero, or the caller's array of `count` addresses.
        @safe
        mutating func take(_ bindings: UnsafePointer<UnsafeMutableRawPointer?>?, _ count: Int) throws(ExecutionError) {
            addresses.removeAll(keepingCapacity: true)
            guard count > 0 else { return }
            guard let bindings = unsafe bindings else { throw .missing("bindings") }
            for index in 0..<count { addresses.append(DeviceAddress(UInt(bitPattern: unsafe bindings[index]))) }
        }
    }

    private let state: Locked<State>
    /// Acquired and released around every call; the lock above is never contended.
    private let isClaimed = Atomic(false)

    init(_ context: sending ExecutionContext) { state = Locked(State(context: context)) }

    /// Runs `body` on a handle's context.
    /// - Throws: ``ExecutionError/invalidState(_:)`` while another thread is in a call on the same context.
    static func with<Result>(
        _ handle: alula_context,
        _ body: (inout State) throws(ExecutionError) -> Result
    ) throws(ExecutionError) -> Result {
        let object = try HandleTable.shared.object(handle.value, as: ContextObject.self)
        guard !object.isClaimed.exchange(true, ordering: .acquiring) else {
            throw .invalidState(
                .init(
                    "context is in use by another caller",
                    in: "C interface",
                    got: "a second concurrent call",
                    expected: "one caller at a time; use one context per thread"
                )
            )
        }
        defer { object.isClaimed.store(false, ordering: .releasing) }
        return try object.state.withLock(body)
    }
}

/// Passes layer times on to C.
final class LayerTimeCallback: Profiler {
    private let report: @Sendable (String, Double) -> Void

    init(_ report: @escaping @Sendable (String, Double) -> Void) { self.report = report }

    func reportLayerTime(_ layerName: String, milliseconds: Double) { report(layerName, milliseconds) }
}

/// Asks C for the memory of an output.
final class OutputCallback: OutputAllocator {
    private let device: Device
    private let reallocate: @Sendable (_ tensor: String, _ byteCount: Int) -> UInt
    private let notify: @Sendable (_ tensor: String, _ shape: Shape) -> Void

    init(
        on device: Device,
        reallocate: @escaping @Sendable (_ tensor: String, _ byteCount: Int) -> UInt,
        notify: @escaping @Sendable (_ tensor: String, _ shape: Shape) -> Void
    ) {
        self.device = device
        self.reallocate = reallocate
        self.notify = notify
    }

    func reallocateOutput(tensor: String, byteCount: Int) -> MemoryRange? {
        let address = DeviceAddress(reallocate(tensor, byteCount))
        return try? device.memoryRange(at: address, byteCount: byteCount, for: "output '\(tensor)'")
    }

    func notifyShape(tensor: String, shape: Shape) { notify(tensor, shape) }
}
