// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Finds `softmax(query · keyᵀ · scale + mask) · value` and makes it one `Attention`, which keeps scores in cache. Where
    /// queries, keys, values and the result are transposed from and to heads that lie side by side, the transposes go.
    ///
    /// A query that a mask of -∞ keeps from all keys gives zeros instead of NaN.
    package static let recogniseAttention = GraphPass(name: "recognise-attention") {
        graph,
        context throws(BuilderError) in
        let types = try context.inferTypes(graph)
        let matcher = GraphMatcher(graph)
        for id in graph.nodes {
            let search = AttentionSearch(graph: graph, matcher: matcher, types: types)
            guard let match = search.match(graph[id]), let output = graph.onlyOutput(graph[id]) else { continue }
            if let packed = search.packed(match, output) {
                let attention = Attention(
                    queryHeads: packed.heads,
                    keyHeads: packed.heads,
                    scale: match.scale
                )
                let inputs = packed.inputs + (match.mask.map { [$0] } ?? [])
                let result = graph.insert(attention, inputs, before: id, name: graph[id].name + ".attention")
                graph.setInput(0, of: packed.reshape, to: result)
            } else {
                guard let key = keys(match, before: id, &graph) else { continue }
                let inputs: [Graph.ValueID?] = [match.query, key, match.value] + (match.mask.map { [$0] } ?? [])
                graph.update(id, operation: Attention(scale: match.scale), inputs: inputs)
            }
            context.note("recognised Attention ending in '\(graph[id].name)'")
        }
        graph.removeDeadNodes()
    }

    /// The keys `[N, H, T, D]` of which a transpose makes `[N, H, D, T]`.
    private static func keys(
        _ match: AttentionSearch.Match,
        before id: Graph.NodeID,
        _ graph: inout Graph
    ) -> Graph.ValueID? {
        let node = graph[match.transposedKey]
        guard let transpose = node.operation as? Transpose, let source = node.inputs[0] else { return nil }
        switch transpose.permutation {
        case [0, 1, 3, 2]: return source
        case [0, 2, 3, 1]:
            return graph.insert(Transpose(permutation: [0, 2, 1, 3]), [source], before: id, name: node.name + ".heads")
        default: return nil
        }
    }
}

/// Matches the product with the values that an attention ends with.
private struct AttentionSearch {
    let graph: Graph
    let matcher: GraphMatcher
    let types: InferredTypes

    /// The operands of an attention: query `[N, H, S, D]`, value `[N, H, T, DV]`, the node that makes `[N, H, D, T]`.
    struct Match {
        var query: Graph.ValueID
        var transposedKey: Graph.NodeID
        var value: Graph.ValueID
        var mask: Graph.ValueID?
        var scale: Float
    }

    /// Operands with their heads packed into the last axis, and the reshape that packs those of the result.
    struct Packed {
        var inputs: [Graph.ValueID?]
        var heads: Int
        var reshape: Graph.NodeID
    }

    /// The node that makes a value if nothing else reads it.
    private func inner(_ value: Graph.ValueID?) -> Graph.Node? {
        guard let value, matcher.hasSingleUse(value) else { return nil }
        return graph[value].producer.map { graph[$0] }
    }

    func match(_ product: Graph.Node) -> Match? {
        guard product.operation is MatMul, let value = product.inputs[1], types.rank(of: value) == 4,
            let output = graph.onlyOutput(product), types.isFloat32(output), let softmax = inner(product.inputs[0]),
            let operation = softmax.operation as? Softmax, !operation.spansTrailingAxes,
            operation.axis == -1 || operation.axis == 3, let scores = softmax.inputs[0]
        else { return nil }
        var (current, mask): (Graph.ValueID, Graph.ValueID?) = (scores, nil)
        if let sum = inner(scores), sum.operation is Add, sum.inputs.count == 2 {
            guard let position = [0, 1].first(where: { self.scores(sum.inputs[$0]) != nil }),
                let left = sum.inputs[position],
                let right = sum.inputs[1 - position], isMask(right, of: scores)
            else { return nil }
            (current, mask) = (left, right)
        }
        guard let found = self.scores(current) else { return nil }
        let (query, queryScale) = unscaled(found.product.inputs[0])
        let (key, keyScale) = unscaled(found.product.inputs[1])
        guard let query, let key, let transpose = graph[key].producer, graph[transpose].operation is Transpose,
            let shapes = types.shapes(of: query), let values = types.shapes(of: value),
            let keys = types.shapes(of: key),
            shapes.indices.allSatisfy({ haveSameHeads(shapes[$0], keys[$0], values[$0]) })
        else { return nil }
        return Match(
            query: query,
            transposedKey: transpose,
            value: value,
            mask: mask,
            scale: Float(found.scale * queryScale * keyScale)
        )
    }

    private func haveSameHeads(_ query: Shape, _ key: Shape, _ value: Shape) -> Bool {
        query.rank == 4 && key.rank == 4 && Array(query.extents.prefix(2)) == Array(key.extents.prefix(2))
            && Array(query.extents.prefix(2)) == Array(value.extents.prefix(2))
    }

