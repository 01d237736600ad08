// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// Where the operands of an epilogue lie, as generated code reads it: by operand number.
///
/// For an operand that varies like dst, its address minus that of dst, so that one register leads to both. For one that
/// varies by channel, the address of the channels of the first block a call computes; for a single element its address.
package struct EpilogueArguments: BitwiseCopyable, Sendable {
    private var first = 0
    private var second = 0
    private var third = 0
    private var fourth = 0

    /// Operands an argument structure has room for.
    package static let limit = 4

    package init() {}

    /// Bytes from the start of the structure to operand number `index`.
    static func byteOffset(of index: Int) -> Int { index * MemoryLayout<Int>.stride }

    package subscript(index: Int) -> Int {
        get {
            switch index {
            case 0: first
            case 1: second
            case 2: third
            default: fourth
            }
        }
        set {
            switch index {
            case 0: first = newValue
            case 1: second = newValue
            case 2: third = newValue
            default: fourth = newValue
            }
        }
    }
}

extension Epilogue {
    /// Why generators with blocked dst do not cover the epilogue; nil if they do.
    package var blockedRejection: String? {
        guard operands.count <= EpilogueArguments.limit else {
            return "\(operands.count) operands, expected \(EpilogueArguments.limit) or fewer"
        }
        return operands.contains { $0.extent == .row } ? "an operand without channels" : nil
    }
}

/// Emits an epilogue on vectors of a blocked dst.
struct BlockedEpilogue {
    private let epilogue: Epilogue
    private let jit: KernelBuilder
    /// By operand number: the field of ``EpilogueArguments``, loaded; nil where the operand is a number.
    private let fields: [IntegerVariable?]
    private let dst: IntegerVariable
    private let channelByteOffset: IntegerVariable?

    /// Loads where the operands lie.
    ///
    /// - Parameters:
    ///   - argumentsByteOffset: of the ``EpilogueArguments`` in the kernel's arguments.
    ///   - dst: an address in dst, which ``emit(_:dstByteOffset:blockByteOffset:)`` counts from.
    ///   - channelByteOffset: bytes from the channels of the call's first block to those the code computes now; nil: none.
    init(
        _ epilogue: Epilogue,
        _ jit: KernelBuilder,
        argumentsByteOffset: Int?,
        dst: IntegerVariable,
        channelByteOffset: IntegerVariable? = nil
    ) {
        self.epilogue = epilogue
        self.jit = jit
        self.dst = dst
        self.channelByteOffset = channelByteOffset
        let inMemory = Set(epilogue.memoryOperands)
        fields = epilogue.operands.indices.map { index in
            guard inMemory.contains(index) else { return nil }
            let place = argumentsByteOffset.map { $0 + EpilogueArguments.byteOffset(of: index) }
            return jit.argument("operand \(index)", at: place)
        }
    }

    /// Takes `value` through all stages, in place.
    ///
    /// - Parameters:
    ///   - dstByteOffset: from the address in dst to the value's place.
    ///   - blockByteOffset: from the channels at hand to the value's; more than 0 where several blocks are computed at once.
    func emit(_ value: FloatVector, dstByteOffset: Int, blockByteOffset: Int = 0) {
        EpilogueEmitter(epilogue, jit).emit(value) { index in
            guard let field = fields[index] else { return Float(0) }  // never asked for
            switch epilogue.operands[index].extent {
            case .full: return dst[field, scale: 1, dstByteOffset]
            case .channel, .imageChannel:
                guard let channelByteOffset else { return field[blockByteOffset] }
                return field[channelByteOffset, scale: 1, blockByteOffset]
            case .number, .scalar, .row: return field[0].repeated
            }
        }
    }
}
