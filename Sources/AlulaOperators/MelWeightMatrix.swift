// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Triangular filters, evenly spaced on the mel scale `2595·log₁₀(1 + f/700)`, that turn a spectrum into mel bands.
///
/// Inputs are scalars: the number of bands B, the length N of the transform and the sample rate, integers; the lowest and
/// the highest frequency in hertz, floating point. dst: `[N/2 + 1, B]`; each column rises from 0 at its lower edge to 1 at
/// its centre and falls to 0 at its upper edge. Source: ONNX MelWeightMatrix, opset 17.
public struct MelWeightMatrix: Operator {
    /// `MelWeightMatrix`.
    public static let name = "MelWeightMatrix"

    /// The output's element type, a number.
    public var dataType: DataType

    /// The operator.
    public init(dataType: DataType = .float32) { self.dataType = dataType }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        dataType = try attributes.dataType("to", for: Self.name)
    }

    /// `to`, as ONNX's number of the type.
    public var attributes: Attributes { ["to": .integer(Int(dataType.rawValue))] }

    /// One column a band.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 5...5)
        var counts: [Int] = []
        for index in 0..<3 {
            try inputs.require([.int32, .int64], of: index)
            counts += try inputs.integers(index)
        }
        for index in 3..<5 {
            try inputs.require(.floats, of: index)
            guard try inputs.required(index).shape.elementCount == 1 else {
                throw .shapeMismatch(
                    operator: Self.name,
                    input: index,
                    got: try inputs.required(index).shape,
                    expected: "a scalar"
                )
            }
        }
        guard counts.count == 3, counts.allSatisfy({ 1...1 << 40 ~= $0 }),
            let shape = Shape(checking: [counts[1] / 2 + 1, counts[0]])
        else {
            throw .invalidValue(operator: Self.name, input: 0, got: "\(counts)", expected: "three counts, 1 or more")
        }
        return [TensorType(dataType, shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let numbers = inputs.compactMap { $0?.doubles().first }
        guard numbers.count == 5, let dst = outputs.operand(0), let type = dst.dataType.numericElementType else {
            return
        }
        let (rows, columns) = (dst.shape[0], dst.shape[1])
        let edges = edges(numbers, bands: columns)
        guard edges.allSatisfy({ 0..<Double(rows) ~= $0 }) else {
            throw .invalidValue(
                operator: Self.name,
                input: 4,
                got: "\(numbers[3]) to \(numbers[4]) Hz",
                expected: "frequencies from 0 to half the sample rate of \(numbers[2]) Hz"
            )
        }
        var weights = [Double](repeating: 0, count: rows * columns)
        for column in 0..<columns {
            let (low, centre, high) = (Int(edges[column]), Int(edges[column + 1]), Int(edges[column + 2]))
            for row in min(low, centre)...centre {
                weights[row * columns + column] = low == centre ? 1 : Double(row - low) / Double(centre - low)
            }
            for row in centre..<max(high, centre) {
                weights[row * columns + column] = Double(high - row) / Double(high - centre)
            }
        }
        func run<T: NumericElement>(_: T.Type) { write(weights, to: dst) { T(converting: $0) } }
        run(type)
    }

    /// The rows in which bands begin and end.
    private func edges(_ numbers: [Double], bands: Int) -> [Double] {
        let mel = { (hertz: Double) in 2595 * ElementaryFunctions.log(1 + hertz / 700) / ElementaryFunctions.log(10) }
        let (lowest, highest) = (mel(numbers[3]), mel(numbers[4]))
        let step = (highest - lowest) / Double(bands + 2)
        return (0..<bands + 2).map { index in
            let hertz = 700 * (ElementaryFunctions.pow(10, (Double(index) * step + lowest) / 2595) - 1)
            return ((numbers[1] + 1) * hertz / numbers[2]).rounded(.down)
        }
    }
}
