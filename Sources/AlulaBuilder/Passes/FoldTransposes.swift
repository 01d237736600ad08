// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Composes consecutive transposes, removes those that change nothing, moves them behind elementwise operators (two
    /// become one in front of a sum), and into the flags of matrix products.
    package static let foldTransposes = GraphPass(name: "fold-transposes") { graph, context throws(BuilderError) in
        let types = try context.inferTypes(graph)
        var ranks: [Graph.ValueID: Int] = [:]
        for id in graph.nodes {
            for value in graph[id].inputs + graph[id].outputs { if let value { ranks[value] = types.rank(of: value) } }
        }
        for id in graph.nodes {
            composeTransposes(id, ranks, &graph, &context)
            sinkTranspose(id, &ranks, &graph, &context)
            foldIntoProduct(id, &graph, &context)
        }
        removeUnitTransposes(ranks, &graph, &context)
        graph.removeDeadNodes()
    }

    /// The axes order of the transpose that makes `value`; nil when none does.
    private static func order(_ value: Graph.ValueID?, _ ranks: [Graph.ValueID: Int], _ graph: Graph) -> [Int]? {
        guard let value, let producer = graph[value].producer,
            let transpose = graph[producer].operation as? Transpose
        else { return nil }
        return transpose.permutation ?? ranks[value].map { Array((0..<$0).reversed()) }
    }

    /// `transpose(transpose(x))` reads x directly.
    private static func composeTransposes(
        _ id: Graph.NodeID,
        _ ranks: [Graph.ValueID: Int],
        _ graph: inout Graph,
        _ context: inout PassContext
    ) {
        let node = graph[id]
        guard node.operation is Transpose, let inner = order(node.inputs[0], ranks, graph),
            let outer = order(node.outputs[0], ranks, graph), let first = graph.producer(of: 0, node)
        else { return }
        graph.update(id, operation: Transpose(permutation: outer.map { inner[$0] }), inputs: graph[first].inputs)
        context.note("composed '\(graph[first].name)' and '\(node.name)'")
    }

    private static func removeUnitTransposes(
        _ ranks: [Graph.ValueID: Int],
        _ graph: inout Graph,
        _ context: inout PassContext
    ) {
        for id in graph.nodes {
            let node = graph[id]
            guard node.operation is Transpose, let output = node.outputs.first ?? nil, let input = node.inputs[0],
                let order = order(output, ranks, graph), order == Array(order.indices),
                graph.canReplace(output, with: input)
            else { continue }
            graph.remove(id)
            graph.replaceUses(of: output, with: input)
            context.note("removed '\(node.name)', which keeps all axes in place")
        }
    }

    /// `f(transpose(x))` becomes `transpose(f(x))`; in `transpose(a) + transpose(b)` both go.
    private static func sinkTranspose(
        _ id: Graph.NodeID,
        _ ranks: inout [Graph.ValueID: Int],
        _ graph: inout Graph,
        _ context: inout PassContext
    ) {
        let node = graph[id]
        guard isElementwise(node), let output = graph.onlyOutput(node), !graph.isOutput(output) else { return }
        let orders = node.inputs.map { order($0, ranks, graph) }
        guard let permutation = orders.compactMap(\.self).first, ranks[output] == permutation.count else { return }
        let matcher = GraphMatcher(graph)
        var inputs: [Graph.ValueID?] = []
        for (input, order) in zip(node.inputs, orders) {
            guard let input else { return }
            if let order {
                guard order == permutation, matcher.hasSingleUse(input), let transpose = graph[input].producer else {
                    return
                }
                inputs.append(graph[transpose].inputs[0])
            } else if let constant = graph[input].constant, constant.shape.rank <= permutation.count,
                let moved = reordered(constant, by: permutation)
            {
                inputs.append(constant.elementCount == 1 ? input : graph.addConstant(moved, name: graph[input].name))
            } else {
                return
            }
        }
        let moved = graph.insert(node.operation, inputs, before: id, name: node.name + ".moved")
        ranks[moved] = permutation.count
        graph.update(id, operation: Transpose(permutation: permutation), inputs: [moved])
        context.note("moved '\(node.name)' (\(node.operation.name)) in front of a transpose")
    }

    private static func isElementwise(_ node: Graph.Node) -> Bool {
        switch node.operation {
        case is Add, is Sub, is Mul, is Div: node.inputs.count == 2
        default: node.operation is any ElementwiseOperator && node.inputs.count == 1
        }
    }

    /// The constant that, transposed by `permutation`, is `constant` with leading unit axes.
    private static func reordered(_ constant: Tensor, by permutation: [Int]) -> Tensor? {
        let rank = permutation.count
        let leading = [Int](repeating: 1, count: rank - constant.shape.rank)
        let source = constant.reshaped(to: Shape(leading + constant.shape.extents))
        var inverse = [Int](repeating: 0, count: rank)
        for (index, axis) in permutation.enumerated() { inverse[axis] = index }
        let target = Tensor(zeros: constant.dataType, shape: Shape(inverse.map { source.shape[$0] }))
        guard (try? Transpose(permutation: inverse).evaluate([source], into: [target])) != nil else { return nil }
        return target
    }

    /// Transposed operands of `Gemm` become its flags.
    private static func foldIntoProduct(_ id: Graph.NodeID, _ graph: inout Graph, _ context: inout PassContext) {
        for position in 0...1 {
            let node = graph[id]
            guard var gemm = node.operation as? Gemm, let transpose = graph.producer(of: position, node),
                graph[transpose].operation is Transpose, let input = graph[transpose].inputs[0],
                (graph[transpose].operation as? Transpose)?.permutation ?? [1, 0] == [1, 0]
            else { continue }
            if position == 0 { gemm.isSrcTransposed.toggle() } else { gemm.isWeightsTransposed.toggle() }
            var inputs = node.inputs
            inputs[position] = input
            graph.update(id, operation: gemm, inputs: inputs)
            context.note("folded '\(graph[transpose].name)' into '\(node.name)' (Gemm)")
        }
    }
}
