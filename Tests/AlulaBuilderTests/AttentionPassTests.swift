// SPDX-License-Identifier: Apache-2.0

import AlulaBuilder
import AlulaGraph
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// The passes that find attentions in what exporters write.
@Suite struct AttentionPassTests {
    private let batch = 2
    private let positions = 5
    private let heads = 3
    private let extent = 4

    /// `x` `[N, S, H·D]` as heads: reshaped, then transposed.
    private func unpacked(_ x: Graph.ValueID, order: [Int], _ graph: inout Graph, name: String) -> Graph.ValueID {
        let extents = graph.addConstant(
            Tensor([0, 0, Int64(heads), Int64(extent)], shape: [4]),
            name: name + ".extents"
        )
        let reshaped = graph.append(Reshape(), x, extents, name: name + ".reshaped")
        return graph.append(Transpose(permutation: order), reshaped, name: name + ".heads")
    }

    private func names(_ graph: Graph) -> [String] { graph.nodes.map { graph[$0].operation.name } }

    // MARK: - Attention

    @Test func packedHeadsBecomeOneAttention() throws {
        var graph = Graph()
        let shape: [Dimension] = [.fixed(batch), .fixed(positions), .fixed(heads * extent)]
        let inputs = ["q", "k", "v"].map { graph.addInput($0, .float32, shape) }
        let mask = graph.addInput("mask", .float32, [.fixed(batch), 1, 1, .fixed(positions)])
        let query = unpacked(inputs[0], order: [0, 2, 1, 3], &graph, name: "query")
        let key = unpacked(inputs[1], order: [0, 2, 3, 1], &graph, name: "key")
        let value = unpacked(inputs[2], order: [0, 2, 1, 3], &graph, name: "value")
        let products = graph.append(MatMul(), query, key, name: "products")
        let half = graph.addConstant(Tensor(scalar: Float(0.5)), name: "half")
        let scaled = graph.append(Mul(), products, half, name: "scaled")
        let masked = graph.append(Add(), scaled, mask, name: "masked")
        let weights = graph.append(Softmax(), masked, name: "weights")
        let sums = graph.append(MatMul(), weights, value, name: "sums")
        let turned = graph.append(Transpose(permutation: [0, 2, 1, 3]), sums, name: "turned")
        let extents = graph.addConstant(Tensor([0, 0, Int64(-1)], shape: [3]), name: "extents")
        graph.markOutput(graph.append(Reshape(), turned, extents, name: "y"))
        let after = try applyPass(.recogniseAttention, to: graph)
        #expect(names(after) == ["Attention", "Reshape"])
        let attention = try #require(after[after.nodes[0]].operation as? Attention)
        #expect(attention.queryHeads == heads && attention.keyHeads == heads && attention.scale == 0.5)
        #expect(after[after.nodes[0]].inputs.count == 4)
    }

    @Test func scalesOfOperandsAreMultiplied() throws {
        var graph = Graph()
        let shape: [Dimension] = [1, 2, .fixed(positions), .fixed(extent)]
        let (q, k) = (graph.addInput("q", .float32, shape), graph.addInput("k", .float32, shape))
        let v = graph.addInput("v", .float32, shape)
        let half = graph.addConstant(Tensor(scalar: Float(0.5)), name: "half")
        let four = graph.addConstant(Tensor(scalar: Float(4)), name: "four")
        let query = graph.append(Mul(), q, half, name: "query")
        let turned = graph.append(Transpose(permutation: [0, 1, 3, 2]), k, name: "turned")
        let key = graph.append(Div(), turned, four, name: "key")
        let products = graph.append(MatMul(), query, key, name: "products")
        let weights = graph.append(Softmax(axis: 3), products, name: "weights")
        graph.markOutput(graph.append(MatMul(), weights, v, name: "y"))
        let after = try applyPass(.recogniseAttention, to: graph)
        #expect(names(after) == ["Attention"])
        #expect((after[after.nodes[0]].operation as? Attention)?.scale == 0.125)
    }

    @Test func scoresThatOthersReadStay() throws {
        var graph = Graph()
        let shape: [Dimension] = [1, 2, .fixed(positions), .fixed(extent)]
        let (q, k) = (graph.addInput("q", .float32, shape), graph.addInput("k", .float32, shape))
        let turned = graph.append(Transpose(permutation: [0, 1, 3, 2]), k, name: "turned")
        let products = graph.append(MatMul(), q, turned, name: "products")
        let weights = graph.append(Softmax(), products, name: "weights")
        graph.markOutput(graph.append(MatMul(), weights, k, name: "y"))
        graph.markOutput(weights)
        let after = try applyPass(.recogniseAttention, to: graph)
        #expect(names(after) == ["Transpose", "MatMul", "Softmax", "MatMul"])
    }

