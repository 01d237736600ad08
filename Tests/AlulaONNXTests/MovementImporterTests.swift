// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaONNX
internal import AlulaOperators
internal import AlulaTensor
internal import AlulaTesting
internal import Testing

/// One node in an older opset, with attributes, and in a newer one, with inputs.
private struct Spelling: Sendable, CustomTestStringConvertible {
    var name: String
    var older: (opset: Int, attributes: [String: AttributeProto])
    var newer: (opset: Int, attributes: [String: AttributeProto], inputs: [Tensor?])
    var outputCount = 1

    var testDescription: String { "\(name), opset \(older.opset)" }
}

private func int64(_ values: Int64...) -> Tensor { Tensor(values, shape: [values.count]) }

private let spellings: [Spelling] = [
    Spelling(
        name: "Slice",
        older: (9, ["starts": .integers([-2, 1]), "ends": .integers([9, 3]), "axes": .integers([1, 2])]),
        newer: (10, [:], [int64(-2, 1), int64(9, 3), int64(1, 2)])
    ),
    Spelling(
        name: "Slice",
        older: (7, ["starts": .integers([1]), "ends": .integers([2])]),
        newer: (13, [:], [int64(1), int64(2)])
    ),
    Spelling(
        name: "Split",
        older: (11, ["axis": .integer(1), "split": .integers([1, 2])]),
        newer: (13, ["axis": .integer(1)], [int64(1, 2)]),
        outputCount: 2
    ),
    Spelling(
        name: "Split",
        older: (11, ["axis": .integer(-1)]),
        newer: (18, ["axis": .integer(-1), "num_outputs": .integer(2)], []),
        outputCount: 2
    ),
    Spelling(
        name: "Unsqueeze",
        older: (11, ["axes": .integers([0, -1])]),
        newer: (13, [:], [int64(0, -1)])
    ),
    Spelling(
        name: "Pad",
        older: (10, ["pads": .integers([0, 1, 0, 0, 0, 2]), "value": .float(2.5)]),
        newer: (13, [:], [int64(0, 1, 0, 0, 0, 2), Tensor(scalar: Float(2.5))])
    ),
    Spelling(
        name: "Pad",
        older: (7, ["pads": .integers([0, 1, 1, 0, 0, 2]), "mode": .string("reflect")]),
        newer: (19, ["mode": .string("reflect")], [int64(1, 1, 0, 2), nil, int64(1, -1)])
    ),
    Spelling(
        name: "TopK",
        older: (9, ["axis": .integer(1), "k": .integer(2)]),
        newer: (11, ["axis": .integer(1)], [int64(2)]),
        outputCount: 2
    ),
]

/// Older spellings of movement operators mean what the newest one says.
struct MovementImporterTests {
    private let src = Tensor((0..<24).map { Float(($0 * 7) % 24) }, shape: [2, 3, 4])

    private func outputs(
        _ name: String,
        _ opset: Int,
        _ attributes: [String: AttributeProto],
        _ src: Tensor,
        _ inputs: [Tensor?] = [],
        outputCount: Int = 1
    ) throws -> [Tensor] {
        var model = ONNXWriter()
        model.opsets = ["": opset]
        model.addInput("x", src.dataType, src.shape.extents.map(Dimension.fixed))
        var names = ["x"]
        for (index, input) in inputs.enumerated() {
            names.append(input == nil ? "" : "c\(index)")
            if let input { model.addInitializer("c\(index)", input) }
        }
        let results = (0..<outputCount).map { "y\($0)" }
        model.addNode(name, names, results, attributes: attributes)
        for result in results { model.addOutput(result) }
        return try GraphInterpreter(try ONNXModel(bytes: model.serialized()).makeGraph()).run([src])
    }

    @Test(arguments: spellings)
    private func attributesBecameInputs(_ spelling: Spelling) throws {
        let (older, newer, count) = (spelling.older, spelling.newer, spelling.outputCount)
        let old = try outputs(spelling.name, older.opset, older.attributes, src, outputCount: count)
        let new = try outputs(spelling.name, newer.opset, newer.attributes, src, newer.inputs, outputCount: count)
        #expect(old.map(\.shape) == new.map(\.shape))
        #expect(old.map { $0.doubles() } == new.map { $0.doubles() })
        #expect(old.count == count && old.allSatisfy { $0.elementCount > 0 })
    }

    @Test func squeezeDropsTheNamedAxesOrAllOfExtentOne() throws {
        let src = Tensor(zeros: .int8, shape: [1, 3, 1])
        #expect(try outputs("Squeeze", 11, ["axes": .integers([0])], src)[0].shape == [3, 1])
        #expect(try outputs("Squeeze", 13, [:], src, [int64(0)])[0].shape == [3, 1])
        for opset in [11, 13] { #expect(try outputs("Squeeze", opset, [:], src)[0].shape == [3]) }
    }

    @Test func scatterWasTheFirstNameOfScatterElements() throws {
        let src = Tensor([1, 2, 3] as [Float], shape: [3])
        let inputs = [int64(2, 0), Tensor([8, 9] as [Float], shape: [2])]
        for (name, opset) in [("Scatter", 9), ("ScatterElements", 11)] {
            #expect(try outputs(name, opset, [:], src, inputs)[0].doubles() == [9, 2, 8])
        }
    }

    @Test func constantOfShapeTakesTypeAndValueFromItsAttribute() throws {
        let value = Tensor([7] as [UInt8], shape: [1])
        let made = try outputs("ConstantOfShape", 9, ["value": .tensor(value)], int64(2, 2))[0]
        #expect(made.type == TensorType(.uint8, [2, 2]))
        #expect(made.integers() == [7, 7, 7, 7])
        #expect(try outputs("ConstantOfShape", 9, [:], int64(3))[0].type == TensorType(.float32, [3]))
    }

    @Test(
        arguments: [
            ("Concat", 13, [:]), ("Split", 18, ["num_outputs": .integer(0)]), ("Slice", 9, ["starts": .integers([0])]),
            ("Pad", 13, ["mode": .string("mirror")]), ("Pad", 10, [:]), ("TopK", 9, [:]),
            ("ScatterND", 18, ["reduction": .string("mean")]), ("EyeLike", 9, ["dtype": .integer(8)]),
            ("ReverseSequence", 10, ["time_axis": .integer(2)]), ("RandomNormalLike", 1, [:]), ("Bernoulli", 15, [:]),
        ] as [(String, Int, [String: AttributeProto])]
    )
    func missingAndUnknownParametersAreRefusedByName(
        _ name: String,
        _ opset: Int,
        _ attributes: [String: AttributeProto]
    ) {
        let error = #expect(throws: ImportError.self) { try outputs(name, opset, attributes, src) }
        #expect(error?.description.contains("operator '\(name)' (opset \(opset))") == true)
    }
}
