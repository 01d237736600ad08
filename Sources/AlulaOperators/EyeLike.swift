// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Ones on one diagonal of a matrix with the source's shape, zeros elsewhere: `dst[i, i + diagonal] = 1`.
///
/// src: any type, rank 2. Source: ONNX EyeLike, opset 22.
public struct EyeLike: Operator, Equatable {
    /// `EyeLike`.
    public static let name = "EyeLike"

    /// The output's element type; nil for the source's.
    public var dataType: DataType?
    /// Which diagonal: 0 is the main one, positive ones lie above it.
    public var diagonal: Int

    /// Ones on `diagonal`.
    public init(dataType: DataType? = nil, diagonal: Int = 0) {
        self.dataType = dataType
        self.diagonal = diagonal
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        diagonal = try attributes.integer("k", default: 0, for: Self.name)
        guard attributes["dtype"] != nil else { return }
        let number = try attributes.integer("dtype", for: Self.name)
        guard let type = UInt8(exactly: number).flatMap(DataType.init(rawValue:)) else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "dtype",
                got: "\(number)",
                expected: "the number of a supported data type"
            )
        }
        dataType = type
    }

    /// Diagonal, and data type if there is one.
    public var attributes: Attributes {
        var attributes: Attributes = ["k": .integer(diagonal)]
        if let dataType { attributes["dtype"] = .integer(Int(dataType.rawValue)) }
        return attributes
    }

    /// The source's shape.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try checked.require(rank: 2...2, of: 0)
        let src = try checked.required(0)
        return [TensorType(dataType ?? src.dataType, src.shape)]
    }

    /// Fills with zeros, then writes the diagonal.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let dst = outputs.first ?? nil, dst.elementCount > 0 else { return }
        dst.fill(from: Tensor(zeros: dst.dataType, shape: .scalar))
        let one = Self.one(dst.dataType)
        for row in 0..<dst.shape[0] {
            let (column, overflow) = row.addingReportingOverflow(diagonal)
            guard !overflow, column >= 0, column < dst.shape[1] else { continue }
            dst.copyRun(at: row * dst.shape[1] + column, from: one, at: 0, count: 1)
        }
    }

    private static func one(_ dataType: DataType) -> Tensor {
        func make<T: NumericElement>(_: T.Type) -> Tensor { Tensor(scalar: T(converting: Int64(1))) }
        return dataType.numericElementType.map { make($0) } ?? Tensor(scalar: true)
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
