// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaONNX
internal import AlulaOperators
internal import AlulaTensor
internal import AlulaTesting
internal import Testing

/// Graphs mean what their models say; what cannot be supported is refused by name.
struct ImporterTests {
    private func graph(_ model: ONNXWriter, importers: ImporterRegistry = .standard) throws -> Graph {
        try ONNXModel(bytes: model.serialized()).makeGraph(importers: importers)
    }

    private func importError(_ model: ONNXWriter) -> ImportError? {
        do {
            _ = try graph(model)
            return nil
        } catch {
            return error as? ImportError
        }
    }

    /// A model that applies Relu to a vector of two.
    private func reluModel() -> ONNXWriter {
        var model = ONNXWriter()
        model.addInput("x", .float32, [2])
        model.addNode("Relu", ["x"], ["y"])
        model.addOutput("y")
        return model
    }

    // MARK: - Graphs

    @Test func inputsCarrySymbolicDimensions() throws {
        var model = ONNXWriter()
        model.addInput("x", .float32, [.symbolic("batch"), 3, .symbolic(""), .symbolic("batch")])
        model.addNode("Relu", ["x"], ["y"])
        model.addOutput("y")
        let graph = try graph(model)
        #expect(
            graph[graph.inputs[0]].dimensions == [.symbolic("batch"), .fixed(3), .symbolic(""), .symbolic("batch")]
        )
        #expect(graph[graph.inputs[0]].dataType == .float32)
        #expect(graph[graph.outputs[0]].name == "y")
    }

    @Test func nodesInAnyOrderAreSorted() throws {
        var model = ONNXWriter()
        model.addInput("x", .float32, [2])
        model.addNode("Relu", ["b"], ["c"])
        model.addNode("Relu", ["a"], ["b"])
        model.addNode("Relu", ["x"], ["a"])
        model.addOutput("c")
        let graph = try graph(model)
        #expect(graph.nodes.map { graph[$0].name } == ["node2", "node1", "node0"])
        #expect(try GraphInterpreter(graph).run([Tensor([-1, 2] as [Float], shape: [2])])[0].doubles() == [0, 2])
    }

    @Test func inputsWithAnInitializerAreConstants() throws {
        var model = ONNXWriter()
        model.addInput("x", .float32, [2])
        model.addInput("w", .float32, [2])
        model.addInitializer("w", Tensor([-1, 4] as [Float], shape: [2]))
        model.addNode("Relu", ["w"], ["y"])
        model.addOutput("y")
        let graph = try graph(model)
        #expect(graph.inputs.map { graph[$0].name } == ["x"])
    }

    @Test func outputsThatAreInputsConstantsOrDuplicatesKeepTheirNames() throws {
        var model = ONNXWriter()
        model.addInput("x", .float32, [2])
        model.addInitializer("w", Tensor([3, 4] as [Float], shape: [2]))
        model.addNode("Relu", ["x"], ["y"])
        for name in ["x", "w", "y", "y"] { model.addOutput(name) }
        let graph = try graph(model)
        let results = try GraphInterpreter(graph).run([Tensor([-1, 2] as [Float], shape: [2])])
        #expect(results.map { $0.doubles() } == [[-1, 2], [3, 4], [0, 2], [0, 2]])
        #expect(graph[graph.outputs[1]].name == "w")
        #expect(graph[graph.outputs[2]].name == "y")
        #expect(Set(graph.outputs).count == 4)
    }

    @Test func aHundredThousandNodesOfOneNameImport() throws {
        var model = ONNXWriter()
        model.addInput("v0", .float32, [2])
        for index in 0..<100_000 {
            model.nodes.append(
                NodeProto(
                    name: "same",
                    operatorType: "Constant",
                    inputs: [],
                    outputs: ["c\(index)"],
                    attributes: ["value_int": .integer(index)]
                )
            )
        }
        model.addNode("Relu", ["v0"], ["y"])
        model.addOutput("y")
        #expect(try graph(model).nodes.count == 1)
    }

    // MARK: - Functions

    private func functionModel() -> ONNXWriter {
        var model = ONNXWriter()
        model.opsets["local"] = 1
        model.addInput("x", .float32, [2])
        let body = [
            NodeProto(name: "inner", operatorType: "Twice", domain: "local", inputs: ["a"], outputs: ["t"]),
            NodeProto(operatorType: "Identity", inputs: ["t"], outputs: ["b"]),
        ]
        let twice = [
            NodeProto(name: "first", operatorType: "Relu", inputs: ["p"], outputs: ["q"]),
            NodeProto(name: "second", operatorType: "Relu", inputs: ["q"], outputs: ["r"]),
        ]
        model.functions = [
            .init(name: "Outer", domain: "local", inputs: ["a", "unused"], outputs: ["b"], nodes: body),
            .init(name: "Twice", domain: "local", inputs: ["p"], outputs: ["r"], nodes: twice),
        ]
        model.addNode("Outer", ["x"], ["y"], domain: "local")
        model.addNode("Outer", ["y"], ["z"], domain: "local")
        model.addOutput("z")
        return model
    }

    @Test func functionsAreInlinedAtEveryCall() throws {
        let graph = try graph(functionModel())
        #expect(graph.nodes.count == 6)
        #expect(graph[graph.nodes[0]].name == "node0/inner/first")
        #expect(try GraphInterpreter(graph).run([Tensor([-1, 2] as [Float], shape: [2])])[0].doubles() == [0, 2])
    }

    @Test func functionAttributesComeFromTheCallOrTheDefault() throws {
        var model = ONNXWriter()
        model.opsets["local"] = 1
        let node = NodeProto(
            operatorType: "Constant",
            inputs: [],
            outputs: ["c"],
            attributes: ["value_int": .reference("n")]
        )
        var function = ONNXWriter.Function(name: "Number", domain: "local", inputs: [], outputs: ["c"], nodes: [node])
        function.attributeDefaults = ["n": .integer(5)]
        model.functions = [function]
        model.addNode("Number", [], ["a"], domain: "local", attributes: ["n": .integer(9)])
        model.addNode("Number", [], ["b"], domain: "local")
        model.addOutput("a", .int64)
        model.addOutput("b", .int64)
        let results = try GraphInterpreter(graph(model)).run([])
        #expect(results.map { $0.integers() } == [[9], [5]])
    }

    @Test func functionsThatCallThemselvesAreRefused() throws {
        var model = functionModel()
        model.functions[1].nodes[0] = NodeProto(operatorType: "Outer", domain: "local", inputs: ["p"], outputs: ["q"])
        guard case .functionExpansion? = importError(model) else {
            Issue.record("got \(String(describing: importError(model)))")
            return
        }
    }

    @Test func functionsThatMultiplyBeyondBoundsAreRefused() throws {
        var model = ONNXWriter()
        model.opsets["local"] = 1
        model.addInput("x", .float32, [2])
        for level in 0..<30 {
            let callee = level == 0 ? ("Relu", "") : ("F\(level - 1)", "local")
            let nodes = [("a", "b"), ("b", "c")].map { input, output in
                NodeProto(operatorType: callee.0, domain: callee.1, inputs: [input], outputs: [output])
            }
            model.functions.append(
                .init(name: "F\(level)", domain: "local", inputs: ["a"], outputs: ["c"], nodes: nodes)
            )
        }
        model.addNode("F29", ["x"], ["y"], domain: "local")
        model.addOutput("y")
        guard case .functionExpansion? = importError(model) else {
            Issue.record("got \(String(describing: importError(model)))")
            return
        }
    }

    // MARK: - Refusals

    @Test func allUnknownOperatorsAreNamedAtOnce() throws {
        var model = reluModel()
        model.addNode("Frobnicate", ["x"], ["f"])
        model.addNode("If", ["x"], ["g"], attributes: ["then_branch": .graph])
        model.addNode("Frobnicate", ["x"], ["h"], domain: "com.example")
        model.addNode("Frobnicate", ["x"], ["i"])
        guard case .unknownOperators(let nodes)? = importError(model) else {
            Issue.record("got \(String(describing: importError(model)))")
            return
        }
        #expect(nodes.map(\.operatorType) == ["Frobnicate", "If", "Frobnicate"])
        #expect(nodes.map(\.node) == ["node1", "node2", "node3"])
        let text = ImportError.unknownOperators(nodes).description
        #expect(text.contains("'com.example.Frobnicate' (opset 1)") && text.contains("'If' (opset 21)"))
    }

    @Test(arguments: [5, 24, 0, -3, 1 << 40])
    func opsetOutsideTheRangeNamesNodeOperatorAndRange(opset: Int) throws {
        var model = reluModel()
        model.opsets = ["": opset]
        let error = try #require(importError(model))
        guard case .opset(let node, let supported) = error else {
            Issue.record("got \(error)")
            return
        }
        #expect(node.node == "node0" && node.operatorType == "Relu" && node.opset == opset)
        #expect(!supported.contains(opset))
        #expect("\(error)".contains("\(supported.lowerBound) to \(supported.upperBound)"))
    }

    @Test func undefinedDuplicateAndCircularValuesAreNamed() throws {
        var undefined = reluModel()
        undefined.addNode("Relu", ["nothing"], ["z"])
        #expect(importError(undefined) == .undefinedValue(node: "node1", value: "nothing"))

        var duplicate = reluModel()
        duplicate.addNode("Relu", ["x"], ["y"])
        #expect(importError(duplicate) == .duplicateValue(node: "node1", value: "y"))

        var circular = ONNXWriter()
        circular.addNode("Relu", ["b"], ["a"])
        circular.addNode("Relu", ["a"], ["b"])
        circular.addOutput("a")
        #expect(importError(circular) == .undefinedValue(node: "node0", value: "b"))

        var output = reluModel()
        output.addOutput("nothing")
        #expect(importError(output) == .undefinedValue(node: "network output", value: "nothing"))
    }

    @Test func inputsThatAreNoTensorsOfNumbersAreNamed() throws {
        var model = reluModel()
        model.inputs[0].elementType = 8
        #expect(
            importError(model) == .unsupportedValue(name: "x", got: "element type string", expected: "numbers or bools")
        )
        model.inputs[0].elementType = 16
        #expect("\(String(describing: importError(model)))".contains("bfloat16"))
        model.inputs[0].elementType = 1
        model.inputs[0].dimensions = nil
        #expect("\(String(describing: importError(model)))".contains("unknown rank"))
        model.inputs[0].dimensions = [.fixed(1 << 40), .fixed(1 << 40)]
        #expect("\(String(describing: importError(model)))".contains("smaller"))
    }

    @Test func constantsOfStringsAreRefusedOnlyWhereUsed() throws {
        var model = reluModel()
        model.addNode("Constant", [], ["s"], attributes: ["value_string": .string("text")])
        #expect("\(String(describing: importError(model)))".contains("value_string"))
    }

    // MARK: - Operators of other domains

    @Test func importersOfOwnDomainsCanBeRegistered() throws {
        var importers = ImporterRegistry.standard
        importers.register("Rectify", domain: "com.example") { context throws(ImportError) in
            guard try context.bool("enabled", default: false) else {
                throw context.unsupported("enabled = 0", expected: "1")
            }
            context.emit(Relu())
        }
        var model = ONNXWriter()
        model.opsets["com.example"] = 3
        model.addInput("x", .float32, [2])
        model.addNode("Rectify", ["x"], ["y"], domain: "com.example", attributes: ["enabled": .integer(1)])
        model.addOutput("y")
        let results = try GraphInterpreter(graph(model, importers: importers)).run([
            Tensor([-1, 2] as [Float], shape: [2])
        ])
        #expect(results[0].doubles() == [0, 2])
        model.nodes[0].attributes = [:]
        let error = #expect(throws: ImportError.self) { try graph(model, importers: importers) }
        #expect("\(String(describing: error))".contains("(opset 3)"))
    }
}
