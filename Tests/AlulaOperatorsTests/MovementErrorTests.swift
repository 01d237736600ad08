// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

/// A call that must be refused.
private struct Refusal: Sendable, CustomTestStringConvertible {
    var why: String
    var operation: any Operator
    var inputs: [Tensor?]

    init(_ why: String, _ operation: any Operator, _ inputs: Tensor?...) {
        self.why = why
        self.operation = operation
        self.inputs = inputs
    }

    var testDescription: String { "\(operation.name): \(why)" }
}

private let matrix = Tensor((0..<6).map { Float($0) }, shape: [2, 3])
private let scalar = Tensor(scalar: Float(1))

private let refusedByShape: [Refusal] = [
    Refusal("no inputs", Concat(axis: 0)),
    Refusal("an omitted input", Concat(axis: 0), matrix, nil),
    Refusal("axis beyond the rank", Concat(axis: 2), matrix),
    Refusal("scalars", Concat(axis: 0), scalar, scalar),
    Refusal("other extents differ", Concat(axis: 0), matrix, Tensor(zeros: .float32, shape: [2, 4])),
    Refusal("ranks differ", Concat(axis: 0), matrix, Tensor(zeros: .float32, shape: [3])),
    Refusal("types differ", Concat(axis: 0), matrix, Tensor(zeros: .int32, shape: [2, 3])),
    Refusal("pieces do not add up", Split(outputCount: 2), matrix, list([1, 2])),
    Refusal("too few pieces", Split(outputCount: 3), matrix, list([1, 1])),
    Refusal("a negative piece", Split(outputCount: 2), matrix, list([3, -1])),
    Refusal("pieces that wrap around", Split(outputCount: 3), matrix, list([.max, .max, 4])),
    Refusal("more pieces than elements need", Split(outputCount: 5), Tensor(zeros: .bool, shape: [7])),
    Refusal("step 0", Slice(), matrix, list([0]), list([1]), nil, list([0])),
    Refusal("an axis twice", Slice(), matrix, list([0, 0]), list([1, 1]), list([0, -2])),
    Refusal("more starts than axes", Slice(), matrix, list([0, 0, 0]), list([1, 1, 1])),
    Refusal("lists of different lengths", Slice(), matrix, list([0]), list([1, 1])),
    Refusal("float bounds", Slice(), matrix, Tensor([Float(0)], shape: [1]), list([1])),
    Refusal("scalar source", Gather(), scalar, list([0])),
    Refusal("float indices", Gather(), matrix, matrix),
    Refusal("ranks differ", GatherElements(), matrix, list([0])),
    Refusal("indices reach past another axis", GatherElements(axis: 0), matrix, Tensor(zeros: .int64, shape: [1, 4])),
    Refusal("tuples longer than the rank", GatherND(), matrix, list([0, 0, 0])),
    Refusal("empty tuples", GatherND(), matrix, list([])),
    Refusal("batch extents differ", GatherND(batchDimensions: 1), matrix, Tensor(zeros: .int64, shape: [3, 1])),
    Refusal(
        "as many batch axes as axes",
        GatherND(batchDimensions: 2),
        matrix,
        Tensor(zeros: .int64, shape: [2, 3, 1])
    ),
    Refusal("negative batch axes", GatherND(batchDimensions: -1), matrix, list([0])),
    Refusal("updates of another shape", ScatterND(), matrix, list([0]), Tensor(zeros: .float32, shape: [2])),
    Refusal("updates of another type", ScatterND(), matrix, list([0]), list([1, 2, 3])),
    Refusal("updates of another shape", ScatterElements(), matrix, Tensor(zeros: .int64, shape: [2, 3]), scalar),
    Refusal(
        "sums of bools",
        ScatterND(reduction: .add),
        Tensor(zeros: .bool, shape: [2]),
        Tensor(zeros: .int64, shape: [1, 1]),
        Tensor(zeros: .bool, shape: [1])
    ),
    Refusal("not a permutation", Transpose(permutation: [0, 0]), matrix),
    Refusal("too short a permutation", Transpose(permutation: [0]), matrix),
    Refusal("-1 twice", Reshape(), matrix, list([-1, -1])),
    Refusal("-2", Reshape(), matrix, list([-2, 3])),
    Refusal("0 beyond the rank", Reshape(), matrix, list([2, 3, 0])),
    Refusal("does not divide", Reshape(), matrix, list([4, -1])),
    Refusal("other element count", Reshape(), matrix, list([7])),
    Refusal("product overflows", Reshape(), matrix, list([1 << 40, 1 << 40, -1])),
    Refusal("-1 beside no elements", Reshape(allowsZero: true), Tensor(zeros: .bool, shape: [0]), list([0, -1])),
    Refusal("axis beyond the rank", Flatten(axis: 3), matrix),
    Refusal("extent is not 1", Squeeze(), matrix, list([0])),
    Refusal("axis beyond the rank", Squeeze(), matrix, list([2])),
    Refusal("an axis twice", Unsqueeze(), matrix, list([0, 0])),
    Refusal("axis beyond the rank", Unsqueeze(), matrix, list([3])),
    Refusal("does not broadcast", Expand(), matrix, list([2])),
    Refusal("negative extent", Expand(), matrix, list([-1, 3])),
    Refusal("too many elements", Expand(), scalar, list([1 << 30, 1 << 30])),
    Refusal("broadcast has too many elements", Expand(), Tensor(zeros: .bool, shape: [1 << 10, 1]), list([1 << 47])),
    Refusal("one repeat too few", Tile(), matrix, list([1])),
    Refusal("negative repeat", Tile(), matrix, list([1, -1])),
    Refusal("too many elements", Tile(), matrix, list([.max, .max])),
    Refusal("one pad too few", Pad(), matrix, list([1, 1, 1])),
    Refusal("crops more than there is", Pad(), matrix, list([-2, 0, -1, 0])),
    Refusal("nothing left to repeat", Pad(mode: .edge), matrix, list([-2, 0, 1, 0])),
    Refusal("overflow", Pad(), matrix, list([.max, .max, .max, .max])),
    Refusal("underflow", Pad(), matrix, list([.min, 0, .min, 0])),
    Refusal("value of another type", Pad(), matrix, list([0, 0, 0, 0]), list([1])),
    Refusal("an axis twice", Pad(), matrix, list([0, 0, 0, 0]), nil, list([1, 1])),
    Refusal("negative extent", ConstantOfShape(), list([-1])),
    Refusal("too many elements", ConstantOfShape(), list([1 << 24, 1 << 24])),
    Refusal("two values", ConstantOfShape(), list([1]), list([1, 2])),
    Refusal("step 0", NumberRange(), list([0]), list([1]), list([0])),
    Refusal("step NaN", NumberRange(), scalar, scalar, Tensor(scalar: Float.nan)),
    Refusal("too many elements", NumberRange(), list([.min]), list([.max]), list([1])),
    Refusal("types differ", NumberRange(), scalar, list([1]), scalar),
    Refusal("k beyond the axis", TopK(), matrix, list([4])),
    Refusal("negative k", TopK(), matrix, list([-1])),
    Refusal("two k", TopK(), matrix, list([1, 1])),
    Refusal("bools", TopK(), Tensor(zeros: .bool, shape: [2]), list([1])),
    Refusal("negative depth", OneHot(), list([0]), list([-1]), list([0, 1])),
    Refusal("infinite depth", OneHot(), list([0]), Tensor(scalar: Float.infinity), list([0, 1])),
    Refusal("three values", OneHot(), list([0]), list([1]), list([0, 1, 2])),
    Refusal("rank 3", EyeLike(), Tensor(zeros: .bool, shape: [1, 1, 1])),
    Refusal("a vector", Trilu(), list([1])),
    Refusal("true beyond the axis", Compress(axis: 0), matrix, Tensor([false, false, true], shape: [3])),
    Refusal("condition of integers", Compress(), matrix, list([1])),
    Refusal("one length too few", ReverseSequence(), matrix, list([1, 1])),
    Refusal("one extent too few", CenterCropPad(), matrix, list([1])),
    Refusal("axis beyond the rank", CenterCropPad(axes: [2]), matrix, list([1])),
    Refusal("places do not match", Col2Im(), Tensor(zeros: .float32, shape: [1, 2, 4]), list([4]), list([2])),
    Refusal("stride 0", Col2Im(strides: [0]), Tensor(zeros: .float32, shape: [1, 2, 3]), list([4]), list([2])),
    Refusal("huge image", Col2Im(), Tensor(zeros: .float32, shape: [1, 2, 3]), list([.max]), list([2])),
]

