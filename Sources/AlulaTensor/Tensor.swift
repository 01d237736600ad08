// SPDX-License-Identifier: Apache-2.0

/// A typed, shaped view of ``TensorStorage``: constants, bindings and workspace slices alike.
///
/// Copies share the storage. Elements lie in row-major order unless ``strides`` says otherwise; only the outermost
/// stride may differ from the contiguous one, which is what writing into a slice of a channel concatenation needs.
public struct Tensor: Sendable {
    /// The element type.
    public let dataType: DataType
    /// The extents, outermost first.
    public let shape: Shape
    /// The memory behind the tensor.
    public let storage: TensorStorage
    /// Bytes from the start of the storage to the first element.
    public let byteOffset: Int
    /// Elements between successive indices of the outermost axis.
    public let outerStrideElements: Int

    /// A view of `storage`; nil when the elements would not lie inside it or are misaligned for the type.
    public init?(
        dataType: DataType,
        shape: Shape,
        storage: TensorStorage,
        byteOffset: Int,
        outerStrideElements: Int? = nil
    ) {
        let inner = shape.rank > 0 ? shape.elementCount(in: 1..<shape.rank) : 1
        let outerStride = outerStrideElements ?? inner
        let rows = shape.rank > 0 ? shape[0] : 1
        let extentElements = rows == 0 || inner == 0 ? 0 : (rows - 1) * outerStride + inner
        guard byteOffset >= 0, outerStride >= inner,
            byteOffset + extentElements * dataType.byteCount <= storage.byteCount,
            storage.isAligned(at: byteOffset, to: dataType.byteCount)
        else { return nil }
        self.dataType = dataType
        self.shape = shape
        self.storage = storage
        self.byteOffset = byteOffset
        self.outerStrideElements = outerStride
    }

    /// A new tensor of zeros (false).
    public init(zeros dataType: DataType, shape: Shape) {
        self.init(
            fresh: dataType,
            shape: shape,
            storage: TensorStorage(zeroedByteCount: shape.elementCount * dataType.byteCount)
        )
    }

    /// A new tensor whose elements must all be written before they are read.
    public init(uninitialized dataType: DataType, shape: Shape) {
        self.init(
            fresh: dataType,
            shape: shape,
            storage: TensorStorage(uninitializedByteCount: shape.elementCount * dataType.byteCount)
        )
    }

    /// A new tensor holding `elements` in row-major order.
    ///
    /// - Precondition: the element count equals the shape's.
    public init<T: Element>(_ elements: [T], shape: Shape) {
        precondition(elements.count == shape.elementCount, "\(elements.count) elements for shape \(shape)")
        self.init(uninitialized: T.dataType, shape: shape)
        var target = mutableSpan(of: T.self)
        for index in elements.indices { target[index] = elements[index] }
    }

    /// A new rank-0 tensor.
    public init<T: Element>(scalar: T) { self.init([scalar], shape: .scalar) }

    private init(fresh dataType: DataType, shape: Shape, storage: TensorStorage) {
        self.dataType = dataType
        self.shape = shape
        self.storage = storage
        byteOffset = 0
        outerStrideElements = shape.rank > 0 ? shape.elementCount(in: 1..<shape.rank) : 1
    }

    // MARK: - Properties

    /// The number of elements.
    public var elementCount: Int { shape.elementCount }
    /// Bytes the elements take, without gaps between outer rows.
    public var byteCount: Int { elementCount * dataType.byteCount }
    /// The address of the first element, for generated code and alias checks.
    public var address: UInt { storage.address + UInt(byteOffset) }
    /// Data type and shape together.
    public var type: TensorType { TensorType(dataType, shape) }

    /// Whether the elements follow each other without gaps.
    public var isContiguous: Bool {
        shape.rank == 0 || shape[0] <= 1 || outerStrideElements == shape.elementCount(in: 1..<shape.rank)
    }

    /// The same elements under another shape with as many elements.
    ///
    /// - Precondition: the tensor is contiguous and the element counts agree.
    public func reshaped(to shape: Shape) -> Tensor {
        precondition(isContiguous && shape.elementCount == elementCount, "cannot view \(self.shape) as \(shape)")
        return Tensor(fresh: dataType, shape: shape, storage: storage, byteOffset: byteOffset)
    }

    /// Index `index` of the outermost axis, as a contiguous tensor of the remaining axes.
    public func outerRow(_ index: Int) -> Tensor {
        precondition(shape.rank > 0 && index >= 0 && index < shape[0], "row \(index) of \(shape)")
        return Tensor(
            fresh: dataType,
            shape: Shape(Array(shape.extents.dropFirst())),
            storage: storage,
            byteOffset: byteOffset + index * outerStrideElements * dataType.byteCount
        )
    }

