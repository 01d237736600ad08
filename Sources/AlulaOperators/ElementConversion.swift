// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// Converts every element of `src` to `dst`'s type, with the rules of ``Cast``; shapes hold equally many elements.
///
/// Conversions between the types networks mix are specialised; the others go through generic code.
func convertElements(of src: Tensor, into dst: Tensor) {
    switch (src.dataType, dst.dataType) {
    case (let from, let to) where from == to: dst.reshaped(to: src.shape).copyElements(from: src)
    case (.float32, .float16): mapElements(src, into: dst) { (x: Float) in Float16(x) }
    case (.float16, .float32): mapElements(src, into: dst) { (x: Float16) in Float(x) }
    case (.float32, .int64): mapElements(src, into: dst) { (x: Float) in truncated(x) }
    case (.float32, .int32): mapElements(src, into: dst) { (x: Float) in Int32(truncatingIfNeeded: truncated(x)) }
    case (.float32, .float64): mapElements(src, into: dst) { (x: Float) in Double(x) }
    case (.float64, .float32): mapElements(src, into: dst) { (x: Double) in Float(x) }
    case (.int64, .float32): mapElements(src, into: dst) { (x: Int64) in Float(x) }
    case (.int32, .float32): mapElements(src, into: dst) { (x: Int32) in Float(x) }
    case (.int64, .int32): mapElements(src, into: dst) { (x: Int64) in Int32(truncatingIfNeeded: x) }
    case (.int32, .int64): mapElements(src, into: dst) { (x: Int32) in Int64(x) }
    case (.uint8, .float32): mapElements(src, into: dst) { (x: UInt8) in Float(x) }
    case (.int8, .float32): mapElements(src, into: dst) { (x: Int8) in Float(x) }
    case (.bool, _): convertBools(of: src, into: dst)
    case (_, .bool): convertToBools(src, into: dst)
    default: convertNumbers(of: src, into: dst)
    }
}

/// `x` truncated toward zero and saturated; NaN is zero. ``Int64/init(saturating:)`` where the compiler sees it.
@inline(__always)
private func truncated(_ x: Float) -> Int64 {
    guard x.magnitude < 0x1p63 else { return x.isNaN ? 0 : x > 0 ? .max : .min }
    return Int64(x)
}

private func convertBools(of src: Tensor, into dst: Tensor) {
    func run<D: NumericElement>(_: D.Type) {
        let (no, yes) = (D(converting: 0 as Int64), D(converting: 1 as Int64))
        mapElements(src, into: dst) { (x: Bool) in x ? yes : no }
    }
    switch dst.dataType {
    case .float32: run(Float.self)
    case .int32: run(Int32.self)
    case .int64: run(Int64.self)
    default: if let type = dst.dataType.numericElementType { run(type) }
    }
}

private func convertToBools(_ src: Tensor, into dst: Tensor) {
    func run<S: NumericElement>(_: S.Type) { mapElements(src, into: dst) { (x: S) in x != .zero } }
    switch src.dataType {
    case .float32: run(Float.self)
    case .int32: run(Int32.self)
    case .int64: run(Int64.self)
    default: if let type = src.dataType.numericElementType { run(type) }
    }
}

private func convertNumbers(of src: Tensor, into dst: Tensor) {
    func convert<S: NumericElement, D: NumericElement>(_: S.Type, _: D.Type) {
        // Integers that fit 64 signed bits are rounded once, from the exact value.
        if S.dataType.isInteger && (S.dataType != .uint64 || D.dataType.isInteger) {
            mapElements(src, into: dst) { (x: S) in D(converting: x.asInt64) }
        } else {
            mapElements(src, into: dst) { (x: S) in D(converting: x.asDouble) }
        }
    }
    guard let source = src.dataType.numericElementType, let target = dst.dataType.numericElementType else { return }
    convert(source, target)
}

extension Tensor {
    /// This tensor, or a copy with every element converted to `dataType`.
    func converted(to dataType: DataType) -> Tensor {
        if dataType == self.dataType { return self }
        let copy = Tensor(uninitialized: dataType, shape: shape)
        convertElements(of: self, into: copy)
        return copy
    }
}
