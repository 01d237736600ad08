// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaTesting
import Testing

/// `dst[i] = limit · tanh(src[i] / limit)`: the operator of the chapter "Your own operator", word for word.
private struct SoftLimit: Operator {
    static let name = "SoftLimit"
    var limit: Float

    init(limit: Float) throws(OperatorError) {
        guard limit > 0, limit.isFinite else {
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "limit",
                got: "\(limit)",
                expected: "a positive number"
            )
        }
        self.limit = limit
    }

    init(attributes: Attributes) throws(OperatorError) {
        try self.init(limit: try attributes.float("limit", for: Self.name))
    }
    var attributes: Attributes { ["limit": .float(limit)] }

    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require([.float32], of: 0)
        return [try inputs.required(0).type]
    }

    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let values = src.span(of: Float.self)
        var elements = dst.mutableSpan(of: Float.self)
        for index in 0..<values.count {
            elements[index] = limit * Float(ElementaryFunctions.tanh(Double(values[index] / limit)))
        }
    }

    func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

/// What the chapter "Your own operator" says.
@Suite struct OwnOperatorTests {
    private func graph(limit: Float) throws -> Graph {
        var model = ONNXWriter()
        model.addInput("x", .float32, [7])
        model.addNode("SoftLimit", ["x"], ["y"], attributes: ["limit": .float(limit)])
        model.addOutput("y")
        var importers = ImporterRegistry.standard
        importers.register("SoftLimit") { context throws(ImportError) in
            let limit = try context.float("limit", default: 1)
            do throws(OperatorError) {
                context.emit(try SoftLimit(limit: limit))
            } catch {
                throw .operatorRefused(node: context.displayName, error: error)
            }
        }
        return try ONNXModel(bytes: model.serialized()).makeGraph(importers: importers)
    }

    @Test func anOperatorFromOutsideIsBuiltStoredAndRun() throws {
        var registry = OperatorRegistry.standard
        registry.register(SoftLimit.self)
        var configuration = BuilderConfiguration()
        configuration.registry = registry
        let bytes = try Builder(configuration).build(try graph(limit: 2)).serializedBytes()
        #expect(throws: PlanError.self, "the operator is not registered") { try Plan(bytes) }
        let engine = try Engine(try Plan(bytes, operators: registry))
        let device = try Device.cpu(threads: 1)
        let context = try engine.makeExecutionContext(on: device)
        let stream = try device.makeStream()
        let values: [Float] = [-100, -2, -0.5, 0, 0.5, 2, 100]
        let (input, output) = (try device.allocate(byteCount: 28), try device.allocate(byteCount: 28))
        let host = try device.allocateHost(byteCount: 28)
        host.withMutableElements(of: Float.self) { for index in 0..<7 { $0[index] = values[index] } }
        try stream.copy(from: host, to: input)
        try context.enqueue(bindings: [input, output], on: stream)
        try stream.copy(from: output, to: host)
        try stream.synchronize()
        let got = host.withElements(of: Float.self) { span in (0..<7).map { span[$0] } }
        for (value, result) in zip(values, got) {
            #expect(abs(Double(result) - 2 * ElementaryFunctions.tanh(Double(value) / 2)) < 1e-6)
        }
    }

    @Test func badAttributesAreRefusedWithTheNode() {
        let text = message { _ = try graph(limit: -1) }
        #expect(text.contains("SoftLimit") && text.contains("limit") && text.contains("positive"), "\(text)")
    }
}
