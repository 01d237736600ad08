// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT

/// What a planar convolution applies to the sum before it is stored.
package enum PlanarActivation: Hashable, Sendable {
    case none
    case relu
    /// `x < 0 ? slope · x : x`.
    case leakyRelu(slope: Float)
    case clip(lower: Float, upper: Float)

    /// The end of a kernel identifier.
    var nameSuffix: String {
        switch self {
        case .none: ""
        case .relu: "_relu"
        case .leakyRelu: "_leakyrelu"
        case .clip: "_clip"
        }
    }
}

/// Emits an activation on accumulators, with registers that are free at that point.
struct ConvolutionActivation {
    private let activation: PlanarActivation
    private let jit: KernelBuilder
    private let zero: FloatVector
    private let negative: FloatVector

    /// Prepares what the activation needs once for many values.
    ///
    /// - Parameter spare: two vectors whose values are no longer needed.
    init(_ activation: PlanarActivation, _ jit: KernelBuilder, spare: [FloatVector]) {
        self.activation = activation
        self.jit = jit
        zero = spare[0]
        negative = spare[1]
        switch activation {
        case .none, .clip: break
        case .relu, .leakyRelu: jit.set(zero, to: 0)
        }
    }

    /// `value = activation(value)`; NaN stays NaN, since the value is the operand the hardware returns then.
    func apply(_ value: FloatVector) {
        switch activation {
        case .none: break
        case .relu: jit.maximum(value, zero, value)
        case .leakyRelu(let slope):
            jit.minimum(negative, zero, value)
            jit.maximum(value, zero, value)
            jit.accumulate(value, negative, slope)
        case .clip(let lower, let upper):
            jit.set(zero, to: lower)
            jit.maximum(value, zero, value)
            jit.set(zero, to: upper)
            jit.minimum(value, zero, value)
        }
    }
}