    /// A product of two matrices, perhaps times a number, that nothing else reads.
    private func scores(_ value: Graph.ValueID?) -> (product: Graph.Node, scale: Double)? {
        guard let node = inner(value) else { return nil }
        if node.operation is MatMul { return (node, 1) }
        let (source, scale) = unscaled(node)
        guard let source, let product = inner(source), product.operation is MatMul else { return nil }
        return (product, scale)
    }

    /// What a value is a multiple of, and the factor; the value itself and 1 if it is not one.
    private func unscaled(_ value: Graph.ValueID?) -> (value: Graph.ValueID?, scale: Double) {
        guard let node = inner(value) else { return (value, 1) }
        let (source, scale) = unscaled(node)
        return source == nil ? (value, 1) : (source, scale)
    }

    private func unscaled(_ node: Graph.Node) -> (value: Graph.ValueID?, scale: Double) {
        if node.operation is Mul, let position = [0, 1].first(where: { graph.scalar($0, node) != nil }) {
            return (node.inputs[1 - position], graph.scalar(position, node) ?? 1)
        }
        if node.operation is Div, let divisor = graph.scalar(1, node), divisor != 0 {
            return (node.inputs[0], 1 / divisor)
        }
        return (nil, 1)
    }

    /// Whether a value can be the mask of `scores`: it broadcasts to them and has an element for every key.
    private func isMask(_ value: Graph.ValueID, of scores: Graph.ValueID) -> Bool {
        guard types.isFloat32(value), let shapes = types.shapes(of: value), let targets = types.shapes(of: scores)
        else {
            return false
        }
        return zip(shapes, targets).allSatisfy { $0.last == $1.last && $0.broadcast(with: $1) == $1 }
    }

    // MARK: Packed heads

    /// The operands before they were cut into heads; nil unless all of them and the result lie like that.
    func packed(_ match: Match, _ output: Graph.ValueID) -> Packed? {
        guard let query = source(match.query, order: [0, 2, 1, 3]),
            let value = source(match.value, order: [0, 2, 1, 3]),
            let key = keySource(match.transposedKey), let heads = types.shapes(of: match.query)?.first?[1],
            types.shapes(of: match.query)?.allSatisfy({ $0[1] == heads }) ?? false,
            let turned = onlyReader(output), (turned.operation as? Transpose)?.permutation == [0, 2, 1, 3],
            let result = graph.onlyOutput(turned), matcher.hasSingleUse(result),
            let reshape = matcher.readers(result).first?.node, graph[reshape].operation is Reshape,
            packsHeads(reshape, of: result)
        else { return nil }
        return Packed(inputs: [query, key, value], heads: heads, reshape: reshape)
    }

    private func onlyReader(_ value: Graph.ValueID) -> Graph.Node? {
        guard matcher.hasSingleUse(value) else { return nil }
        return matcher.readers(value).first.map { graph[$0.node] }
    }

    /// `x` `[N, S, H·D]` of a value that is `x` reshaped to `[N, S, H, D]` and transposed in `order`.
    private func source(_ value: Graph.ValueID, order: [Int]) -> Graph.ValueID? {
        guard let node = graph[value].producer.map({ graph[$0] }),
            (node.operation as? Transpose)?.permutation == order
        else { return nil }
        return unpackedSource(node.inputs[0])
    }

    private func keySource(_ id: Graph.NodeID) -> Graph.ValueID? {
        let node = graph[id]
        switch (node.operation as? Transpose)?.permutation {
        case [0, 2, 3, 1]: return unpackedSource(node.inputs[0])
        case [0, 1, 3, 2]: return node.inputs[0].flatMap { source($0, order: [0, 2, 1, 3]) }
        default: return nil
        }
    }

    private func unpackedSource(_ value: Graph.ValueID?) -> Graph.ValueID? {
        guard let value, let node = graph[value].producer.map({ graph[$0] }), node.operation is Reshape,
            let source = node.inputs[0], let sources = types.shapes(of: source), let shapes = types.shapes(of: value)
        else { return nil }
        let keepsPositions = zip(sources, shapes).allSatisfy { source, shape in
            source.rank == 3 && shape.rank == 4 && source[0] == shape[0] && source[1] == shape[1]
        }
        return keepsPositions ? source : nil
    }

    /// Whether a reshape of `[N, S, H, D]` joins the last two axes and would do the same to `[N, S, H·D]`.
    private func packsHeads(_ reshape: Graph.NodeID, of value: Graph.ValueID) -> Bool {
        guard let output = graph.onlyOutput(graph[reshape]), let shapes = types.shapes(of: value),
            let results = types.shapes(of: output), let extents = graph.constant(1, graph[reshape])?.integers()
        else { return false }
        let copiesHeads = zip(extents.indices, extents).contains { $0 > 1 && $1 == 0 }
        return !copiesHeads && zip(shapes, results).allSatisfy { $1.last == $0[2] * $0[3] }
    }
}
