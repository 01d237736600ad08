// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Makes a `Gemm` between two reshapes, one that flattens a stack of rows and one that stacks them again, a `MatMul` on
    /// the stack. What follows, residual additions and activations, then meets the product itself and fuses.
    package static let unflattenProducts = GraphPass(name: "unflatten-products") {
        graph,
        context throws(BuilderError) in
        let types = try context.inferTypes(graph)
        let matcher = GraphMatcher(graph)
        for id in graph.nodes {
            guard let match = FlattenedProduct(graph[id], graph, types, matcher) else { continue }
            var weights = match.weights
            if match.isTransposed {
                guard let matrix = graph[weights].constant, let turned = transposed(matrix) else { continue }
                weights = graph.addConstant(turned, name: graph[weights].name)
            }
            let name = graph[id].name
            var result = graph.insert(MatMul(), [match.stack, weights], before: id, name: name + ".stack")
            if let bias = match.bias {
                result = graph.insert(Add(), [result, bias], before: id, name: name + ".biased")
            }
            for reshape in match.reshapes {
                guard let output = graph.onlyOutput(graph[reshape]) else { continue }
                if graph.canReplace(output, with: result) {
                    graph.replaceUses(of: output, with: result)
                } else {
                    graph.setInput(0, of: reshape, to: result)
                }
            }
            context.note("took '\(name)' (Gemm) from between two reshapes")
        }
        graph.removeDeadNodes()
    }

    /// A matrix with rows and columns exchanged.
    private static func transposed(_ matrix: Tensor) -> Tensor? {
        let result = Tensor(zeros: matrix.dataType, shape: [matrix.shape[1], matrix.shape[0]])
        guard (try? Transpose(permutation: [1, 0]).evaluate([matrix], into: [result])) != nil else { return nil }
        return result
    }
}

/// A `Gemm` with constant weights whose src was flattened and all of whose readers stack its rows again.
private struct FlattenedProduct {
    let stack: Graph.ValueID
    let weights: Graph.ValueID
    let isTransposed: Bool
    let bias: Graph.ValueID?
    let reshapes: [Graph.NodeID]

    init?(_ node: Graph.Node, _ graph: Graph, _ types: InferredTypes, _ matcher: GraphMatcher) {
        guard let gemm = node.operation as? Gemm, gemm.alpha == 1, !gemm.isSrcTransposed,
            let output = graph.onlyOutput(node), types.isFloat32(output), !matcher.isOutput(output),
            let flatten = graph.producer(of: 0, node).map({ graph[$0] }),
            flatten.operation is Reshape || flatten.operation is Flatten,
            let stack = flatten.inputs[0], let source = node.inputs[0], let weights = node.inputs[1],
            let matrix = graph[weights].constant
        else { return nil }
        let bias = node.inputs.count > 2 ? node.inputs[2] : nil
        if let bias {
            guard gemm.beta == 1, types.shapes(of: bias)?.allSatisfy({ $0.rank < 2 || $0[0] == 1 }) ?? false else {
                return nil
            }
        }
        let columns = gemm.isWeightsTransposed ? matrix.shape[0] : matrix.shape[1]
        guard let stacks = types.shapes(of: stack), let rows = types.shapes(of: source),
            zip(stacks, rows).allSatisfy({ $0.rank > 2 && $1.rank == 2 && $0.last == $1.last })
        else { return nil }
        let readers = matcher.readers(output)
        guard !readers.isEmpty, readers.allSatisfy({ graph[$0.node].operation is Reshape && $0.input == 0 }) else {
            return nil
        }
        let wanted = stacks.map { Shape($0.extents.dropLast() + [columns]) }
        for reader in readers {
            guard let result = graph.onlyOutput(graph[reader.node]), types.shapes(of: result) == wanted else {
                return nil
            }
        }
        self.stack = stack
        self.weights = weights
        isTransposed = gemm.isWeightsTransposed
        self.bias = bias
        reshapes = readers.map(\.node)
    }
}
