// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Cuts a tensor into pieces along one axis.
///
/// src, and optionally the pieces' extents as a list of integers; without them the pieces are equal but for the last,
/// which may be smaller. Source: ONNX Split, opset 18.
public struct Split: Operator, Equatable {
    /// `Split`.
    public static let name = "Split"

    /// The axis to cut; negative counts from the back.
    public var axis: Int
    /// How many pieces there are.
    public var outputCount: Int

    /// Cuts `axis` into `outputCount` pieces.
    public init(axis: Int = 0, outputCount: Int) {
        self.axis = axis
        self.outputCount = outputCount
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        axis = try attributes.integer("axis", default: 0, for: Self.name)
        outputCount = try attributes.integer("num_outputs", for: Self.name)
        guard (1...1 << 16).contains(outputCount) else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "num_outputs",
                got: "\(outputCount)",
                expected: "1 to 65536"
            )
        }
    }

    /// Axis and number of pieces.
    public var attributes: Attributes { ["axis": .integer(axis), "num_outputs": .integer(outputCount)] }

    /// One type a piece.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...2)
        let src = try checked.required(0)
        let axis = try checked.axis(self.axis, of: 0)
        var types: [TensorType] = []
        for piece in try pieces(checked, axis: axis) {
            var extents = src.shape.extents
            extents[axis] = piece
            types.append(TensorType(src.dataType, try checked.checkedShape(extents, from: 0)))
        }
        return types
    }

    private func pieces(_ checked: CheckedInputs, axis: Int) throws(OperatorError) -> [Int] {
        let extent = try checked.required(0).shape[axis]
        guard let pieces = try checked.integerListIfPresent(1) else {
            let piece = extent / outputCount + (extent % outputCount == 0 ? 0 : 1)
            let last = extent - piece * (outputCount - 1)
            guard last >= 0 else {
                throw try checked.shapeMismatch(0, expected: "an axis \(axis) that divides into \(outputCount) pieces")
            }
            return [Int](repeating: piece, count: outputCount - 1) + [last]
        }
        var rest = extent
        var isValid = pieces.count == outputCount
        for piece in pieces where isValid {
            isValid = (0...rest).contains(piece)
            rest -= isValid ? piece : 0
        }
        guard isValid, rest == 0
        else {
            throw checked.invalidValue(
                1,
                got: "\(pieces)",
                expected: "\(outputCount) extents of at least 0 that add up to \(extent)"
            )
        }
        return pieces
    }

    /// Copies one run a piece and outer index.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...2)
        let src = try checked.value(0)
        let axis = try checked.axis(self.axis, of: 0)
        let strides = src.shape.contiguousStrides
        var position = 0
        for (index, piece) in try pieces(checked, axis: axis).enumerated() {
            var extents = src.shape.extents
            extents[axis] = piece
            if let dst = try Self.output(index, of: outputs, shape: Shape(extents)) {
                let origin = BoxSteps(start: position * strides[axis], strides)
                dst.copyBox(extents, at: BoxSteps(dst.shape.contiguousStrides), from: src, at: origin)
            }
            position += piece
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
