// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// An operator `dst = f(src)` on every element of one floating-point tensor.
///
/// src: float32, float16 or float64, any shape; dst: the same type and shape. A conforming type states `f` in
/// `float64`; `float32` and `float16` results are `f` rounded once, unless the type also states `f` in `float32`.
public protocol FloatUnaryOperator: ElementwiseOperator {
    /// The scalar function in `float64`.
    func apply(_ x: Double) -> Double
}

extension FloatUnaryOperator {
    /// The scalar function in `float64`, rounded.
    public func apply(_ x: Float) -> Float { Float(apply(Double(x))) }

    /// The input's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.floats, of: 0)
        return [try inputs.required(0).type]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0) else { return }
        switch src.dataType {
        case .float32: mapElements(src, into: dst) { (x: Float) in apply(x) }
        case .float16: mapElements(src, into: dst) { (x: Float16) in Float16(apply(Float(x))) }
        default: mapElements(src, into: dst) { (x: Double) in apply(x) }
        }
    }
}

/// `dst[i] = transform(src[i])` for contiguous tensors of equal element count.
@inline(__always)
func mapElements<S: Element, D: Element>(_ src: Tensor, into dst: Tensor, _ transform: (S) -> D) {
    let source = src.span(of: S.self)
    var target = dst.mutableSpan(of: D.self)
    precondition(source.count == target.count, "map of \(source.count) elements into \(target.count)")
    for index in 0..<source.count { target[index] = transform(source[index]) }
}
