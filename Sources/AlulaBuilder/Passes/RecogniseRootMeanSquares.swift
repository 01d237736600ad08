// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Finds normalizations by the root of the mean square over the last axis, which exporters of before opset 23 write as six or
    /// seven operators: `x / √(mean(x²) + ε) · scale`, the quotient also as a product with the inverse.
    package static let recogniseRootMeanSquares = GraphPass(name: "recognise-root-mean-squares") {
        graph,
        context throws(BuilderError) in
        let types = try context.inferTypes(graph)
        for id in graph.nodes {
            let node = graph[id]
            guard let output = graph.onlyOutput(node), types.isFloat32(output),
                let match = RootMeanSquareSearch(graph: graph, types: types).match(node)
            else { continue }
            graph.update(id, operation: RMSNormalization(epsilon: match.epsilon), inputs: [match.x, match.scale])
            context.note("recognised RMSNormalization ending in '\(node.name)'")
        }
        graph.removeDeadNodes()
    }
}

/// Matches a normalization by its last product, which scales.
private struct RootMeanSquareSearch {
    let graph: Graph
    let types: InferredTypes

    private func producer(_ position: Int, _ node: Graph.Node) -> Graph.Node? {
        graph.producer(of: position, node).map { graph[$0] }
    }

    /// Source, scale and ε; nil where the node does not end a normalization.
    func match(_ product: Graph.Node) -> (x: Graph.ValueID, scale: Graph.ValueID, epsilon: Float)? {
        guard product.operation is Mul, product.inputs.count == 2 else { return nil }
        for position in [0, 1] {
            guard let scale = product.inputs[position], let unit = producer(1 - position, product),
                let found = normalized(unit), isRow(scale, of: found.x)
            else { continue }
            return (found.x, scale, found.epsilon)
        }
        return nil
    }

    /// x and ε of `x / √(mean(x²) + ε)`, or of the product with the inverse.
    private func normalized(_ unit: Graph.Node) -> (x: Graph.ValueID, epsilon: Float)? {
        guard unit.inputs.count == 2 else { return nil }
        if unit.operation is Div, let x = unit.inputs[0], let epsilon = epsilon(ofRoot: producer(1, unit), of: x) {
            return (x, epsilon)
        }
        guard unit.operation is Mul else { return nil }
        for position in [0, 1] {
            guard let x = unit.inputs[position], let inverse = producer(1 - position, unit) else { continue }
            let root: Graph.Node? =
                switch inverse.operation {
                case is Reciprocal: producer(0, inverse)
                case is Div where graph.scalar(0, inverse) == 1: producer(1, inverse)
                default: nil
                }
            if let epsilon = epsilon(ofRoot: root, of: x) { return (x, epsilon) }
        }
        return nil
    }

    /// ε of `√(mean(x²) + ε)`.
    private func epsilon(ofRoot root: Graph.Node?, of x: Graph.ValueID) -> Float? {
        guard let root, root.operation is Sqrt, let sum = producer(0, root), sum.operation is Add,
            let position = [0, 1].first(where: { graph.scalar($0, sum) != nil }),
            let epsilon = graph.scalar(position, sum), epsilon > 0, let mean = producer(1 - position, sum),
            let reduction = mean.operation as? ReduceMean, reduction.keepsDimensions,
            let axes = graph.constant(1, mean)?.integers(), axes.count == 1, let rank = types.rank(of: x),
            axes[0] == -1 || axes[0] == rank - 1, let square = producer(0, mean)
        else { return nil }
        let isSquare =
            square.operation is Pow && square.inputs.first == x && graph.scalar(1, square) == 2
            || square.operation is Mul && square.inputs == [x, x]
        return isSquare ? Float(epsilon) : nil
    }

    /// Whether a value is a constant with one number for each element of the last axis of `x`.
    private func isRow(_ value: Graph.ValueID, of x: Graph.ValueID) -> Bool {
        guard let constant = graph[value].constant, constant.dataType == .float32, constant.shape.rank == 1,
            let shapes = types.shapes(of: x)
        else { return false }
        return shapes.allSatisfy { $0.extents.last == constant.elementCount }
    }
}
