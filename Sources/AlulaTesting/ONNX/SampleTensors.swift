// SPDX-License-Identifier: Apache-2.0

package import AlulaTensor

/// Small tensors for tests of readers and writers.
package enum SampleTensors {
    /// One tensor or more of every element type, with values at the type's limits; a scalar; an empty one.
    package static let everyType: [Tensor] = [
        Tensor([0, -1.5, .infinity, 3e38] as [Float], shape: [2, 2]),
        Tensor([0, -1.5, 65504] as [Float16], shape: [3]),
        Tensor([0.1, -1e300] as [Double], shape: [2]),
        Tensor([.min, -1, 0, .max] as [Int8], shape: [4]),
        Tensor([.min, -1, .max] as [Int16], shape: [3]),
        Tensor([.min, -1, .max] as [Int32], shape: [3, 1]),
        Tensor([.min, -1, .max] as [Int64], shape: [1, 3]),
        Tensor([0, 128, .max] as [UInt8], shape: [3]),
        Tensor([0, .max] as [UInt16], shape: [2]),
        Tensor([0, .max] as [UInt32], shape: [2]),
        Tensor([0, .max] as [UInt64], shape: [2]),
        Tensor([true, false, true], shape: [3]),
        Tensor(scalar: Float(7)),
        Tensor([] as [Float], shape: [0, 5]),
    ]
}
