// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Makes activations, residual additions and all other elementwise float32 operators stages of the node that makes
    /// their input, so that the value is written to memory once.
    ///
    /// The producer must feed nothing else, and the stage must keep its shape for all accepted inputs. Elementwise
    /// operators that no other producer takes fuse among themselves.
    package static let fuseElementwise = GraphPass(name: "fuse-elementwise") { graph, context throws(BuilderError) in
        let types = try context.inferTypes(graph)
        let matcher = GraphMatcher(graph)
        var positions = matcher.positions
        for id in graph.nodes {
            let node = graph[id]
            guard let output = graph.onlyOutput(node), types.isFloat32(output),
                let running = runningInput(node, output, graph, types, matcher, positions),
                let value = node.inputs[running], let producer = graph[value].producer
            else { continue }
            let source = graph[producer]
            var fused =
                source.operation as? Fused
                ?? Fused(producer: source.operation, producerInputCount: source.inputs.count, stages: [])
            var inputs = source.inputs
            if node.inputs.count == 2 {
                fused.stages.append(
                    Fused.Stage(node.operation, operandInput: inputs.count, isReversed: running == 1)
                )
                inputs.append(node.inputs[1 - running])
            } else {
                fused.stages.append(Fused.Stage(node.operation))
            }
            graph.remove(producer)
            graph.update(id, operation: fused, inputs: inputs, name: source.name + " + " + node.name)
            positions[id] = matcher.positions[id]
            context.note("fused '\(node.name)' (\(node.operation.name)) into '\(source.name)'")
        }
    }

    /// The input of a stage that can be the running value: the one whose producer runs last.
    private static func runningInput(
        _ node: Graph.Node,
        _ output: Graph.ValueID,
        _ graph: Graph,
        _ types: InferredTypes,
        _ matcher: GraphMatcher,
        _ positions: [Graph.NodeID: Int]
    ) -> Int? {
        let isUnary = node.operation is any ElementwiseOperator && node.inputs.count == 1
        guard isUnary || isBinaryStage(node) else { return nil }
        // PRelu's slope cannot be the running value.
        let candidates = isUnary || node.operation is PRelu ? [0] : [0, 1]
        return
            candidates
            .filter { position in
                guard let value = node.inputs[position], matcher.hasSingleUse(value),
                    types.types(of: value) == types.types(of: output), let producer = graph[value].producer,
                    graph.onlyOutput(graph[producer]) == value, takesStages(graph[producer].operation, types, graph)
                else { return false }
                return isUnary || operandBroadcasts(node.inputs[1 - position], to: value, types)
            }
            .max { left, right in
                func place(_ position: Int) -> Int {
                    node.inputs[position].flatMap { graph[$0].producer }.flatMap { positions[$0] } ?? -1
                }
                return place(left) < place(right)
            }
    }

    private static func isBinaryStage(_ node: Graph.Node) -> Bool {
        guard node.inputs.count == 2, node.inputs.allSatisfy({ $0 != nil }) else { return false }
        switch node.operation {
        case is Add, is Sub, is Mul, is Div, is PRelu, is Max, is Min: return true
        default: return false
        }
    }

    private static func operandBroadcasts(
        _ operand: Graph.ValueID?,
        to value: Graph.ValueID,
        _ types: InferredTypes
    ) -> Bool {
        guard let operand, types.isFloat32(operand), let shapes = types.shapes(of: operand),
            let targets = types.shapes(of: value)
        else { return false }
        return zip(shapes, targets).allSatisfy { $0.broadcast(with: $1) == $1 }
    }

    /// Whether a kernel of the operator runs stages on its output.
    private static func takesStages(_ operation: any Operator, _ types: InferredTypes, _ graph: Graph) -> Bool {
        switch operation {
        case is Fused, is Conv, is ConvTranspose, is MatMul, is Gemm: return true
        case is Add, is Sub, is Mul, is Div, is PRelu: return true
        case is any ElementwiseOperator: return true
        default: return false
        }
    }
}
