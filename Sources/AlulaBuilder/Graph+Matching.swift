// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

/// What pattern-matching passes ask a graph, with uses looked up once.
///
/// A snapshot: after a patch, values that the patch did not touch are still described correctly.
struct GraphMatcher {
    private let uses: [Graph.ValueID: [GraphUse]]
    private let outputs: Set<Graph.ValueID>
    let positions: [Graph.NodeID: Int]

    init(_ graph: Graph) {
        uses = graph.uses()
        outputs = Set(graph.outputs)
        positions = Dictionary(graph.nodes.enumerated().map { ($1, $0) }) { first, _ in first }
    }

    /// Whether one input of one node reads the value and nothing else does.
    func hasSingleUse(_ value: Graph.ValueID) -> Bool { useCount(value) == 1 && !outputs.contains(value) }

    /// How many node inputs read the value.
    func useCount(_ value: Graph.ValueID) -> Int { uses[value]?.count ?? 0 }

    /// The nodes that read the value, each input once.
    func readers(_ value: Graph.ValueID) -> [GraphUse] { uses[value] ?? [] }

    /// Whether the value is a network output.
    func isOutput(_ value: Graph.ValueID) -> Bool { outputs.contains(value) }
}

extension Graph {
    /// The node that makes input `position` of `node`.
    func producer(of position: Int, _ node: Node) -> NodeID? {
        position < node.inputs.count ? node.inputs[position].flatMap { self[$0].producer } : nil
    }

    /// The content of input `position` of `node` if it is a constant.
    func constant(_ position: Int, _ node: Node) -> Tensor? {
        position < node.inputs.count ? node.inputs[position].flatMap { self[$0].constant } : nil
    }

    /// The number in input `position` of `node` if it is a float constant of one element and at most `maxRank` axes.
    func scalar(_ position: Int, _ node: Node, maxRank: Int = 1) -> Double? {
        guard let tensor = constant(position, node), tensor.elementCount == 1, tensor.dataType.isFloatingPoint,
            tensor.shape.rank <= maxRank
        else { return nil }
        return tensor.doubles()[0]
    }

    /// For a commutative two-operand node: the position of the operand that is a scalar constant near `value`.
    func position(of value: Double, _ node: Node) -> Int? {
        guard node.inputs.count == 2 else { return nil }
        return [0, 1].first { position in
            scalar(position, node).map { abs($0 - value) <= 1e-4 * abs(value) } ?? false
        }
    }

    /// The only output of a node; nil when it has several that are in use.
    func onlyOutput(_ node: Node) -> ValueID? {
        guard node.outputs.dropFirst().allSatisfy({ $0 == nil }) else { return nil }
        return node.outputs.first ?? nil
    }
}
