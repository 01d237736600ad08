// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaONNX
internal import AlulaSystem
internal import AlulaTensor
internal import AlulaTesting
internal import Testing

/// What a file says is what the graph holds.
struct ReaderTests {
    private func graph(of tensor: Tensor, form: ONNXWriter.Form) throws -> Graph {
        var model = ONNXWriter()
        model.addInitializer("constant", tensor, form: form)
        model.addNode("Identity", ["constant"], ["result"])
        model.addOutput("result", tensor.dataType)
        return try ONNXModel(bytes: model.serialized()).makeGraph()
    }

    @Test(arguments: SampleTensors.everyType.indices)
    func initializersSurviveEveryStorageForm(index: Int) throws {
        let tensor = SampleTensors.everyType[index]
        for form in [ONNXWriter.Form.raw, .typed, .unpacked] {
            let result = try GraphInterpreter(graph(of: tensor, form: form)).run([])
            #expect(result.count == 1)
            #expect(result[0].type == tensor.type)
            #expect(result[0].byteArray == tensor.byteArray, "\(form)")
        }
    }

    @Test func boolBytesOtherThanOneAreTrue() throws {
        let bytes = Tensor([0, 1, 2, 255] as [UInt8], shape: [4])
        var model = ONNXWriter()
        var tensor = WireWriter()
        tensor.packedIntegers(1, [4])
        tensor.integer(2, Int(DataType.bool.rawValue))
        tensor.bytes(9, bytes.byteArray)
        model.addNode("Constant", [], ["result"])
        model.addOutput("result", .bool)
        var file = WireWriter()
        file.message(7) { graph in
            graph.message(1) { node in
                node.string(2, "result")
                node.string(4, "Constant")
                node.message(5) { attribute in
                    attribute.string(1, "value")
                    attribute.bytes(5, tensor.bytes)
                    attribute.integer(20, 4)
                }
            }
            graph.message(12) { $0.string(1, "result") }
        }
        file.message(8) { $0.integer(2, 21) }
        let result = try GraphInterpreter(ONNXModel(bytes: file.bytes).makeGraph()).run([])
        #expect(result[0].elements(as: Bool.self) == [false, true, true, true])
    }

