// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst[…, i, …] = Σ src[…, j, …]` over `j ≤ i` along an axis; over `j < i` when exclusive; from the other end when
/// reversed.
///
/// src: numeric, rank 1 or more; axis: an integer scalar; dst: src's type. Floats are summed in `float64`.
/// Source: ONNX CumSum, opset 14.
public struct CumSum: Operator {
    /// `CumSum`.
    public static let name = "CumSum"

    /// Whether an element is left out of its own sum.
    public var isExclusive: Bool
    /// Whether sums run from the last element to the first.
    public var isReversed: Bool

    /// The operator with ONNX's default parameters unless given.
    public init(isExclusive: Bool = false, isReversed: Bool = false) {
        self.isExclusive = isExclusive
        self.isReversed = isReversed
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        isExclusive = try attributes.bool("isExclusive", for: Self.name)
        isReversed = try attributes.bool("isReversed", for: Self.name)
    }

    /// `isExclusive`, `isReversed`.
    public var attributes: Attributes {
        ["isExclusive": .integer(isExclusive ? 1 : 0), "isReversed": .integer(isReversed ? 1 : 0)]
    }

    /// The input's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require(.numeric, of: 0)
        try inputs.require([.int32, .int64], of: 1)
        guard try inputs.required(1).shape.elementCount == 1 else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 1,
                got: try inputs.required(1).shape,
                expected: "a scalar"
            )
        }
        return [try inputs.required(0).type]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let axis = inputs.operand(1)?.integers()?.first,
            let dst = outputs.operand(0), let type = src.dataType.numericElementType
        else { return }
        guard let lines = AxisLines(src.shape, axis: axis) else {
            throw .invalidValue(
                operator: Self.name,
                input: 1,
                got: "axis \(axis)",
                expected: "-\(src.shape.rank)..<\(src.shape.rank) for shape \(src.shape)"
            )
        }
        guard dst.elementCount > 0 else { return }
        func run<T: NumericElement>(_: T.Type) {
            if T.dataType.isFloatingPoint {
                accumulate(src, dst, lines, from: 0.0, { $0 + $1 }, { (x: T) in x.asDouble }, { T(converting: $0) })
            } else {
                accumulate(src, dst, lines, from: 0, &+, { (x: T) in x.asInt64 }, { T(converting: $0) })
            }
        }
        src.dataType == .float32 ? run(Float.self) : run(type)
    }

    @inline(__always)
    private func accumulate<T: NumericElement, A>(
        _ src: Tensor,
        _ dst: Tensor,
        _ lines: AxisLines,
        from zero: A,
        _ add: (A, A) -> A,
        _ widen: (T) -> A,
        _ narrow: (A) -> T
    ) {
        let source = src.span(of: T.self)
        var target = dst.mutableSpan(of: T.self)
        for line in 0..<lines.count {
            var sum = zero
            for step in 0..<lines.extent {
                let position = isReversed ? lines.extent - 1 - step : step
                let element = lines.firstElement(of: line) + position * lines.stride
                let next = add(sum, widen(source[element]))
                target[element] = narrow(isExclusive ? sum : next)
                sum = next
            }
        }
    }
}
