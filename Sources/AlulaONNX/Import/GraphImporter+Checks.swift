// SPDX-License-Identifier: Apache-2.0

extension GraphImporter {
    /// Checks operators and opsets of all nodes, those of reachable functions included, before anything is imported.
    func checkOperators() throws(ImportError) {
        var check = OperatorCheck(importers: importers, functions: functions)
        try check.visit(model.graph.nodes, opsets: model.opsets)
        while let key = check.pendingFunctions.popLast() {
            guard let function = functions[key] else { continue }
            try check.visit(function.nodes, opsets: function.opsets.isEmpty ? model.opsets : function.opsets)
        }
        guard check.unknown.isEmpty else { throw .unknownOperators(check.unknown) }
    }
}

/// Operators whose first definition did not change before opset 7, so that older models may use them.
private let unchangedOperators: Set<String> = [
    "ArgMax", "ArgMin", "AveragePool", "Constant", "Conv", "ConvTranspose", "DepthToSpace", "Flatten", "Gather",
    "GlobalAveragePool", "GlobalMaxPool", "Identity", "LogSoftmax", "MatMul", "MaxPool", "Not", "ReduceL1", "ReduceL2",
    "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
    "ReduceSumSquare", "Shape", "Size", "Slice", "Softmax", "SpaceToDepth", "Squeeze", "Transpose", "Unsqueeze",
]

/// Collects the unknown operators of a model, each once.
private struct OperatorCheck {
    let importers: ImporterRegistry
    let functions: [FunctionKey: FunctionProto]
    var unknown: [NodeSummary] = []
    var pendingFunctions: [FunctionKey] = []
    private var seenFunctions: Set<FunctionKey> = []
    private var seenUnknown: Set<String> = []

    init(importers: ImporterRegistry, functions: [FunctionKey: FunctionProto]) {
        self.importers = importers
        self.functions = functions
    }

    mutating func visit(_ nodes: [NodeProto], opsets: [String: Int]) throws(ImportError) {
        for node in nodes {
            let domain = node.domain == "ai.onnx" ? "" : node.domain
            let summary = NodeSummary(
                node: node.displayName,
                operatorType: node.operatorType,
                domain: domain,
                opset: opsets[domain] ?? 1
            )
            if importers.importer(for: node.operatorType, domain: domain) != nil {
                if domain.isEmpty { try checkOpset(summary) }
            } else if functions[FunctionKey(calledBy: node)] != nil {
                if seenFunctions.insert(FunctionKey(calledBy: node)).inserted {
                    pendingFunctions.append(FunctionKey(calledBy: node))
                }
            } else if seenUnknown.insert("\(domain).\(node.operatorType)").inserted {
                unknown.append(summary)
            }
        }
    }

    private func checkOpset(_ summary: NodeSummary) throws(ImportError) {
        var supported = ONNXModel.supportedOpsets
        if unchangedOperators.contains(summary.operatorType) {
            supported = 1...supported.upperBound
        } else {
            supported = 6...supported.upperBound
        }
        guard supported.contains(summary.opset) else { throw .opset(summary, supported: supported) }
    }
}
