// SPDX-License-Identifier: Apache-2.0

public import Alula

/// The first convolution behind a pillar scatter, without the image in between: only taps that meet a pillar are computed.
///
/// Equals `relu(conv(scatter(features), weights) + bias)` with square strides and paddings; taps on empty cells would add
/// zeros, so the result differs from the dense one by rounding at most.
///
/// src: features `[V, C]` (float32), cells `[V, 2]`, the pillar of every cell `[rows, columns]` (negative: none) and
/// counters `[8]` (int32) as ``Voxelise`` gives them; weights `[KH, KW, C, O]`, bias `[O]`.
/// dst `[1, O, (rows + 2·pad - KH)/stride + 1, (columns + 2·pad - KW)/stride + 1]`.
public struct PillarConvolution: PartitionedOperator {
    /// `PillarConvolution`.
    public static let name = "PillarConvolution"

    /// Rows and columns between neighbouring outputs.
    public var stride: Int
    /// Empty rows and columns around the image.
    public var pad: Int
    /// Whether negative results become zero.
    public var isRectified: Bool

    /// A convolution.
    public init(stride: Int, pad: Int, isRectified: Bool) throws(OperatorError) {
        guard (1...64).contains(stride), (0...64).contains(pad) else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "stride, pad",
                got: "\(stride), \(pad)",
                expected: "1 to 64 and 0 to 64"
            )
        }
        self.stride = stride
        self.pad = pad
        self.isRectified = isRectified
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        try self.init(
            stride: try attributes.integer("stride", for: Self.name),
            pad: try attributes.integer("pad", for: Self.name),
            isRectified: try attributes.bool("relu", default: false, for: Self.name)
        )
    }

    /// Stride, padding, and whether a ReLU follows.
    public var attributes: Attributes {
        ["stride": .integer(stride), "pad": .integer(pad), "relu": .integer(isRectified ? 1 : 0)]
    }

    // MARK: - Shapes

    /// See the type's description.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 5...5)
        for (index, rank) in [2, 2, 1, 4, 1].enumerated() { try inputs.require(rank: rank...rank, of: index) }
        for index in [0, 3, 4] { try inputs.require([.float32], of: index) }
        for index in [1, 2] { try inputs.require([.int32], of: index) }
        let (features, grid) = (try inputs.required(0).shape, try inputs.required(1).shape)
        let (weights, bias) = (try inputs.required(3).shape, try inputs.required(4).shape)
        guard weights[2] == features[1] else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 3,
                got: weights,
                expected: "[KH, KW, \(features[1]), O], a weight for each feature of a pillar"
            )
        }
        guard bias == [weights[3]] else {
            throw .shapeMismatch(operator: Self.name, input: 4, got: bias, expected: "[\(weights[3])]")
        }
        let (height, width) = (grid[0] + 2 * pad - weights[0], grid[1] + 2 * pad - weights[1])
        guard height >= 0, width >= 0, weights[0] >= 1, weights[1] >= 1 else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 3,
                got: weights,
                expected: "a kernel that fits \(grid) with \(pad) around it"
            )
        }
        return [TensorType(.float32, [1, weights[3], height / stride + 1, width / stride + 1])]
    }

    // MARK: - Evaluation

    /// The scalar definition: every tap of every output, empty or not.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let problem = try PillarConvolutionProblem(self, inputs, outputs) else { return }
        problem.computeDensely()
    }

    /// A part for every eighth row or so; rows of one part lie apart, because pillars crowd near the sensor.
    public func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        max(1, min(32, outputs.first?.shape[2] ?? 1))
    }

    /// The output rows of one part.
    public func evaluate(
        part: Int,
        of partCount: Int,
        inputs: [Tensor?],
        outputs: [Tensor?]
    ) throws(OperatorError) {
        guard let problem = try PillarConvolutionProblem(self, inputs, outputs) else { return }
        var rows = PillarConvolutionRows(problem)
        for row in Swift.stride(from: part, to: problem.outputRows, by: partCount) { rows.compute(row) }
    }

    /// Of the dense convolution.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count > 3, let weights = inputs[3]?.shape, let dst = outputs.first?.shape else { return 0 }
        return 2 * dst.elementCount * weights.elementCount(in: 0..<3)
    }
}