    private init(fresh dataType: DataType, shape: Shape, storage: TensorStorage, byteOffset: Int) {
        self.dataType = dataType
        self.shape = shape
        self.storage = storage
        self.byteOffset = byteOffset
        outerStrideElements = shape.rank > 0 ? shape.elementCount(in: 1..<shape.rank) : 1
    }
}

// MARK: - Elements

extension Tensor {
    /// The elements of a contiguous tensor, read-only.
    ///
    /// - Precondition: the tensor is contiguous and `T` is the Swift type of ``dataType``.
    @_lifetime(borrow self)
    public func span<T: Element>(of type: T.Type) -> Span<T> {
        checkAccess(T.dataType)
        let pointer = unsafe (storage.base + byteOffset).assumingMemoryBound(to: T.self)
        let span = unsafe Span(_unsafeStart: pointer, count: elementCount)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// The elements of a contiguous tensor, writable.
    ///
    /// Several spans over one storage may be alive at once; writers of one element must not run concurrently with other
    /// users of it.
    /// - Precondition: the tensor is contiguous and `T` is the Swift type of ``dataType``.
    @_lifetime(borrow self)
    public func mutableSpan<T: Element>(of type: T.Type) -> MutableSpan<T> {
        checkAccess(T.dataType)
        let pointer = unsafe (storage.base + byteOffset).assumingMemoryBound(to: T.self)
        let span = unsafe MutableSpan(_unsafeStart: pointer, count: elementCount)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// The bytes of a contiguous tensor, read-only.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            precondition(isContiguous, "bytes of a strided tensor")
            let span = unsafe RawSpan(_unsafeStart: storage.origin + byteOffset, byteCount: byteCount)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The elements as an array, copied.
    ///
    /// - Precondition: as ``span(of:)``.
    public func elements<T: Element>(as type: T.Type) -> [T] {
        checkAccess(T.dataType)
        return unsafe [T](unsafeUninitializedCapacity: elementCount) { buffer, count in
            count = elementCount
            guard let start = buffer.baseAddress else { return }
            unsafe UnsafeMutableRawPointer(start).copyMemory(from: storage.base + byteOffset, byteCount: byteCount)
        }
    }

    /// All elements converted to 64-bit integers; nil when they are not integers or bools.
    public func integers() -> [Int]? {
        if dataType == .bool { return elements(as: Bool.self).map { $0 ? 1 : 0 } }
        guard dataType.isInteger, let type = dataType.numericElementType else { return nil }
        func convert<T: NumericElement>(_: T.Type) -> [Int] { elements(as: T.self).map { Int($0.asInt64) } }
        return convert(type)
    }

    /// All elements converted to doubles; bools become 0 and 1.
    public func doubles() -> [Double] {
        if dataType == .float32 { return elements(as: Float.self).map { Double($0) } }
        guard let type = dataType.numericElementType else { return elements(as: Bool.self).map { $0 ? 1 : 0 } }
        func convert<T: NumericElement>(_: T.Type) -> [Double] { elements(as: T.self).map(\.asDouble) }
        return convert(type)
    }

    /// Copies all elements of `source`, which has the same data type and element count; strides may differ.
    public func copyElements(from source: Tensor) {
        precondition(source.dataType == dataType && source.elementCount == elementCount, "copy of unlike tensors")
        guard !(isContiguous && source.isContiguous) else {
            return unsafe (storage.base + byteOffset)
                .copyMemory(from: source.storage.origin + source.byteOffset, byteCount: byteCount)
        }
        precondition(source.shape == shape, "strided copy of unlike shapes")
        for index in 0..<shape[0] { outerRow(index).copyElements(from: source.outerRow(index)) }
    }

    private func checkAccess(_ requested: DataType) {
        precondition(dataType == requested, "tensor of \(dataType) read as \(requested)")
        precondition(isContiguous, "span over a strided tensor")
    }
}

/// A data type and a shape: everything about a tensor but its memory.
public struct TensorType: Sendable, Hashable, CustomStringConvertible {
    /// The element type.
    public var dataType: DataType
    /// The extents.
    public var shape: Shape

    /// A tensor type.
    public init(_ dataType: DataType, _ shape: Shape) {
        self.dataType = dataType
        self.shape = shape
    }

    /// Bytes a contiguous tensor of this type takes.
    public var byteCount: Int { shape.elementCount * dataType.byteCount }
    /// For example `float32 [1, 64, 496, 432]`.
    public var description: String { "\(dataType) \(shape)" }
}
