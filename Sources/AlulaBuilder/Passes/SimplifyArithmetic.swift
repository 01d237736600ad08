// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Replaces powers with small constant exponents: `x²` by `x·x`, `x^½` by a square root, `x⁻¹` by a reciprocal, all
    /// of which fuse; and finds layer normalizations over the last axis that exporters wrote as nine operators.
    package static let simplifyArithmetic = GraphPass(name: "simplify-arithmetic") {
        graph,
        context throws(BuilderError) in
        let types = try context.inferTypes(graph)
        let matcher = GraphMatcher(graph)
        for id in graph.nodes {
            let node = graph[id]
            guard let output = graph.onlyOutput(node), types.isFloat32(output) else { continue }
            if let match = LayerNormalizationSearch(graph: graph, matcher: matcher, types: types).match(node) {
                graph.update(id, operation: LayerNormalization(epsilon: match.epsilon), inputs: match.inputs)
                context.note("recognised LayerNormalization ending in '\(node.name)'")
            }
        }
        for id in graph.nodes { simplifyPower(id, types, &graph, &context) }
        graph.removeDeadNodes()
    }

    private static func simplifyPower(
        _ id: Graph.NodeID,
        _ types: InferredTypes,
        _ graph: inout Graph,
        _ context: inout PassContext
    ) {
        let node = graph[id]
        guard node.operation is Pow, let exponent = graph.scalar(1, node, maxRank: 0) ?? graph.scalar(1, node),
            let base = node.inputs[0], let output = graph.onlyOutput(node), types.isFloat32(output),
            types.types(of: base) == types.types(of: output)
        else { return }
        switch exponent {
        case 2: graph.update(id, operation: Mul(), inputs: [base, base])
        case 0.5: graph.update(id, operation: Sqrt(), inputs: [base])
        case -1: graph.update(id, operation: Reciprocal(), inputs: [base])
        default: return
        }
        context.note("replaced '\(node.name)' (Pow) by \(graph[id].operation.name)")
    }
}

/// Matches `(x − mean(x)) / √(mean((x − mean(x))²) + ε) · scale + bias` by its last addition.
private struct LayerNormalizationSearch {
    let graph: Graph
    let matcher: GraphMatcher
    let types: InferredTypes

    private func producer(_ position: Int, _ node: Graph.Node) -> Graph.Node? {
        graph.producer(of: position, node).map { graph[$0] }
    }

    /// Source, scale, bias and ε; nil where the node does not end a normalization.
    func match(_ sum: Graph.Node) -> (inputs: [Graph.ValueID?], epsilon: Float)? {
        guard sum.operation is Add, sum.inputs.count == 2 else { return nil }
        for position in [0, 1] {
            guard let product = producer(position, sum), product.operation is Mul, let bias = sum.inputs[1 - position]
            else { continue }
            for inner in [0, 1] {
                guard let quotient = producer(inner, product), quotient.operation is Div,
                    let scale = product.inputs[1 - inner], let difference = producer(0, quotient),
                    let deviation = producer(1, quotient),
                    let found = source(difference, quotient.inputs[0], deviation),
                    isRow(scale, of: found.x), isRow(bias, of: found.x)
                else { continue }
                return ([found.x, scale, bias], found.epsilon)
            }
        }
        return nil
    }

    /// x and ε from `x − mean(x)` and `√(mean((x − mean(x))²) + ε)`.
    private func source(
        _ difference: Graph.Node,
        _ differenceValue: Graph.ValueID?,
        _ deviation: Graph.Node
    ) -> (x: Graph.ValueID, epsilon: Float)? {
        guard difference.operation is Sub, let x = difference.inputs[0], isMean(producer(1, difference), of: x),
            deviation.operation is Sqrt, let variance = producer(0, deviation), variance.operation is Add,
            let position = [0, 1].first(where: { graph.scalar($0, variance) != nil }),
            let epsilon = graph.scalar(position, variance), epsilon > 0,
            let mean = producer(1 - position, variance), let square = graph.producer(of: 0, mean).map({ graph[$0] }),
            let squareValue = mean.inputs[0], isMean(mean, of: squareValue)
        else { return nil }
        let isSquare =
            square.operation is Pow && square.inputs[0] == differenceValue && graph.scalar(1, square) == 2
            || square.operation is Mul && square.inputs == [differenceValue, differenceValue]
        return isSquare ? (x, Float(epsilon)) : nil
    }

    /// Whether a node is the mean of `x` over the last axis alone, which it keeps.
    private func isMean(_ node: Graph.Node?, of x: Graph.ValueID) -> Bool {
        guard let node, let mean = node.operation as? ReduceMean, mean.keepsDimensions, node.inputs.first == x,
            let axes = graph.constant(1, node)?.integers(), axes.count == 1, let rank = types.rank(of: x)
        else { return false }
        return axes[0] == -1 || axes[0] == rank - 1
    }

    /// Whether a value is a constant with one number for each element of the last axis of `x`.
    private func isRow(_ value: Graph.ValueID, of x: Graph.ValueID) -> Bool {
        guard let constant = graph[value].constant, constant.dataType == .float32, constant.shape.rank == 1,
            let shapes = types.shapes(of: x)
        else { return false }
        return shapes.allSatisfy { $0.extents.last == constant.elementCount }
    }
}
