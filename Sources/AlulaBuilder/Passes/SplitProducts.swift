// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Makes a product with constant weights whose columns are split afterwards one product for each piece, such as the
    /// queries, keys and values of an attention: pieces that lie by themselves need no copy.
    package static let splitProducts = GraphPass(name: "split-products") { graph, context throws(BuilderError) in
        try splitHeads(&graph, &context)
        let types = try context.inferTypes(graph)
        let matcher = GraphMatcher(graph)
        for id in graph.nodes {
            guard let match = SplitProduct(graph[id], graph, types, matcher) else { continue }
            var column = 0
            for (piece, width) in zip(graph[id].outputs, match.widths) {
                let columns = column..<(column + width)
                column += width
                guard let piece else { continue }
                let name = graph[piece].name
                let weights = graph.addConstant(match.weights.columns(columns), name: name + ".weights")
                var result = graph.insert(MatMul(), [match.src, weights], before: id, name: name + ".product")
                if let bias = match.bias {
                    let part = graph.addConstant(bias.columns(columns), name: name + ".bias")
                    result = graph.insert(Add(), [result, part], before: id, name: name + ".biased")
                }
                graph.replaceUses(of: piece, with: result)
            }
            context.note("split '\(match.name)' (MatMul) into \(match.widths.count) products")
        }
        graph.removeDeadNodes()
    }

    /// `[N, S, C·H·D]` reshaped, transposed to `[C, N, H, S, D]` and taken apart along C becomes C pieces of the last
    /// axis, each reshaped and transposed by itself.
    private static func splitHeads(_ graph: inout Graph, _ context: inout PassContext) throws(BuilderError) {
        let types = try context.inferTypes(graph)
        let matcher = GraphMatcher(graph)
        for id in graph.nodes {
            guard let match = StackedHeads(graph[id], graph, types, matcher) else { continue }
            let name = graph[id].name
            let names = (0..<match.pieces.count).map { "\(name).piece\($0)" }
            let split = Split(axis: -1, outputCount: match.pieces.count)
            let pieces = graph.insert(split, [match.src], outputNames: names, before: id, name: name + ".split")
            let shape = Tensor([0, 0, Int64(match.heads), Int64(match.extent)], shape: [4])
            let extents = graph.addConstant(shape, name: name + ".heads")
            for (index, readers) in match.pieces.enumerated() {
                guard let piece = pieces[index] else { continue }
                let unpacked = graph.insert(Reshape(), [piece, extents], before: id, name: "\(name).unpacked\(index)")
                let turned = graph.insert(
                    Transpose(permutation: [0, 2, 1, 3]),
                    [unpacked],
                    before: id,
                    name: "\(name).heads\(index)"
                )
                for reader in readers { graph.replaceUses(of: reader, with: turned) }
            }
            context.note("split the last axis in front of '\(name)' (Transpose)")
        }
        graph.removeDeadNodes()
    }
}

/// A `Split` of the columns of a biased product.
private struct SplitProduct {
    let name: String
    let src: Graph.ValueID
    let weights: Tensor
    let bias: Tensor?
    /// Columns of each piece.
    let widths: [Int]

    init?(_ node: Graph.Node, _ graph: Graph, _ types: InferredTypes, _ matcher: GraphMatcher) {
        guard let split = node.operation as? Split, let value = node.inputs[0], matcher.useCount(value) == 1,
            !matcher.isOutput(value), types.isFloat32(value), let rank = types.rank(of: value),
            split.axis == -1 || split.axis == rank - 1, var product = graph[value].producer.map({ graph[$0] }),
            !node.outputs.contains(where: { $0.map(matcher.isOutput) ?? false })
        else { return nil }
        var bias: Tensor?
        if product.operation is Add, product.inputs.count == 2 {
            guard let position = [0, 1].first(where: { graph.constant($0, product) != nil }),
                let sum = product.inputs[1 - position], matcher.hasSingleUse(sum), let id = graph[sum].producer
            else { return nil }
            bias = graph.constant(position, product)
            product = graph[id]
        }
        guard product.operation is MatMul, let src = product.inputs[0], let weights = graph.constant(1, product),
            weights.shape.rank == 2, weights.dataType == .float32,
            bias.map({ $0.shape.rank == 1 && $0.shape[0] == weights.shape[1] }) ?? true
        else { return nil }
        let pieces = node.outputs.map { piece in
            piece.flatMap { types.shapes(of: $0)?.first?.last }
        }
        // Widths do not depend on the inputs' shapes: weights are constant.
        let known = pieces.compactMap(\.self)
        guard known.count == pieces.count, known.reduce(0, +) == weights.shape[1] else { return nil }
        name = product.name
        self.src = src
        self.weights = weights
        self.bias = bias
        widths = known
    }
}

