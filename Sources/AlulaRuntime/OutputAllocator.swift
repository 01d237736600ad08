// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Provides memory for outputs whose size only a run tells.
///
/// Called on the stream's thread while the engine runs; may allocate device memory, must not wait for streams or events.
/// TensorRT counterpart: `IOutputAllocator`.
public protocol OutputAllocator: AnyObject, Sendable {
    /// Memory of at least `byteCount` bytes for output `tensor`; nil makes the run fail.
    ///
    /// The memory must stay allocated until the run has completed.
    func reallocateOutput(tensor: String, byteCount: Int) -> MemoryRange?

    /// Output `tensor` has this shape in the run under way. Called after ``reallocateOutput(tensor:byteCount:)``.
    func notifyShape(tensor: String, shape: Shape)
}