    @Test func rawDataOfAMappedFileIsCopiedOnlyToAlignItOnUse() throws {
        let folder = try TemporaryFolder()
        let values = Tensor((0..<1024).map { Float($0) }, shape: [1024])
        // One of four paddings of the graph's name puts the elements at an address divisible by four.
        var copies: [Bool] = []
        for padding in 0..<4 {
            var model = ONNXWriter()
            model.name = String(repeating: "n", count: 1 + padding)
            model.addInitializer("weights", values)
            model.addNode("Identity", ["weights"], ["result"])
            model.addOutput("result")
            let path = try folder.write(model.serialized(), to: "model\(padding).onnx")
            let graph = try Graph(onnx: path)
            let constant = try #require(
                graph.nodes.first.flatMap { graph[$0].inputs[0] }.flatMap { graph[$0].constant }
            )
            #expect(constant.byteArray == values.byteArray)
            #expect(!constant.storage.isCopied, "bytes are read where they lie")
            #expect(constant.elements(as: Float.self) == values.elements(as: Float.self))
            #expect(constant.bytes.byteCount == 4096)
            copies.append(constant.storage.isCopied)
        }
        #expect(copies.filter { $0 }.count == 3)
    }

    @Test func externalDataIsReadInPlace() throws {
        let folder = try TemporaryFolder()
        let first = Tensor([1, 2, 3] as [Float], shape: [3])
        let second = Tensor([4, 5] as [Int64], shape: [2])
        try folder.write([0, 0, 0, 0] + first.byteArray + second.byteArray, to: "sub/weights.data")
        var model = ONNXWriter()
        model.addInitializer(
            "first",
            first,
            form: .external(location: "sub/weights.data", byteOffset: 4, byteCount: 12)
        )
        model.addInitializer(
            "second",
            second,
            form: .external(location: "sub/weights.data", byteOffset: 16, byteCount: nil)
        )
        model.addNode("Identity", ["first"], ["a"])
        model.addNode("Identity", ["second"], ["b"])
        model.addOutput("a")
        model.addOutput("b", .int64)
        let graph = try Graph(onnx: try folder.write(model.serialized(), to: "model.onnx"))
        let results = try GraphInterpreter(graph).run([])
        #expect(results[0].elements(as: Float.self) == [1, 2, 3])
        #expect(results[1].elements(as: Int64.self) == [4, 5])
        let constants = graph.nodes.compactMap { graph[$0].inputs[0].flatMap { graph[$0].constant } }
        #expect(constants.allSatisfy { $0.storage.byteCount == 32 }, "tensors share the mapping")
    }

    @Test(arguments: [
        ("../weights.data", 0, 4), ("/etc/hostname", 0, 4), ("sub/../../weights.data", 0, 4), ("", 0, 4),
        ("missing.data", 0, 4), ("weights.data", 5, 4), ("weights.data", -4, 4), ("weights.data", 0, 8),
        ("weights.data", Int.max, 4), ("weights.data", 8, 4),
    ])
    func externalDataOutsideItsBoundsIsRefused(location: String, byteOffset: Int, byteCount: Int) throws {
        let folder = try TemporaryFolder()
        try folder.write([UInt8](repeating: 1, count: 8), to: "weights.data")
        var model = ONNXWriter()
        let form = ONNXWriter.Form.external(location: location, byteOffset: byteOffset, byteCount: byteCount)
        model.addInitializer("w", Tensor([1] as [Float], shape: [1]), form: form)
        model.addNode("Identity", ["w"], ["y"])
        model.addOutput("y")
        let path = try folder.write(model.serialized(), to: "model/model.onnx")
        try folder.write([UInt8](repeating: 1, count: 8), to: "model/weights.data")
        let error = #expect(throws: ImportError.self) { try ONNXModel(path: path) }
        guard case .file(_, let reason)? = error else {
            Issue.record("got \(String(describing: error))")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test func everyTruncationOfAModelIsRefused() throws {
        var model = ONNXWriter()
        model.addInput("x", .float32, [2])
        model.addInitializer("w", Tensor([1, 2] as [Float], shape: [2]))
        model.addNode("Identity", ["x"], ["y"])
        model.addOutput("y")
        model.opsets = [:]
        let bytes = model.serialized()
        for count in 0..<bytes.count {
            #expect(throws: ImportError.self, "\(count) of \(bytes.count) bytes") {
                try ONNXModel(bytes: Array(bytes[..<count])).makeGraph()
            }
        }
    }

    @Test func hugeTensorsAreRefusedBeforeMemoryIsTaken() throws {
        for extents in [[1 << 40, 1], [1 << 31, 1 << 31, 4], [-1], [Int.max, Int.max]] {
            var tensor = WireWriter()
            tensor.packedIntegers(1, extents)
            tensor.integer(2, Int(DataType.float32.rawValue))
            tensor.string(8, "w")
            var file = WireWriter()
            file.message(7) { $0.bytes(5, tensor.bytes) }
            #expect(throws: ImportError.self) { try ONNXModel(bytes: file.bytes) }
        }
    }

    @Test func messagesNestedTooDeepAreRefused() throws {
        // A graph's node's attribute's tensor is as deep as it gets; lengths that lie end at the enclosing message.
        var message = WireWriter()
        for _ in 0..<10_000 {
            var outer = WireWriter()
            outer.bytes(7, message.bytes)
            message = outer
        }
        _ = try? ONNXModel(bytes: message.bytes)
        #expect(throws: ImportError.self) { try ONNXModel(bytes: [0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f]) }
    }

    @Test func missingFileNamesItsPath() throws {
        let error = #expect(throws: ImportError.self) { try ONNXModel(path: "/nowhere/model.onnx") }
        #expect("\(String(describing: error))".contains("/nowhere/model.onnx"))
    }
}