    // MARK: - Split products

    @Test func columnsThatAreSplitBecomeProductsOfTheirOwn() throws {
        var random = SeededRandom(seed: 1)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 3, 4])
        let weights = graph.addConstant(random.tensor([4, 9]), name: "weights")
        let bias = graph.addConstant(random.tensor([9]), name: "bias")
        let product = graph.append(MatMul(), x, weights, name: "product")
        let sum = graph.append(Add(), bias, product, name: "sum")
        let pieces = graph.append(
            Split(axis: 2, outputCount: 3),
            inputs: [sum],
            outputNames: ["a", "b", "c"]
        ).compactMap(\.self)
        for (index, piece) in pieces.enumerated() {
            graph.markOutput(graph.append(Relu(), piece, name: "y\(index)"))
        }
        let after = try applyPass(.splitProducts, to: graph)
        #expect(names(after).sorted() == ["Add", "Add", "Add", "MatMul", "MatMul", "MatMul", "Relu", "Relu", "Relu"])
    }

    @Test(arguments: [false, true])
    func stackedHeadsAreSplitInFrontOfTheirTranspose(usesGather: Bool) throws {
        var random = SeededRandom(seed: 2)
        var graph = Graph()
        let width = heads * extent
        let x = graph.addInput("x", .float32, [.fixed(batch), .fixed(positions), .fixed(width)])
        let weights = graph.addConstant(random.tensor([width, 3 * width]), name: "weights")
        let product = graph.append(MatMul(), x, weights, name: "product")
        let sizes = [batch, positions, 3, heads, extent].map { Int64($0) }
        let extents = graph.addConstant(Tensor(sizes, shape: [5]), name: "extents")
        let unpacked = graph.append(Reshape(), product, extents, name: "unpacked")
        let stacked = graph.append(Transpose(permutation: [2, 0, 3, 1, 4]), unpacked, name: "stacked")
        let zero = graph.addConstant(Tensor([Int64(0)], shape: [1]), name: "zero")
        var pieces: [Graph.ValueID?] = []
        if !usesGather {
            let split = Split(axis: 0, outputCount: 3)
            pieces = graph.append(split, inputs: [stacked], outputNames: ["a", "b", "c"])
        }
        for index in 0..<3 {
            let piece: Graph.ValueID
            if usesGather {
                let position = graph.addConstant(Tensor(scalar: Int64(index)), name: "position\(index)")
                piece = graph.append(Gather(axis: 0), stacked, position, name: "piece\(index)")
            } else {
                piece = graph.append(Squeeze(), pieces[index], zero, name: "piece\(index)")
            }
            graph.markOutput(graph.append(Relu(), piece, name: "y\(index)"))
        }
        let after = try applyPass(.splitProducts, to: graph)
        let counts = Dictionary(grouping: names(after), by: \.self).mapValues(\.count)
        #expect(counts == ["MatMul": 3, "Reshape": 3, "Transpose": 3, "Relu": 3])
    }

    // MARK: - Flattened products

    @Test(arguments: [false, true])
    func productsOfFlattenedStacksTakeTheStack(isTransposed: Bool) throws {
        var random = SeededRandom(seed: 3)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 3, 4])
        let rows = graph.addConstant(Tensor([Int64(-1), 4], shape: [2]), name: "rows")
        let stack = graph.addConstant(Tensor([Int64(2), 3, 5], shape: [3]), name: "stack")
        let weights = graph.addConstant(random.tensor(isTransposed ? [5, 4] : [4, 5]), name: "weights")
        let bias = graph.addConstant(random.tensor([5]), name: "bias")
        let flat = graph.append(Reshape(), x, rows, name: "flat")
        let product = graph.append(Gemm(isWeightsTransposed: isTransposed), flat, weights, bias, name: "product")
        let stacked = graph.append(Reshape(), product, stack, name: "stacked")
        graph.markOutput(graph.append(Relu(), stacked, name: "y"))
        let after = try applyPass(.unflattenProducts, to: graph)
        #expect(names(after) == ["MatMul", "Add", "Relu"])
    }

    @Test func productsWhoseRowsOthersReadStay() throws {
        var random = SeededRandom(seed: 4)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 3, 4])
        let rows = graph.addConstant(Tensor([Int64(-1), 4], shape: [2]), name: "rows")
        let weights = graph.addConstant(random.tensor([4, 5]), name: "weights")
        let flat = graph.append(Reshape(), x, rows, name: "flat")
        graph.markOutput(graph.append(Gemm(), flat, weights, name: "y"))
        let after = try applyPass(.unflattenProducts, to: graph)
        #expect(names(after) == ["Reshape", "Gemm"])
    }
}
