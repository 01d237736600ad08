// SPDX-License-Identifier: Apache-2.0

extension Tensor {
    /// A new tensor whose elements are copied from little-endian `bytes`; nil when the byte count is not the type's.
    ///
    /// `bool` bytes other than 0 are stored as 1, so that untrusted files cannot make invalid values.
    public init?(copying bytes: RawSpan, dataType: DataType, shape: Shape) {
        guard bytes.byteCount == shape.elementCount * dataType.byteCount else { return nil }
        self.init(uninitialized: dataType, shape: shape)
        copyBytes(from: bytes)
        guard dataType == .bool else { return }
        for index in 0..<byteCount {
            let byte = unsafe (storage.base + byteOffset + index).assumingMemoryBound(to: UInt8.self)
            unsafe byte.pointee = byte.pointee == 0 ? 0 : 1
        }
    }

    /// A new tensor whose elements are copied from little-endian `bytes`; nil when the byte count is not the type's.
    public init?(copying bytes: ArraySlice<UInt8>, dataType: DataType, shape: Shape) {
        self.init(copying: unsafe bytes.span.bytes, dataType: dataType, shape: shape)
    }

    /// Overwrites all elements with `bytes`.
    ///
    /// - Precondition: the tensor is contiguous and as long as `bytes`.
    public func copyBytes(from bytes: RawSpan) {
        precondition(isContiguous && bytes.byteCount == byteCount, "copy of \(bytes.byteCount) into \(byteCount) bytes")
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (storage.base + byteOffset).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// The bytes of a contiguous tensor, copied.
    public var byteArray: [UInt8] {
        let source = bytes
        return unsafe source.withUnsafeBytes { unsafe [UInt8]($0) }
    }
}
