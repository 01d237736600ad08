// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// A window `dst[i] = a₀ + a₁·cos(2πi/n) + a₂·cos(4πi/n)` of a length given as input.
///
/// length: an int32 or int64 scalar L; dst: `[L]`; `n` is L for a periodic window and L - 1 for a symmetric one.
public protocol CosineWindowOperator: Operator {
    /// a₀, a₁, a₂.
    static var coefficients: [Double] { get }
    /// The output's element type, a number.
    var dataType: DataType { get }
    /// Whether the window repeats after its length, instead of being symmetric.
    var isPeriodic: Bool { get }
    /// A window.
    init(dataType: DataType, isPeriodic: Bool)
}

extension CosineWindowOperator {
    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        self.init(
            dataType: try attributes.dataType("to", for: Self.name),
            isPeriodic: try attributes.bool("isPeriodic", for: Self.name)
        )
    }

    /// `to`, ONNX's number of the output type, and `isPeriodic`.
    public var attributes: Attributes {
        ["to": .integer(Int(dataType.rawValue)), "isPeriodic": .integer(isPeriodic ? 1 : 0)]
    }

    /// One number an index of the length.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require([.int32, .int64], of: 0)
        let values = try inputs.integers(0)
        guard values.count == 1, let shape = Shape(checking: values) else {
            throw .invalidValue(operator: Self.name, input: 0, got: "\(values)", expected: "one length, 0 or more")
        }
        return [TensorType(dataType, shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let dst = outputs.operand(0), let type = dst.dataType.numericElementType else { return }
        let period = Double(max(isPeriodic ? dst.elementCount : dst.elementCount - 1, 1))
        func run<T: NumericElement>(_: T.Type) {
            var target = dst.mutableSpan(of: T.self)
            for index in 0..<target.count {
                let angle = 2 * Double.pi * Double(index) / period
                var sum = 0.0
                for (multiple, coefficient) in Self.coefficients.enumerated() {
                    sum += coefficient * ElementaryFunctions.cos(Double(multiple) * angle)
                }
                target[index] = T(converting: sum)
            }
        }
        run(type)
    }

    /// A cosine, a product and a sum for every element and coefficient.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        3 * Self.coefficients.count * (outputs.first?.shape.elementCount ?? 0)
    }
}
