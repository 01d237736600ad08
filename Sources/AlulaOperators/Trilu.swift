// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The upper or lower triangle of matrices, with zeros elsewhere.
///
/// Inputs: src, `[…, rows, columns]` of any type; optionally the diagonal at which the triangle ends, one integer
/// (0, the main one, when omitted; positive ones lie above it). Source: ONNX Trilu, opset 14.
public struct Trilu: Operator, Equatable {
    /// `Trilu`.
    public static let name = "Trilu"

    /// Whether the upper triangle is kept.
    public var upper: Bool

    /// Keeps the upper triangle, or the lower one.
    public init(upper: Bool = true) { self.upper = upper }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        upper = try attributes.bool("upper", default: true, for: Self.name)
    }

    /// Which triangle.
    public var attributes: Attributes { ["upper": .integer(upper ? 1 : 0)] }

    /// The source's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...2)
        try checked.require(rank: 2...Int.max, of: 0)
        if let diagonal = checked[1] {
            try checked.require(.indices, of: 1)
            guard diagonal.shape.elementCount == 1 else { throw try checked.shapeMismatch(1, expected: "one element") }
        }
        return [try checked.required(0).type]
    }

    /// Fills with zeros, then copies the kept run of every row.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...2)
        guard let dst = outputs.first ?? nil, dst.elementCount > 0 else { return }
        let src = try checked.value(0)
        let (rows, columns) = (src.shape[src.shape.rank - 2], src.shape[src.shape.rank - 1])
        let wanted = checked[1] == nil ? 0 : try checked.integers(1)[0]
        let diagonal = min(max(wanted, -rows), columns)
        dst.fill(from: Tensor(zeros: dst.dataType, shape: .scalar))
        for row in 0..<(src.elementCount / columns) {
            let edge = row % rows + diagonal
            let kept = upper ? min(max(edge, 0), columns)..<columns : 0..<min(max(edge + 1, 0), columns)
            let start = row * columns + kept.lowerBound
            dst.copyRun(at: start, from: src, at: start, count: kept.count)
        }
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
