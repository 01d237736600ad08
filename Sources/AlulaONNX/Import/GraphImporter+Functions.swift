// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph

/// What identifies a model-local function.
struct FunctionKey: Hashable, Sendable {
    var domain: String
    var name: String
    var overload: String

    init(_ function: FunctionProto) {
        self.init(domain: function.domain, name: function.name, overload: function.overload)
    }

    init(calledBy node: NodeProto) {
        self.init(domain: node.domain, name: node.operatorType, overload: node.overload)
    }

    private init(domain: String, name: String, overload: String) {
        self.domain = domain == "ai.onnx" ? "" : domain
        self.name = name
        self.overload = overload
    }
}

extension GraphImporter {
    /// What functions may expand to: nested calls multiply, and a small file could ask for any number of nodes.
    static let maximumNodeCount = 1 << 18
    /// How deep functions may call functions.
    static let maximumCallDepth = 32
    /// Bytes that the names of calls may add to the names inside the bodies, all together.
    static let maximumNameByteCount = 64 << 20

    /// Imports the body of the model-local function `node` calls, and returns the call's outputs.
    mutating func inlineFunction(
        _ node: NodeProto,
        inputs: [Graph.ValueID?],
        callers: [FunctionKey]
    ) throws(ImportError) -> [Graph.ValueID?] {
        let key = FunctionKey(calledBy: node)
        guard let function = functions[key] else {
            preconditionFailure("\(node.operatorType) passed the check of operators")
        }
        guard !callers.contains(key) else {
            throw .functionExpansion(node: node.displayName, function: function.name, reason: "calls itself")
        }
        expandedNodeCount += function.nodes.count
        expandedNameByteCount += node.displayName.utf8.count * function.nodes.count
        guard expandedNodeCount <= Self.maximumNodeCount, expandedNameByteCount <= Self.maximumNameByteCount,
            callers.count < Self.maximumCallDepth
        else {
            let reason =
                "calls expand to more than \(Self.maximumNodeCount) nodes, \(Self.maximumNameByteCount) bytes of "
                + "names or a depth of \(Self.maximumCallDepth)"
            throw .functionExpansion(node: node.displayName, function: function.name, reason: reason)
        }
        var scope: Scope = [:]
        for (index, name) in function.inputs.enumerated() {
            scope.updateValue(index < inputs.count ? inputs[index] : nil, forKey: name)
        }
        try importNodes(
            function.nodes.map { substituteAttributes(of: $0, call: node, function: function) },
            opsets: function.opsets.isEmpty ? model.opsets : function.opsets,
            prefix: "\(node.displayName)/",
            scope: &scope,
            callers: callers + [key]
        )
        var outputs = [Graph.ValueID?](repeating: nil, count: node.outputs.count)
        for index in node.outputs.indices where !node.outputs[index].isEmpty {
            guard index < function.outputs.count, let value = scope[function.outputs[index]] else {
                throw .undefinedValue(node: node.displayName, value: node.outputs[index])
            }
            outputs[index] = value
        }
        return outputs
    }

    /// Replaces references to the function's attributes by the call's values, or by defaults; drops the rest.
    private func substituteAttributes(of node: NodeProto, call: NodeProto, function: FunctionProto) -> NodeProto {
        var node = node
        for (name, value) in node.attributes {
            guard case .reference(let reference) = value else { continue }
            node.attributes[name] = call.attributes[reference] ?? function.attributeDefaults[reference]
        }
        return node
    }
}
