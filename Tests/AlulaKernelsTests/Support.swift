// SPDX-License-Identifier: Apache-2.0

import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

extension SeededRandom {
    /// A tensor of uniform random numbers.
    mutating func tensor(_ shape: Shape, in range: ClosedRange<Float> = -1...1) -> Tensor {
        Tensor((0..<shape.elementCount).map { _ in Float.random(in: range, using: &self) }, shape: shape)
    }

    /// A number drawn from `range`.
    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// One of `choices`.
    mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &self)] }
}

/// Sizes that tell a tail from a tile: 1, t−1, t, t+1 and primes, for a tile of `t`.
func tailSizes(_ tile: Int) -> [Int] { [1, tile - 1, tile, tile + 1, 13] }

/// Runs the catalogue's kernel for `operation` with its parts in random order, and compares every output with the scalar
/// reference; where the kernel accepts it, once more into a strided output.
///
/// - Parameters:
///   - tolerance: allowed difference, relative to the largest magnitude of the expected output: sums in `float32` round
///     differently than the reference's in `float64`.
///   - context: printed with a failure, e.g. the seed.
func checkKernel(
    _ operation: any Operator,
    _ inputs: [Tensor?],
    tolerance: Double = 1e-5,
    catalogue: KernelCatalogue = .portable,
    context: String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let types = try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
    let expected = types.map { Tensor(zeros: $0.dataType, shape: $0.shape) }
    try operation.evaluate(inputs, into: expected)
    let kernel = try #require(
        catalogue.kernel(for: operation, inputs: inputs.map { $0?.type }, outputs: types),
        "no kernel for \(operation.described) on \(inputs.map { $0?.type.description ?? "_" })",
        sourceLocation: sourceLocation
    )
    #expect(kernel.partCount >= 1, sourceLocation: sourceLocation)
    let text =
        "\(operation.described.name) \(inputs.map { $0?.shape.description ?? "_" }) \(kernel.identifier) \(context)"
    var generator = SeededRandom(seed: 5)
    let contiguous = types.map { filled($0) }
    for part in (0..<kernel.partCount).shuffled(using: &generator) {
        kernel.run(part: part, inputs: inputs, outputs: contiguous)
    }
    for (got, wanted) in zip(contiguous, expected) { compare(got, wanted, tolerance, text, sourceLocation) }
    if types.count > 1 {
        let first = filled(types[0])
        for part in 0..<kernel.partCount { kernel.run(part: part, inputs: inputs, outputs: [first, nil]) }
        compare(first, expected[0], tolerance, text + " first output only", sourceLocation)
    }
    guard kernel.acceptsStridedOutput, let first = types.first, first.shape.rank > 1 else { return }
    let strided = try stridedOutput(first)
    for part in 0..<kernel.partCount {
        kernel.run(part: part, inputs: inputs, outputs: [strided] + contiguous.dropFirst())
    }
    let copy = filled(first)
    copy.copyElements(from: strided)
    compare(copy, expected[0], tolerance, text + " strided", sourceLocation)
}

/// A tensor of NaN or 99, so that an element nobody writes shows.
private func filled(_ type: TensorType) -> Tensor {
    let tensor = Tensor(zeros: type.dataType, shape: type.shape)
    if type.dataType == .float32 {
        var elements = tensor.mutableSpan(of: Float.self)
        for index in 0..<elements.count { elements[index] = .nan }
    }
    return tensor
}

/// A tensor with a gap after every index of the outermost axis.
private func stridedOutput(_ type: TensorType) throws -> Tensor {
    let inner = type.shape.elementCount(in: 1..<type.shape.rank)
    let storage = TensorStorage(zeroedByteCount: (inner + 5) * type.shape[0] * type.dataType.byteCount)
    return try #require(
        Tensor(
            dataType: type.dataType,
            shape: type.shape,
            storage: storage,
            byteOffset: 0,
            outerStrideElements: inner + 5
        )
    )
}

private func compare(
    _ got: Tensor,
    _ expected: Tensor,
    _ tolerance: Double,
    _ text: String,
    _ sourceLocation: SourceLocation
) {
    let (left, right) = (got.doubles(), expected.doubles())
    let scale = max(1e-3, right.lazy.filter(\.isFinite).map(abs).max() ?? 1)
    for index in left.indices {
        let (a, b) = (left[index], right[index])
        if a == b || a.isNaN && b.isNaN || abs(a - b) <= tolerance * scale { continue }
        Issue.record("\(text): element \(index): got \(a), expected \(b)", sourceLocation: sourceLocation)
        return
    }
}

/// What no family covers, for the test that asks every family about it.
struct Unheard: Operator {
    static let name = "Unheard"
    var attributes: Attributes { [:] }
    init() {}
    init(attributes: Attributes) throws(OperatorError) {}
    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] { [] }
    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {}
}
