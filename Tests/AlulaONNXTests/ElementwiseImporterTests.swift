// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaONNX
internal import AlulaOperators
internal import AlulaTensor
internal import AlulaTesting
internal import Testing

/// Older spellings of elementwise operators and reductions mean what the newest one says.
struct ElementwiseImporterTests {
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

    private let src = Tensor((0..<24).map { Float($0) - 11.5 }, shape: [2, 3, 4])

    private func operators(_ graph: Graph) -> [String] { graph.nodes.map { graph[$0].operation.name } }

    @Test(arguments: ["Softmax", "LogSoftmax", "Hardmax"])
    func trailingAxesAreNormalisedTogetherBeforeOpset13(name: String) throws {
        let older = try graph(name, opset: 11, inputs: [("x", src)])
        let flat = Tensor(src.elements(as: Float.self), shape: [2, 12])
        let newer = try graph(name, opset: 13, inputs: [("x", flat)])
        #expect(try GraphInterpreter(older).run([src])[0].doubles() == GraphInterpreter(newer).run([flat])[0].doubles())
        #expect(try GraphInterpreter(older).run([src])[0].shape == src.shape)
    }

    @Test(arguments: [("ReduceSum", 11, 13), ("ReduceMean", 13, 18), ("ReduceMax", 13, 20), ("ReduceL2", 1, 18)])
    func axesAreAnAttributeThenAnInput(name: String, older: Int, newer: Int) throws {
        let old = try graph(
            name,
            opset: older,
            inputs: [("x", src)],
            attributes: ["axes": .integers([-1, 0]), "keepdims": .integer(0)]
        )
        let axes = Tensor([-1, 0] as [Int64], shape: [2])
        let new = try graph(
            name,
            opset: newer,
            inputs: [("x", src), ("axes", axes)],
            attributes: ["keepdims": .integer(0)]
        )
        let dst = try GraphInterpreter(old).run([src])[0]
        #expect(dst.shape == [3])
        #expect(try dst.doubles() == GraphInterpreter(new).run([src])[0].doubles())
    }

    @Test func emptyAxesReduceNothingWhenToldSo() throws {
        let axes = Tensor([Int64](), shape: [0])
        let graph = try graph(
            "ReduceSum",
            opset: 13,
            inputs: [("x", src), ("axes", axes)],
            attributes: ["noop_with_empty_axes": .integer(1)]
        )
        #expect(try GraphInterpreter(graph).run([src])[0].doubles() == src.doubles())
    }

    @Test func constantBoundsOfClipBecomeParameters() throws {
        let bound = Tensor(scalar: Float(6))
        let older = try graph("Clip", opset: 6, inputs: [("x", src)], attributes: ["max": .float(6)])
        let newer = try graph("Clip", opset: 13, inputs: [("x", src), ("", bound), ("high", bound)])
        let none = try graph("Clip", opset: 13, inputs: [("x", src)])
        for graph in [older, newer] {
            #expect(operators(graph) == ["Clip"])
            #expect(try GraphInterpreter(graph).run([src])[0].doubles() == src.doubles().map { min($0, 6) })
        }
        #expect(try GraphInterpreter(none).run([src])[0].doubles() == src.doubles())
    }

    @Test func computedAndIntegerBoundsOfClipBecomeMaxAndMin() throws {
        let (low, high) = (Tensor(scalar: Float(-2)), Tensor(scalar: Float(3)))
        let computed = try graph("Clip", opset: 12, inputs: [("x", src), ("xlow", low), ("high", high)])
        #expect(operators(computed) == ["Max", "Min"])
        let clipped = src.doubles().map { min(max($0, -2), 3) }
        #expect(try GraphInterpreter(computed).run([src, low])[0].doubles() == clipped)
        let integers = Tensor([-9, 0, 9] as [Int8], shape: [3])
        let graph = try graph("Clip", opset: 12, inputs: [("x", integers), ("low", Tensor(scalar: Int8(-1)))])
        #expect(try GraphInterpreter(graph).run([integers])[0].elements(as: Int8.self) == [-1, 0, 9])
    }

    @Test func dropoutWithoutMaskIsTheIdentity() throws {
        let graph = try graph("Dropout", opset: 7, inputs: [("x", src)], attributes: ["ratio": .float(0.9)])
        #expect(operators(graph) == ["Identity"])
    }

    @Test(arguments: [(7, DataType.float32), (10, .bool), (13, .bool)])
    func dropoutMaskHasTheTypeOfItsOpset(opset: Int, type: DataType) throws {
        let graph = try graph("Dropout", opset: opset, inputs: [("x", src)], outputs: ["y", "mask"])
        let outputs = try GraphInterpreter(graph).run([src])
        #expect(outputs[0].doubles() == src.doubles())
        #expect(outputs[1].dataType == type && outputs[1].doubles().allSatisfy { $0 == 1 })
    }

    @Test func slopesWereOneAChannelBeforeOpset7() throws {
        let slope = Tensor([1, 2, 3] as [Float], shape: [3])
        let older = try graph("PRelu", opset: 6, inputs: [("x", src), ("slope", slope)])
        let column = Tensor([1, 2, 3] as [Float], shape: [3, 1])
        let newer = try graph("PRelu", opset: 9, inputs: [("x", src), ("slope", column)])
        #expect(try GraphInterpreter(older).run([src])[0].doubles() == GraphInterpreter(newer).run([src])[0].doubles())
    }

    @Test func broadcastsOfOpset6MustEndAtTheLastAxis() throws {
        let row = Tensor([1, 2, 3, 4] as [Float], shape: [4])
        let aligned = try graph("Sub", opset: 6, inputs: [("x", src), ("row", row)], attributes: ["axis": .integer(2)])
        let expected = src.doubles().enumerated().map { $0.element - Double($0.offset % 4 + 1) }
        #expect(try GraphInterpreter(aligned).run([src])[0].doubles() == expected)
        let error = #expect(throws: ImportError.self) {
            try graph("Sub", opset: 6, inputs: [("x", src), ("row", row)], attributes: ["axis": .integer(1)])
        }
        #expect(error?.description.contains("got axis = 1") == true)
    }

    @Test(arguments: [
        ("Cast", ["to": AttributeProto.integer(8)]), ("Gelu", ["approximate": .string("sigmoid")]),
        ("BitShift", ["direction": .string("UP")]), ("Cast", [:]),
    ])
    func parametersOutOfRangeAreRefusedByName(name: String, attributes: [String: AttributeProto]) throws {
        let error = #expect(throws: ImportError.self) {
            try graph(name, opset: 20, inputs: [("x", src), ("x2", src)], attributes: attributes)
        }
        #expect(error?.description.contains("operator '\(name)' (opset 20)") == true)
    }
}
