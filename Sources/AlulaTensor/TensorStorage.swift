// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Memory that tensors point into: an own 256-byte aligned allocation, or memory kept alive by another owner.
///
/// - Safety: The storage either owns its allocation and frees it in `deinit`, or holds a strong reference to the object
///   that does, so an address handed to a ``Tensor`` outlives the tensor. All access goes through ``Tensor``, which
///   bounds every span by the range it was made with. Two threads may write disjoint ranges at once; whoever schedules
///   the work (stream order, the static split of a step) keeps ranges disjoint.
@safe
public final class TensorStorage: @unchecked Sendable {
    // Safety: see above; only `alignedAddress` ever changes, once and atomically.
    /// The alignment of owned memory, in bytes.
    public static let alignmentBytes = 256

    /// Where the bytes lie, however they are aligned: for reading raw bytes.
    let origin: UnsafeMutableRawPointer
    private let owner: AnyObject?
    private let isAlignedOnUse: Bool
    /// The address elements are read at; 0 until memory that is aligned on use is used.
    private let alignedAddress: Atomic<UInt>

    /// Bytes the storage spans.
    public let byteCount: Int

    /// Allocates `byteCount` bytes of zeroed memory.
    public convenience init(zeroedByteCount byteCount: Int) {
        self.init(uninitializedByteCount: byteCount)
        unsafe origin.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }

    /// Allocates `byteCount` bytes whose content is arbitrary: every byte must be written before it is read.
    public init(uninitializedByteCount byteCount: Int) {
        unsafe origin = .allocate(byteCount: max(byteCount, 1), alignment: Self.alignmentBytes)
        alignedAddress = Atomic(unsafe UInt(bitPattern: origin))
        self.byteCount = byteCount
        owner = nil
        isAlignedOnUse = false
    }

    /// Wraps memory that `owner` keeps alive and in place.
    ///
    /// - Safety: `address ..< address + byteCount` must be readable for as long as `owner` lives, and writable if any
    ///   tensor over it is written.
    @unsafe
    public init(address: UInt, byteCount: Int, owner: AnyObject) {
        // The fallback is never dereferenced: a zero address is only legal with zero bytes.
        let fallback = unsafe UnsafeMutableRawPointer(bitPattern: 256).unsafelyUnwrapped
        unsafe origin = UnsafeMutableRawPointer(bitPattern: address) ?? fallback
        alignedAddress = Atomic(unsafe UInt(bitPattern: origin))
        self.byteCount = byteCount
        self.owner = owner
        isAlignedOnUse = false
    }

    /// Wraps memory that `owner` keeps alive and in place, such as a mapped file or an allocation of a device.
    ///
    /// - Precondition: `bytes` belong to `owner`: they stay valid, at this address, for as long as it lives. They must be
    ///   writable if any tensor over the storage is written.
    package convenience init(viewing bytes: RawSpan, of owner: AnyObject) {
        let address = unsafe bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        unsafe self.init(address: address, byteCount: bytes.byteCount, owner: owner)
    }

    /// Wraps `byteCount` bytes of `storage`, which lie at any address: when elements are first used, they are copied to
    /// aligned memory; ``Tensor/bytes`` reads them where they are. Read-only.
    ///
    /// - Precondition: the range is inside `storage`.
    package init(aligningOnUse storage: TensorStorage, byteOffset: Int, byteCount: Int) {
        precondition(
            byteOffset >= 0 && byteCount >= 0 && byteCount <= storage.byteCount - byteOffset,
            "outside storage"
        )
        unsafe origin = storage.origin + byteOffset
        alignedAddress = Atomic(0)
        self.byteCount = byteCount
        owner = storage
        isAlignedOnUse = true
    }

    deinit {
        if owner == nil { unsafe origin.deallocate() }
        // Relaxed: nobody else holds the storage any more.
        if isAlignedOnUse,
            let copy = unsafe UnsafeMutableRawPointer(
                bitPattern: alignedAddress.load(ordering: .relaxed)
            )
        {
            unsafe copy.deallocate()
        }
    }

    /// The address of the first byte, for alias checks and generated code.
    public var address: UInt { unsafe UInt(bitPattern: base) }

    /// Where elements are read and written.
    var base: UnsafeMutableRawPointer {
        // Acquiring: pairs with the release in `alignNow`, so that the copied bytes are seen with the address.
        unsafe UnsafeMutableRawPointer(bitPattern: alignedAddress.load(ordering: .acquiring)) ?? alignNow()
    }

    /// Whether elements at `byteOffset` lie at an address divisible by `byteAlignment`, or will when they are used.
    func isAligned(at byteOffset: Int, to byteAlignment: Int) -> Bool {
        let start = unsafe isAlignedOnUse ? 0 : Int(bitPattern: origin)
        return (start + byteOffset) % byteAlignment == 0
    }

    /// Whether the bytes have been copied to aligned memory.
    package var isCopied: Bool { isAlignedOnUse && alignedAddress.load(ordering: .relaxed) != 0 }

    /// Copies the bytes to aligned memory; of several threads that do, the first one's copy stays.
    private func alignNow() -> UnsafeMutableRawPointer {
        let copy = UnsafeMutableRawPointer.allocate(
            byteCount: max(byteCount, 1),
            alignment: Self.alignmentBytes
        )
        unsafe copy.copyMemory(from: origin, byteCount: byteCount)
        let address = UInt(bitPattern: copy)
        let (isFirst, current) = alignedAddress.compareExchange(
            expected: 0,
            desired: address,
            successOrdering: .acquiringAndReleasing,
            failureOrdering: .acquiring
        )
        guard !isFirst, let other = unsafe UnsafeMutableRawPointer(bitPattern: current) else { return unsafe copy }
        unsafe copy.deallocate()
        return unsafe other
    }
}
