// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// The inputs of ``PillarConvolution`` by name, and its definition.
struct PillarConvolutionProblem {
    let operation: PillarConvolution
    let features: Tensor
    let grid: Tensor
    let weights: Tensor
    let bias: Tensor
    let dst: Tensor

    /// Nil when an input is missing, which the shape rule has refused, or when the output is not wanted.
    init?(_ operation: PillarConvolution, _ inputs: [Tensor?], _ outputs: [Tensor?]) throws(OperatorError) {
        guard inputs.count == 5, let features = inputs[0], let grid = inputs[1], let counters = inputs[2],
            let weights = inputs[3], let bias = inputs[4], let dst = outputs[0]
        else { return nil }
        let pillars = Int(counters.span(of: Int32.self)[Voxelise.Counter.pillars.rawValue])
        guard (0...features.shape[0]).contains(pillars) else {
            throw .invalidValue(
                operator: PillarConvolution.name,
                input: 2,
                got: "\(pillars) pillars",
                expected: "0 to \(features.shape[0])"
            )
        }
        self.operation = operation
        self.features = features
        self.grid = grid
        self.weights = weights
        self.bias = bias
        self.dst = dst
    }

    var inputRows: Int { grid.shape[0] }
    var inputColumns: Int { grid.shape[1] }
    var kernelRows: Int { weights.shape[0] }
    var kernelColumns: Int { weights.shape[1] }
    /// Features of a pillar.
    var depth: Int { weights.shape[2] }
    /// Output channels.
    var width: Int { weights.shape[3] }
    var outputRows: Int { dst.shape[2] }
    var outputColumns: Int { dst.shape[3] }

    /// The input row or column under tap `tap` of output `position`; may be outside the image.
    func input(_ position: Int, tap: Int) -> Int { position * operation.stride + tap - operation.pad }

    /// The definition: `bias[o] + Σ src[c, row, column]·weights[tap, c, o]`, then the ReLU.
    func computeDensely() {
        var elements = dst.mutableSpan(of: Float.self)
        for row in 0..<outputRows {
            for column in 0..<outputColumns {
                for channel in 0..<width {
                    let value = sum(row, column, channel)
                    let index = (channel * outputRows + row) * outputColumns + column
                    elements[index] = operation.isRectified ? max(value, 0) : value
                }
            }
        }
    }

    private func sum(_ row: Int, _ column: Int, _ channel: Int) -> Float {
        let (src, cells) = (features.span(of: Float.self), grid.span(of: Int32.self))
        let factors = weights.span(of: Float.self)
        var sum = bias.span(of: Float.self)[channel]
        for y in 0..<kernelRows where (0..<inputRows).contains(input(row, tap: y)) {
            for x in 0..<kernelColumns where (0..<inputColumns).contains(input(column, tap: x)) {
                let pillar = cells[input(row, tap: y) * inputColumns + input(column, tap: x)]
                guard pillar >= 0, Int(pillar) < features.shape[0] else { continue }
                for feature in 0..<depth {
                    let factor = factors[((y * kernelColumns + x) * depth + feature) * width + channel]
                    sum += src[Int(pillar) * depth + feature] * factor
                }
            }
        }
        return sum
    }
}
