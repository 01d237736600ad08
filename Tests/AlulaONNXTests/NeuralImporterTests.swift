// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaONNX
internal import AlulaOperators
internal import AlulaTensor
internal import AlulaTesting
internal import Testing

/// Older spellings of convolutions, normalisations and resizings mean what the newest one says, and what Alula does not
/// have is refused by name.
struct NeuralImporterTests {
    /// A model of one node; inputs named `x…` are network inputs, the others constants.
    private func graph(
        _ operatorType: String,
        opset: Int,
        inputs: [(name: String, tensor: Tensor)],
        outputs: [String] = ["y"],
        attributes: [String: AttributeProto] = [:]
    ) throws -> Graph {
        var model = ONNXWriter()
        model.opsets = ["": opset]
        for (name, tensor) in inputs {
            if name.hasPrefix("x") {
                model.addInput(name, tensor.dataType, tensor.shape.extents.map(Dimension.fixed))
            } else if !name.isEmpty {
                model.addInitializer(name, tensor)
            }
        }
        model.addNode(operatorType, inputs.map(\.name), outputs, attributes: attributes)
        for output in outputs { model.addOutput(output) }
        return try ONNXModel(bytes: model.serialized()).makeGraph()
    }

    private func run(_ graph: Graph, _ src: Tensor) throws -> [Float] {
        try GraphInterpreter(graph).run([src])[0].elements(as: Float.self)
    }

    private let image = Tensor((0..<16).map { Float($0) }, shape: [1, 1, 4, 4])

    @Test func upsampleScalesAreAnAttributeThenAnInput() throws {
        let scales: [Float] = [1, 1, 2, 3]
        let old = try graph("Upsample", opset: 7, inputs: [("x", image)], attributes: ["scales": .floats(scales)])
        let constant = Tensor(scales, shape: [4])
        let newer = try graph("Upsample", opset: 9, inputs: [("x", image), ("s", constant)])
        let resize = try graph("Resize", opset: 10, inputs: [("x", image), ("s", constant)])
        var expected: [Float] = []
        for row in 0..<8 {
            for column in 0..<12 { expected.append(Float(row / 2 * 4 + column / 3)) }
        }
        for graph in [old, newer, resize] { #expect(try run(graph, image) == expected) }
    }

    @Test func shrinkingInOpset10TakesTheHigherNeighbour() throws {
        let scales = Tensor([1, 1, 0.6, 0.6] as [Float], shape: [4])
        let old = try graph("Resize", opset: 10, inputs: [("x", image), ("s", scales)])
        // Positions 0 and 5/3.
        #expect(try run(old, image) == [0, 2, 8, 10])
        let newer = try graph("Resize", opset: 11, inputs: [("x", image), ("", image), ("s", scales)])
        // Positions 1/3 and 2.
        #expect(try run(newer, image) == [0, 2, 8, 10])
    }

    @Test func groupScalesBecomeChannelScales() throws {
        let src = Tensor([1, 3, 1, 5, 2, 2, 4, 4] as [Float], shape: [1, 4, 2])
        let attributes: [String: AttributeProto] = ["num_groups": .integer(2), "epsilon": .float(0)]
        let perGroup = Tensor([2, 3] as [Float], shape: [2])
        let perChannel = Tensor([2, 2, 3, 3] as [Float], shape: [4])
        let old = try graph(
            "GroupNormalization",
            opset: 18,
            inputs: [("x", src), ("s", perGroup), ("b", perGroup)],
            attributes: attributes
        )
        let newer = try graph(
            "GroupNormalization",
            opset: 21,
            inputs: [("x", src), ("s", perChannel), ("b", perChannel)],
            attributes: attributes
        )
        #expect(try run(old, src) == run(newer, src))
    }

    @Test func sampledModesHadTwoDimensionalNames() throws {
        let grid = Tensor([0.1, -0.3, 0.7, 0.2] as [Float], shape: [1, 1, 2, 2])
        for (old, newer) in [("bilinear", "linear"), ("bicubic", "cubic"), ("nearest", "nearest")] {
            let inputs = [("x", image), ("g", grid)]
            let first = try graph("GridSample", opset: 16, inputs: inputs, attributes: ["mode": .string(old)])
            let second = try graph("GridSample", opset: 20, inputs: inputs, attributes: ["mode": .string(newer)])
            #expect(try run(first, image) == run(second, image))
        }
    }

    @Test func regionsWereNotShiftedBeforeOpset16() throws {
        let region = Tensor([1, 1, 3, 3] as [Float], shape: [1, 4])
        let inputs = [("x", image), ("r", region), ("i", Tensor([0] as [Int64], shape: [1]))]
        let ratio: [String: AttributeProto] = ["sampling_ratio": .integer(1)]
        #expect(try run(graph("RoiAlign", opset: 10, inputs: inputs, attributes: ratio), image) == [10])
        #expect(try run(graph("RoiAlign", opset: 16, inputs: inputs, attributes: ratio), image) == [7.5])
    }

    @Test func trainingIsRefusedByName() {
        let src = Tensor(zeros: .float32, shape: [1, 2, 2])
        let inputs = [("x", src)] + (0..<4).map { ("c\($0)", Tensor(zeros: .float32, shape: [2])) }
        for (opset, attributes, outputs) in [
            (14, ["training_mode": .integer(1)], ["y"]), (7, [:], ["y", "mean", "variance"]),
            (7, ["spatial": .integer(0)], ["y"]),
        ] as [(Int, [String: AttributeProto], [String])] {
            #expect(throws: ImportError.self) {
                try graph("BatchNormalization", opset: opset, inputs: inputs, outputs: outputs, attributes: attributes)
            }
        }
    }

    @Test func unknownChoicesAreRefusedByName() {
        let cases: [(String, Int, [String: AttributeProto])] = [
            ("Conv", 11, ["auto_pad": .string("SAME")]), ("Conv", 11, ["pads": .integers([1, 2, 3])]),
            ("MaxPool", 12, [:]), ("Resize", 13, ["mode": .string("area")]),
            ("Resize", 13, ["nearest_mode": .string("up")]), ("DepthToSpace", 13, [:]),
            ("DepthToSpace", 13, ["blocksize": .integer(2), "mode": .string("DRC")]), ("LRN", 13, [:]),
            ("GridSample", 20, ["padding_mode": .string("wrap")]), ("RoiAlign", 16, ["mode": .string("sum")]),
            ("Attention", 23, ["qk_matmul_output_mode": .integer(4)]), ("Einsum", 12, [:]),
            ("GroupNormalization", 21, [:]),
        ]
        for (name, opset, attributes) in cases {
            #expect(throws: ImportError.self, "\(name)") {
                try graph(name, opset: opset, inputs: [("x", image), ("x2", image)], attributes: attributes)
            }
        }
    }
}
