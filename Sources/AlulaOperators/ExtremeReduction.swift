// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// A reduction to the largest or smallest element; NaN wins over every number.
///
/// Of no elements it is the type's least or greatest value, infinities included.
public protocol ExtremeReduction: ReductionOperator {
    /// Whether the largest element is wanted.
    static var isMaximum: Bool { get }
}

extension ExtremeReduction {
    /// Everything, bool included.
    public static var supportedDataTypes: Set<DataType> { .all }

    /// The scalar definition.
    public func reduce(_ src: Tensor, to keptShape: Shape, into dst: Tensor) {
        func run<T: FloatElement>(_: T.Type) {
            let start: T = Self.isMaximum ? -.infinity : .infinity
            let results = foldAxes(of: src, to: keptShape, from: start) { (best: T, x: T) in
                x.isNaN || (Self.isMaximum ? x > best : x < best) ? x : best
            }
            write(results, to: dst) { $0 }
        }
        func run<T: IntegerElement>(_: T.Type) {
            let start: T = Self.isMaximum ? .min : .max
            let results = foldAxes(of: src, to: keptShape, from: start) { (best: T, x: T) in
                (Self.isMaximum ? x > best : x < best) ? x : best
            }
            write(results, to: dst) { $0 }
        }
        if src.dataType == .float32 {
            run(Float.self)
        } else if let type = src.dataType.floatElementType {
            run(type)
        } else if let type = src.dataType.integerElementType {
            run(type)
        } else {
            let results = foldAxes(of: src, to: keptShape, from: !Self.isMaximum) { (best: Bool, x: Bool) in
                Self.isMaximum ? best || x : best && x
            }
            write(results, to: dst) { $0 }
        }
    }
}
