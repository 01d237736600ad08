// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaSystem

/// What a handle stands for; the number is its lowest byte.
enum HandleKind: UInt8 {
    case device = 1
    case stream, event, graph, executableGraph, network, builder, plan, engine, context, bytes
}

/// An object that C knows by a handle.
protocol HandleObject: AnyObject, Sendable {
    /// The kind of its handles.
    static var kind: HandleKind { get }
}

/// All objects that C holds, by handle. A handle is a number: a generation, a slot, a kind. The generation of a slot grows
/// with every use, so that a destroyed handle is told from the next one in its slot.
final class HandleTable: Sendable {
    private struct Slot {
        var generation: UInt64 = 1
        var kind: HandleKind?
        var object: (any HandleObject)?
    }

    private struct State {
        var slots: [Slot] = []
        var free: [Int] = []
    }

    private static let kindBits: UInt64 = 8
    private static let slotBits: UInt64 = 32
    private static let generationLimit: UInt64 = 1 << 24

    /// The handles of the process.
    static let shared = HandleTable()

    private let state = Locked(State())

    /// Makes a handle for `object`, which lives at least as long.
    func insert(_ object: some HandleObject) -> UInt64 {
        state.withLock { state in
            let slot = state.free.popLast() ?? state.slots.count
            if slot == state.slots.count { state.slots.append(Slot()) }
            state.slots[slot].kind = type(of: object).kind
            state.slots[slot].object = object
            return Self.handle(slot, state.slots[slot].generation, type(of: object).kind)
        }
    }

    /// The object of a handle.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when the handle is stale, made up, or of another kind.
    func object<T: HandleObject>(_ handle: UInt64, as type: T.Type) throws(ExecutionError) -> T {
        try state.withLock { state throws(ExecutionError) in
            let slot = try Self.slot(of: handle, T.kind, in: state)
            guard let object = state.slots[slot].object else { throw Self.stale(handle, T.kind) }
            // The slot's kind was compared, and a kind belongs to one class.
            return unsafe unsafeDowncast(object, to: T.self)
        }
    }

    /// Gives up a handle and returns its object, which lives on while others use it.
    /// - Throws: As ``object(_:as:)``.
    @discardableResult
    func remove<T: HandleObject>(_ handle: UInt64, as type: T.Type) throws(ExecutionError) -> T {
        let object = try state.withLock { state throws(ExecutionError) -> (any HandleObject)? in
            let slot = try Self.slot(of: handle, T.kind, in: state)
            let object = state.slots[slot].object
            state.slots[slot].object = nil
            state.slots[slot].kind = nil
            state.slots[slot].generation += 1
            // A slot whose generations are used up is not used again.
            if state.slots[slot].generation < Self.generationLimit { state.free.append(slot) }
            return object
        }
        guard let object else { throw Self.stale(handle, T.kind) }
        return unsafe unsafeDowncast(object, to: T.self)
    }

    private static func handle(_ slot: Int, _ generation: UInt64, _ kind: HandleKind) -> UInt64 {
        generation << (slotBits + kindBits) | UInt64(slot) << kindBits | UInt64(kind.rawValue)
    }

    private static func slot(of handle: UInt64, _ kind: HandleKind, in state: State) throws(ExecutionError) -> Int {
        let given = UInt8(truncatingIfNeeded: handle)
        guard given == kind.rawValue else {
            let got = HandleKind(rawValue: given).map { "the handle of a kind '\($0)'" } ?? "\(handle), not a handle"
            throw .invalidArgument(
                .init("foreign handle", in: "C interface", got: got, expected: "the handle of a \(kind)")
            )
        }
        let slot = Int(handle >> kindBits & (1 << slotBits - 1))
        guard slot < state.slots.count, state.slots[slot].kind == kind,
            state.slots[slot].generation == handle >> (slotBits + kindBits)
        else { throw stale(handle, kind) }
        return slot
    }

    private static func stale(_ handle: UInt64, _ kind: HandleKind) -> ExecutionError {
        .invalidArgument(
            .init(
                "stale handle",
                in: "C interface",
                got: "0x\(String(handle, radix: 16)), destroyed or never made",
                expected: "the handle of a live \(kind)"
            )
        )
    }
}
