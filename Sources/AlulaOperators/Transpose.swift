// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Reorders axes: axis `i` of dst is axis `permutation[i]` of src.
///
/// src: any type and rank. Source: ONNX Transpose, opset 21.
public struct Transpose: Operator, Equatable {
    /// `Transpose`.
    public static let name = "Transpose"

    /// The source axis of every output axis; nil reverses the axes.
    public var permutation: [Int]?

    /// Reorders by `permutation`, or reverses the axes.
    public init(permutation: [Int]? = nil) { self.permutation = permutation }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        permutation = try attributes.integersIfPresent("perm", for: Self.name)
    }

    /// The permutation, if any.
    public var attributes: Attributes { permutation.map { ["perm": .integers($0)] } ?? [:] }

    /// The source's type with its extents reordered.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let src = try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0)
        let order = try order(rank: src.shape.rank)
        return [TensorType(src.dataType, Shape(order.map { src.shape[$0] }))]
    }

    private func order(rank: Int) throws(OperatorError) -> [Int] {
        guard let permutation else { return (0..<rank).reversed() }
        guard permutation.sorted() == Array(0..<rank) else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "perm",
                got: "\(permutation)",
                expected: "a permutation of 0..<\(rank)"
            )
        }
        return permutation
    }

    /// Copies; runs stay runs where the inner axes keep their place.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.first ?? nil, let dst = outputs.first ?? nil else { return }
        let strides = src.shape.contiguousStrides
        let steps = try order(rank: src.shape.rank).map { strides[$0] }
        dst.copyBox(
            dst.shape.extents,
            at: BoxSteps(dst.shape.contiguousStrides),
            from: src,
            at: BoxSteps(steps)
        )
    }

    /// Zero: data movement only.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
