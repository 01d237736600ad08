// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph

/// An order in which every node follows the producers of its inputs; the file's own order where that already does.
struct TopologicalOrder {
    /// Indices of the nodes.
    let indices: [Int]

    /// Orders `nodes`, whose other inputs are in `known`.
    ///
    /// - Throws: ``ImportError/undefinedValue(node:value:)`` when a value has no producer or nodes form a cycle.
    init(_ nodes: [NodeProto], known: GraphImporter.Scope) throws(ImportError) {
        indices = Self.isOrdered(nodes, known: known) ? Array(nodes.indices) : try Self.sorted(nodes, known: known)
    }

    private static func isOrdered(_ nodes: [NodeProto], known: GraphImporter.Scope) -> Bool {
        var made: Set<String> = [""]
        for node in nodes {
            guard node.inputs.allSatisfy({ made.contains($0) || known[$0] != nil }) else { return false }
            made.formUnion(node.outputs)
        }
        return true
    }

    private static func sorted(_ nodes: [NodeProto], known: GraphImporter.Scope) throws(ImportError) -> [Int] {
        var producers: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for name in node.outputs where !name.isEmpty { producers[name] = index }
        }
        var waitingFor = [Int](repeating: 0, count: nodes.count)
        var consumers = [[Int]](repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() {
            for name in node.inputs where !name.isEmpty && known[name] == nil {
                guard let producer = producers[name] else {
                    throw .undefinedValue(node: node.displayName, value: name)
                }
                waitingFor[index] += 1
                consumers[producer].append(index)
            }
        }
        var order = nodes.indices.filter { waitingFor[$0] == 0 }
        var next = 0
        while next < order.count {
            for consumer in consumers[order[next]] {
                waitingFor[consumer] -= 1
                if waitingFor[consumer] == 0 { order.append(consumer) }
            }
            next += 1
        }
        if let stuck = nodes.indices.first(where: { waitingFor[$0] > 0 }) {
            let value = nodes[stuck].inputs.first { known[$0] == nil && producers[$0] != nil } ?? ""
            throw .undefinedValue(node: nodes[stuck].displayName, value: value)
        }
        return order
    }
}
