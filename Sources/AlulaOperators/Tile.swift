// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Repeats a whole tensor along every axis.
///
/// Inputs: src, and one repeat count an axis. Source: ONNX Tile, opset 13.
public struct Tile: Operator, Equatable {
    /// `Tile`.
    public static let name = "Tile"

    /// The operator has no parameters.
    public init() {}

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {}

    /// Empty.
    public var attributes: Attributes { [:] }

    /// The source's extents times the repeats; needs the content of the second input.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.required(0)
        let repeats = try checked.integerList(1)
        guard repeats.count == src.shape.rank, repeats.allSatisfy({ $0 >= 0 }) else {
            throw checked.invalidValue(
                1,
                got: "\(repeats)",
                expected: "\(src.shape.rank) repeats of at least 0, one an axis of \(src.shape)"
            )
        }
        let extents = zip(src.shape, repeats).map { extent, count in
            // Saturates above the largest shape.
            extent.multipliedReportingOverflow(by: count).overflow ? Int.max : extent * count
        }
        return [TensorType(src.dataType, try checked.checkedShape(extents, from: 1))]
    }

    /// Copies a box of twice the rank: repeats, with a source step of zero, before every axis.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let src = try checked.value(0)
        guard let shape = try inferOutputs(checked.inputs).first?.shape,
            let dst = try Self.output(0, of: outputs, shape: shape), dst.elementCount > 0
        else { return }
        let repeats = try checked.integerList(1)
        let (srcStrides, dstStrides) = (src.shape.contiguousStrides, dst.shape.contiguousStrides)
        var extents: [Int] = []
        var origin: [Int] = []
        var target: [Int] = []
        for axis in src.shape.indices {
            extents += [repeats[axis], src.shape[axis]]
            origin += [0, srcStrides[axis]]
            target += [src.shape[axis] * dstStrides[axis], dstStrides[axis]]
        }
        dst.copyBox(extents, at: BoxSteps(target), from: src, at: BoxSteps(origin))
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
