// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// SplitMix64: the seeded source of all random problems here.
struct ProblemGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// A generator that repeats for equal seeds.
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A whole number in `range`.
    mutating func integer(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// A tensor of numbers in -1...1.
    mutating func floats(_ shape: Shape) -> Tensor {
        Tensor((0..<shape.elementCount).map { _ in Float.random(in: -1...1, using: &self) }, shape: shape)
    }

    /// A tensor of whole numbers of type `T` in `range`.
    mutating func integers<T: IntegerElement>(_ shape: Shape, in range: ClosedRange<Int>, as: T.Type) -> Tensor {
        Tensor((0..<shape.elementCount).map { _ in T(Int.random(in: range, using: &self)) }, shape: shape)
    }
}

/// Infers, allocates and evaluates, as a runtime would.
func evaluateAll(_ operation: any Operator, _ inputs: [Tensor?]) throws -> [Tensor] {
    let types = try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
    let outputs = types.map { Tensor(uninitialized: $0.dataType, shape: $0.shape) }
    try operation.evaluate(inputs, into: outputs)
    return outputs
}

/// The first output of ``evaluateAll(_:_:)``.
func evaluateFirst(_ operation: any Operator, _ inputs: Tensor?...) throws -> Tensor {
    try evaluateAll(operation, inputs)[0]
}

/// Element (i₀, i₁, …) of a float tensor, computed from the index alone.
func makeTensor(_ shape: Shape, _ element: ([Int]) -> Double) -> Tensor {
    var index = [Int](repeating: 0, count: shape.rank)
    var elements: [Float] = []
    for _ in 0..<shape.elementCount {
        elements.append(Float(element(index)))
        var axis = shape.rank - 1
        while axis >= 0 {
            index[axis] += 1
            if index[axis] < shape[axis] { break }
            index[axis] = 0
            axis -= 1
        }
    }
    return Tensor(elements, shape: shape)
}

extension Tensor {
    /// The float element at a full index; 0 outside the shape, which is what padding reads.
    func at(_ index: [Int]) -> Double {
        for (axis, position) in index.enumerated() where position < 0 || position >= shape[axis] { return 0 }
        let position = zip(index, shape.contiguousStrides).map { $0 * $1 }.reduce(0, +)
        return Double(span(of: Float.self)[position])
    }
}

/// The largest absolute difference of two float tensors; infinite when their shapes differ.
func largestDifference(_ left: Tensor, _ right: Tensor) -> Double {
    guard left.shape == right.shape else { return .infinity }
    return zip(left.doubles(), right.doubles()).map { abs($0 - $1) }.max() ?? 0
}

/// All indices of a box, in row-major order.
func indices(_ extents: [Int]) -> [[Int]] {
    extents.reduce([[]]) { prefixes, extent in prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } } }
}
