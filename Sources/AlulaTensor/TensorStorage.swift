// SPDX-License-Identifier: Apache-2.0

/// Memory that tensors point into: an own 256-byte aligned allocation, or memory kept alive by another owner.
///
/// - Safety: The storage either owns its allocation and frees it in `deinit`, or holds a strong reference to the object
///   that does, so an address handed to a ``Tensor`` outlives the tensor. All access goes through ``Tensor``, which
///   bounds every span by the range it was made with. Two threads may write disjoint ranges at once; whoever schedules
///   the work (stream order, the static split of a step) keeps ranges disjoint.
@safe
public final class TensorStorage: @unchecked Sendable {  // Safety: see above; the stored properties never change.
    /// The alignment of owned memory, in bytes.
    public static let alignmentBytes = 256

    let base: UnsafeMutableRawPointer
    private let owner: AnyObject?

    /// Bytes the storage spans.
    public let byteCount: Int

    /// Allocates `byteCount` bytes of zeroed memory.
    public init(zeroedByteCount byteCount: Int) {
        unsafe base = .allocate(byteCount: max(byteCount, 1), alignment: Self.alignmentBytes)
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        self.byteCount = byteCount
        owner = nil
    }

    /// Allocates `byteCount` bytes whose content is arbitrary: every byte must be written before it is read.
    public init(uninitializedByteCount byteCount: Int) {
        unsafe base = .allocate(byteCount: max(byteCount, 1), alignment: Self.alignmentBytes)
        self.byteCount = byteCount
        owner = nil
    }

    /// Wraps memory that `owner` keeps alive and in place.
    ///
    /// - Safety: `address ..< address + byteCount` must be readable for as long as `owner` lives, and writable if any
    ///   tensor over it is written.
    @unsafe
    public init(address: UInt, byteCount: Int, owner: AnyObject) {
        // The fallback is never dereferenced: a zero address is only legal with zero bytes.
        let fallback = unsafe UnsafeMutableRawPointer(bitPattern: 256).unsafelyUnwrapped
        unsafe base = UnsafeMutableRawPointer(bitPattern: address) ?? fallback
        self.byteCount = byteCount
        self.owner = owner
    }

    /// Wraps the bytes of `owner`, read-only, without copying.
    public convenience init(_ owner: some StableBytes) {
        let (address, byteCount) = owner.withBytes { bytes in
            (unsafe bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }, bytes.byteCount)
        }
        unsafe self.init(address: address, byteCount: byteCount, owner: owner)
    }

    /// Wraps memory that `owner` keeps alive and in place, such as a mapped file or an allocation of a device.
    ///
    /// - Precondition: `bytes` belong to `owner`: they stay valid, at this address, for as long as it lives. They must be
    ///   writable if any tensor over the storage is written.
    package convenience init(viewing bytes: RawSpan, of owner: AnyObject) {
        let address = unsafe bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        unsafe self.init(address: address, byteCount: bytes.byteCount, owner: owner)
    }

    deinit {
        if owner == nil { unsafe base.deallocate() }
    }

    /// The address of the first byte, for alias checks and generated code.
    public var address: UInt { unsafe UInt(bitPattern: base) }
}

/// An object whose bytes neither move nor change while it lives: a mapped file, say.
public protocol StableBytes: AnyObject, Sendable {
    /// Runs `body` on all bytes; every call gives the same range of memory.
    func withBytes<Result, Failure: Error>(_ body: (RawSpan) throws(Failure) -> Result) throws(Failure) -> Result
}
