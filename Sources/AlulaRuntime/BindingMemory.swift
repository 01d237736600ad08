// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// What a binding may be given as: memory objects, ranges of them, or raw addresses from C and Python.
///
/// Pinned host memory is accepted too: the engine then reads or writes it directly, without a copy.
public protocol BindingMemory {
    /// The checked bytes behind one binding.
    ///
    /// - Parameters:
    ///   - device: the device the engine runs on; the memory must be live and belong to it.
    ///   - byteCount: the bytes needed; nil for as many as there are.
    ///   - purpose: the binding, for errors.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` naming freed or foreign memory, or needed and given byte counts.
    func memoryRange(
        on device: Device,
        byteCount: Int?,
        for purpose: String
    ) throws(ExecutionError) -> MemoryRange
}

extension DeviceAddress: BindingMemory {
    /// The bytes from this address on.
    public func memoryRange(
        on device: Device,
        byteCount: Int?,
        for purpose: String
    ) throws(ExecutionError) -> MemoryRange {
        let range = try device.memoryRange(at: self, byteCount: byteCount ?? 0, for: purpose)
        guard byteCount == nil else { return range }
        return MemoryRange(
            allocation: range.allocation,
            byteRange: range.byteRange.lowerBound..<range.allocation.byteCount
        )
    }
}

extension BindingMemory where Self: MemoryRangeConvertible {
    /// The first bytes of the memory.
    public func memoryRange(
        on device: Device,
        byteCount: Int?,
        for purpose: String
    ) throws(ExecutionError) -> MemoryRange {
        let whole = try memoryRange()
        let neededByteCount = byteCount ?? whole.byteCount
        guard neededByteCount <= whole.byteCount else {
            throw .tooShort(purpose, neededByteCount: neededByteCount, givenByteCount: whole.byteCount)
        }
        try whole.checkLive(in: purpose)
        let known = try device.memoryRange(at: whole.address, byteCount: neededByteCount, for: purpose)
        guard known.allocation === whole.allocation else {
            throw .invalidArgument(
                .init(
                    "memory belongs to another device",
                    in: purpose,
                    got: "\(whole.address)",
                    expected: "memory of this device"
                )
            )
        }
        return known
    }
}

extension DeviceMemory: BindingMemory {}
extension HostMemory: BindingMemory {}
extension MemoryRange: BindingMemory {}

extension MemoryRange {
    /// A tensor over the bytes from `byteOffset` of this range on; nil when it does not fit or is misaligned.
    func tensor(
        _ type: TensorType,
        byteOffset: Int = 0,
        outerStrideElements: Int? = nil
    ) -> Tensor? {
        Tensor(
            dataType: type.dataType,
            shape: type.shape,
            storage: allocation.tensorStorage,
            byteOffset: byteRange.lowerBound + byteOffset,
            outerStrideElements: outerStrideElements
        )
    }
}