private let refusedByContent: [Refusal] = [
    Refusal("index at the extent", Gather(), matrix, list([2])),
    Refusal("index below minus the extent", Gather(), matrix, list([-3])),
    Refusal("smallest index", Gather(), matrix, list([.min])),
    Refusal("index at the extent", GatherElements(axis: 1), matrix, Tensor([Int64(3)], shape: [1, 1])),
    Refusal("index at the extent", GatherND(), matrix, list([0, 3])),
    Refusal("largest index", GatherND(), matrix, list([.max, 0])),
    Refusal("index at the extent", ScatterND(), matrix, list([2]), Tensor(zeros: .float32, shape: [3])),
    Refusal(
        "index at the extent",
        ScatterElements(),
        matrix,
        Tensor([Int64(2)], shape: [1, 1]),
        scalar.reshaped(to: [1, 1])
    ),
    Refusal("length beyond the time axis", ReverseSequence(), matrix, list([1, 2, 3])),
    Refusal("negative length", ReverseSequence(), matrix, list([1, -2, 2])),
]

@Suite("movement operators refuse bad inputs by name")
struct MovementErrorTests {
    @Test(arguments: refusedByShape)
    private func shapeRuleThrows(_ refusal: Refusal) {
        let inputs = refusal.inputs.map { $0.map { OperatorInput($0) } }
        let error = #expect(throws: OperatorError.self) { try refusal.operation.inferOutputs(inputs) }
        if case .valueRequired? = error { Issue.record("the content was known") }
        #expect(error?.description.contains(refusal.operation.name) == true)
    }

    @Test(arguments: refusedByContent)
    private func evaluationThrows(_ refusal: Refusal) {
        let error = #expect(throws: OperatorError.self) { try evaluateAll(refusal.operation, refusal.inputs) }
        guard case .invalidValue? = error else {
            Issue.record("\(error.map(\.description) ?? "nothing") is not about a value")
            return
        }
    }

    @Test func outputsOfAnotherShapeAreRefused() {
        let dst = Tensor(zeros: .float32, shape: [2, 2])
        #expect(throws: OperatorError.self) {
            try Slice().evaluate([matrix, list([0]), list([2]), nil, nil], into: [dst])
        }
        #expect(throws: OperatorError.self) { try Tile().evaluate([matrix, list([2, 2])], into: [dst]) }
    }
}
