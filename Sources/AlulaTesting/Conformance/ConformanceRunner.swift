// SPDX-License-Identifier: Apache-2.0

package import AlulaGraph
internal import AlulaONNX
internal import AlulaOperators
package import AlulaTensor

/// What came of one conformance case.
package struct ConformanceResult: Sendable {
    /// Pass, fail or unsupported.
    package enum Outcome: Sendable, Equatable {
        /// All outputs of all data sets agree.
        case passed
        /// The case should pass and does not.
        case failed(String)
        /// The case needs an operator, type or combination Alula does not support.
        case unsupported(String)
    }

    /// The case's name.
    package let name: String
    /// The operator the case is about: the model's only one, or `several`; for unsupported ones the culprit.
    package let operatorType: String
    /// What came of it.
    package let outcome: Outcome
    /// The largest difference of any output, as a part of the output's largest magnitude.
    package let largestOfRange: Double
}

/// Something that computes a graph's outputs from its inputs, by name for reports.
package struct ConformanceLevel: Sendable {
    /// For example `reference` or `engine`.
    package let name: String
    /// Computes the outputs, in the graph's order.
    package let run: @Sendable (Graph, [Tensor]) throws -> [Tensor]

    /// A level.
    package init(name: String, run: @escaping @Sendable (Graph, [Tensor]) throws -> [Tensor]) {
        self.name = name
        self.run = run
    }

    /// The scalar definitions, node by node.
    package static let reference = ConformanceLevel(name: "reference") { graph, inputs in
        try GraphInterpreter(graph).run(inputs)
    }

    /// Builder, serialised plan, engine and stream.
    package static let engine = ConformanceLevel(name: "engine") { graph, inputs in
        try EngineRunner.shared.get().run(graph, inputs)
    }

    /// All levels there are.
    package static let all = [reference, engine]
}

/// Runs conformance cases at one level.
package struct ConformanceRunner: Sendable {
    private let level: ConformanceLevel
    private let tolerance: Tolerance

    /// A runner.
    package init(level: ConformanceLevel = .reference, tolerance: Tolerance = .onnxBackend) {
        self.level = level
        self.tolerance = tolerance
    }

    /// Runs all data sets of `testCase`.
    package func run(_ testCase: ConformanceCase) -> ConformanceResult {
        var operatorType = "several"
        var largestOfRange = 0.0
        do {
            let model = try ONNXModel(path: testCase.modelPath)
            if Set(model.operatorTypes).count == 1 { operatorType = model.operatorTypes[0] }
            let graph = try model.makeGraph()
            let dataSets = try testCase.dataSets()
            guard !dataSets.isEmpty else { return result(.failed("no data sets")) }
            for dataSet in dataSets {
                let difference = try run(graph, dataSet: dataSet)
                largestOfRange = max(largestOfRange, difference.largestOfRange)
                guard let failure = difference.failure else { continue }
                return result(
                    ConformanceDefects.reason(for: testCase.name).map { .unsupported($0) } ?? .failed(failure)
                )
            }
            return result(.passed)
        } catch let error as ImportError {
            if case .unknownOperators(let nodes) = error, let first = nodes.first { operatorType = first.operatorType }
            return result(error.isOutsideSupport ? .unsupported("\(error)") : .failed("\(error)"))
        } catch {
            guard let refusal = refusal(of: testCase) else { return result(.failed("\(error)")) }
            operatorType = refusal.operatorType
            return result(.unsupported(refusal.reason))
        }

        func result(_ outcome: ConformanceResult.Outcome) -> ConformanceResult {
            ConformanceResult(
                name: testCase.name,
                operatorType: operatorType,
                outcome: outcome,
                largestOfRange: largestOfRange
            )
        }
    }

    /// Why the scalar definitions refuse the case's types, if they do and may; says so for failures at any level.
    private func refusal(of testCase: ConformanceCase) -> (operatorType: String, reason: String)? {
        do {
            let graph = try Graph(onnx: testCase.modelPath)
            for dataSet in try testCase.dataSets() {
                _ = try GraphInterpreter(graph).run(dataSet.inputs(of: graph))
            }
            return nil
        } catch InterpreterError.operatorRefused(
            let node,
            let name,
            .unsupportedDataType(_, let index, let type, let expected)
        )
            where !supportedTypes.contains(type)
        {
            return (name, "node '\(node)': \(name): input \(index): got \(type), expected \(expected)")
        } catch {
            return nil
        }
    }

    private func run(_ graph: Graph, dataSet: ConformanceDataSet) throws -> Difference {
        let expected = try dataSet.outputs()
        let outputs = try level.run(graph, dataSet.inputs(of: graph))
        guard outputs.count == expected.count else {
            return Difference(failure: "got \(outputs.count) outputs, expected \(expected.count)")
        }
        var worst = Difference()
        for (index, (got, expected)) in zip(outputs, expected).enumerated() {
            let difference = difference(got, expected, within: tolerance)
            worst.largestOfRange = max(worst.largestOfRange, difference.largestOfRange)
            guard worst.failure == nil, let failure = difference.failure else { continue }
            worst.failure = "output '\(graph[graph.outputs[index]].name)': \(failure)"
        }
        return worst
    }
}

/// The types every supported operator must take where ONNX allows them; refusing another one is no failure.
private let supportedTypes: Set<DataType> = [.float32, .float16, .int64, .int32, .int8, .uint8, .bool]

extension ImportError {
    /// Whether the model is well-formed and asks for something Alula does not claim to support.
    fileprivate var isOutsideSupport: Bool {
        switch self {
        case .unknownOperators, .opset, .unsupported, .unsupportedValue: true
        default: false
        }
    }
}