/// Heads of several tensors that a transpose stacks and its readers take apart.
private struct StackedHeads {
    let src: Graph.ValueID
    let heads: Int
    let extent: Int
    /// By tensor: the values that hold it.
    let pieces: [[Graph.ValueID]]

    init?(_ node: Graph.Node, _ graph: Graph, _ types: InferredTypes, _ matcher: GraphMatcher) {
        guard let transpose = node.operation as? Transpose, transpose.permutation == [2, 0, 3, 1, 4],
            let stacked = graph.onlyOutput(node), !matcher.isOutput(stacked), let unpacked = node.inputs[0],
            matcher.hasSingleUse(unpacked), let reshape = graph[unpacked].producer.map({ graph[$0] }),
            reshape.operation is Reshape, let src = reshape.inputs[0],
            let shapes = types.shapes(of: unpacked), let sources = types.shapes(of: src), let first = shapes.first,
            zip(shapes, sources).allSatisfy({ shape, source in
                source.rank == 3 && shape.extents.dropFirst(2) == first.extents.dropFirst(2)
                    && Array(shape.extents.prefix(2)) == Array(source.extents.prefix(2))
            })
        else { return nil }
        var pieces = [[Graph.ValueID]](repeating: [], count: first[2])
        for reader in matcher.readers(stacked) {
            guard let found = Self.pieces(graph[reader.node], graph, matcher),
                found.allSatisfy({ pieces.indices.contains($0.index) && !matcher.isOutput($0.value) })
            else { return nil }
            for piece in found { pieces[piece.index].append(piece.value) }
        }
        self.src = src
        heads = first[3]
        extent = first[4]
        self.pieces = pieces
    }

    /// The values that hold one index along the first axis, with the index; nil if the node does something else.
    private static func pieces(
        _ node: Graph.Node,
        _ graph: Graph,
        _ matcher: GraphMatcher
    ) -> [(index: Int, value: Graph.ValueID)]? {
        if let gather = node.operation as? Gather, gather.axis == 0, let output = graph.onlyOutput(node),
            let indices = graph.constant(1, node), indices.shape.rank == 0, let index = indices.integers()?.first
        {
            return [(index, output)]
        }
        guard let split = node.operation as? Split, split.axis == 0 else { return nil }
        var pieces: [(index: Int, value: Graph.ValueID)] = []
        for (index, output) in node.outputs.enumerated() {
            guard let output else { continue }
            let readers = matcher.readers(output).map { graph[$0.node] }
            guard !matcher.isOutput(output), readers.allSatisfy({ isFirstAxisSqueeze($0, graph) }) else { return nil }
            for reader in readers { if let value = graph.onlyOutput(reader) { pieces.append((index, value)) } }
        }
        return pieces
    }

    private static func isFirstAxisSqueeze(_ node: Graph.Node, _ graph: Graph) -> Bool {
        node.operation is Squeeze && graph.constant(1, node)?.integers() == [0]
    }
}

extension Tensor {
    /// Columns `range` of a matrix, or elements `range` of a vector, of float32.
    fileprivate func columns(_ range: Range<Int>) -> Tensor {
        let rows = shape.rank == 2 ? shape[0] : 1
        let width = shape[shape.rank - 1]
        let result = Tensor(
            uninitialized: .float32,
            shape: shape.rank == 2 ? [rows, range.count] : [range.count]
        )
        let source = span(of: Float.self)
        var target = result.mutableSpan(of: Float.self)
        for row in 0..<rows {
            for column in range { target[row * range.count + column - range.lowerBound] = source[row * width + column] }
        }
        return result
    }
}
