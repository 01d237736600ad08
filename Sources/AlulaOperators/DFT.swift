// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst[…, k, …] = Σ src[…, n, …]·e^(-2πi·kn/N)` along an axis, or the inverse, `1/N·Σ src[…]·e^(2πi·kn/N)`.
///
/// src: floating point `[…, 1]` (real) or `[…, 2]` (complex); length: optional integer scalar N, to which the axis is cut
/// or padded with zeros; axis: optional int64 scalar, the last but one if omitted; dst: `[…, 2]` with N along the axis.
/// One-sided, of a real src only the first `N/2 + 1` frequencies are kept; inverse and one-sided, src holds these
/// frequencies, N is `2·(extent - 1)` if omitted, and dst is real, `[…, 1]`. Source: ONNX DFT, opset 20.
public struct DFT: Operator {
    /// `DFT`.
    public static let name = "DFT"

    /// Whether frequencies become a signal.
    public var isInverse: Bool
    /// Whether only half of the symmetric spectrum of a real signal is kept or given.
    public var isOneSided: Bool

    /// The operator with ONNX's default parameters unless given.
    public init(isInverse: Bool = false, isOneSided: Bool = false) {
        self.isInverse = isInverse
        self.isOneSided = isOneSided
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        isInverse = try attributes.bool("isInverse", for: Self.name)
        isOneSided = try attributes.bool("isOneSided", for: Self.name)
    }

    /// `isInverse`, `isOneSided`.
    public var attributes: Attributes {
        ["isInverse": .integer(isInverse ? 1 : 0), "isOneSided": .integer(isOneSided ? 1 : 0)]
    }

    private var givesReal: Bool { isInverse && isOneSided }

    /// The transformed extents.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...3)
        try inputs.require(.floats, of: 0)
        try inputs.require(rank: 2...Int.max, of: 0)
        let src = try inputs.required(0).type
        let axis = try axis(inputs[2] == nil ? nil : try inputs.integers(2), src.shape)
        let length = try length(inputs[1] == nil ? nil : try inputs.integers(1), src.shape[axis])
        let components = src.shape[src.shape.rank - 1]
        let isFitting = isOneSided ? components == (isInverse ? 2 : 1) : (1...2).contains(components)
        guard isFitting else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 0,
                got: src.shape,
                expected: isOneSided ? "a last extent of \(isInverse ? 2 : 1)" : "a last extent of 1 or 2"
            )
        }
        var extents = src.shape.extents
        extents[axis] = isOneSided && !isInverse ? length / 2 + 1 : length
        extents[extents.count - 1] = givesReal ? 1 : 2
        guard let shape = Shape(checking: extents) else {
            throw .invalidValue(operator: Self.name, input: 1, got: "\(length)", expected: "a length that fits memory")
        }
        return [TensorType(src.dataType, shape)]
    }

    private func axis(_ given: [Int]?, _ shape: Shape) throws(OperatorError) -> Int {
        let given = given?.first ?? -2
        guard let axis = shape.normalizedAxis(given), axis < shape.rank - 1 else {
            throw .invalidValue(
                operator: Self.name,
                input: 2,
                got: "axis \(given)",
                expected: "an axis of \(shape) but the last"
            )
        }
        return axis
    }

    private func length(_ given: [Int]?, _ extent: Int) throws(OperatorError) -> Int {
        let length = given?.first ?? (givesReal ? 2 * (extent - 1) : extent)
        guard length > 0 else {
            throw .invalidValue(operator: Self.name, input: 1, got: "length \(length)", expected: "1 or more")
        }
        return length
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0), dst.elementCount > 0,
            let type = dst.dataType.floatElementType
        else { return }
        let axis = try axis(inputs.operand(2)?.integers(), src.shape)
        let length = try length(inputs.operand(1)?.integers(), src.shape[axis])
        let transform = FourierTransform(length: length, isInverse: isInverse)
        let rank = src.shape.rank
        let inner = src.shape.elementCount(in: axis + 1..<rank - 1)
        let elements = src.doubles()
        var results = [Double](repeating: 0, count: dst.elementCount)
        for outer in 0..<src.shape.elementCount(in: 0..<axis) {
            for column in 0..<inner {
                let line = signal(elements, src.shape, axis, length, outer, column, inner)
                for index in 0..<dst.shape[axis] {
                    var value = transform.element(index, real: line.real, imaginary: line.imaginary)
                    if isInverse {
                        value.real /= Double(length)
                        value.imaginary /= Double(length)
                    }
                    let position = (outer * dst.shape[axis] + index) * inner + column
                    if givesReal {
                        results[position] = value.real
                    } else {
                        (results[2 * position], results[2 * position + 1]) = value
                    }
                }
            }
        }
        func run<T: FloatElement>(_: T.Type) { write(results, to: dst) { T($0) } }
        run(type)
    }

    /// One line along the axis: cut or padded, the missing half of a one-sided spectrum filled in.
    private func signal(
        _ elements: [Double],
        _ shape: Shape,
        _ axis: Int,
        _ length: Int,
        _ outer: Int,
        _ column: Int,
        _ inner: Int
    ) -> (real: [Double], imaginary: [Double]) {
        let components = shape[shape.rank - 1]
        var line = (real: [Double](repeating: 0, count: length), imaginary: [Double](repeating: 0, count: length))
        for index in 0..<min(shape[axis], givesReal ? length / 2 + 1 : length) {
            let first = ((outer * shape[axis] + index) * inner + column) * components
            line.real[index] = elements[first]
            line.imaginary[index] = components == 2 ? elements[first + 1] : 0
        }
        guard givesReal else { return line }
        for index in 1..<max((length + 1) / 2, 1) {
            line.real[length - index] = line.real[index]
            line.imaginary[length - index] = -line.imaginary[index]
        }
        return line
    }

    /// A complex product and sum for every pair of indices along the axis.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard let src = (inputs.first ?? nil)?.shape, let dst = outputs.first?.shape, src.rank == dst.rank else {
            return 0
        }
        let lengths = zip(src, dst).dropLast().filter { $0 != $1 }.map { $0.0 }
        return 4 * dst.elementCount * (lengths.first ?? (src.rank > 1 ? src[src.rank - 2] : 1))
    }
}
