// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

extension GraphPass {
    /// Finds activations that exporters wrote as several operators: SiLU `x·sigmoid(x)`, Mish `x·tanh(softplus(x))`,
    /// HardSwish `x·hardsigmoid(x)`, and Gelu `½·x·(1 + erf(x/√2))` or `½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))` in either
    /// order of its products.
    package static let recogniseActivations = GraphPass(name: "recognise-activations") {
        graph,
        context throws(BuilderError) in
        let types = try context.inferTypes(graph)
        let matcher = GraphMatcher(graph)
        for id in graph.nodes {
            let node = graph[id]
            guard node.operation is Mul, node.inputs.count == 2, let output = graph.onlyOutput(node),
                types.isFloat32(output)
            else { continue }
            let search = ActivationSearch(graph: graph, matcher: matcher)
            guard let match = search.gated(node) ?? search.gelu(node),
                types.types(of: match.value) == types.types(of: output)
            else { continue }
            graph.update(id, operation: match.operation, inputs: [match.value])
            context.note("recognised \(match.operation.name) ending in '\(node.name)'")
        }
        graph.removeDeadNodes()
    }
}

/// Matches the multiplication an activation ends with.
private struct ActivationSearch {
    let graph: Graph
    let matcher: GraphMatcher

    /// The node that makes input `position` of `node` if nothing else reads it.
    private func inner(_ position: Int, _ node: Graph.Node) -> Graph.Node? {
        guard let value = node.inputs[position], matcher.hasSingleUse(value), let id = graph[value].producer else {
            return nil
        }
        return graph[id]
    }

    /// `x · gate(x)`.
    func gated(_ node: Graph.Node) -> (operation: any Operator, value: Graph.ValueID)? {
        for position in [1, 0] {
            guard let gate = inner(position, node), let x = node.inputs[1 - position] else { continue }
            if gate.inputs.first == x {
                if gate.operation is Sigmoid { return (Swish(alpha: 1), x) }
                if let hard = gate.operation as? HardSigmoid, abs(hard.alpha - 1 / 6) < 1e-6, hard.beta == 0.5 {
                    return (HardSwish(), x)
                }
            }
            if gate.operation is Tanh, let softplus = inner(0, gate), softplus.operation is Softplus,
                softplus.inputs.first == x
            {
                return (Mish(), x)
            }
        }
        return nil
    }

    /// `½ · (x · gate)` or `(½ · x) · gate` or `x · (½ · gate)`, where `gate` is what ``gate(_:of:)`` finds.
    func gelu(_ node: Graph.Node) -> (operation: any Operator, value: Graph.ValueID)? {
        if let half = graph.position(of: 0.5, node), let product = inner(1 - half, node), product.operation is Mul {
            for position in [1, 0] {
                if let x = product.inputs[1 - position], let found = gate(inner(position, product), of: x) {
                    return (found, x)
                }
            }
        }
        for position in [1, 0] {
            guard let other = node.inputs[1 - position] else { continue }
            if let halved = inner(1 - position, node), halved.operation is Mul,
                let half = graph.position(of: 0.5, halved), let x = halved.inputs[1 - half],
                let found = gate(inner(position, node), of: x)
            {
                return (found, x)
            }
            if let halved = inner(position, node), halved.operation is Mul,
                let half = graph.position(of: 0.5, halved), let found = gate(inner(1 - half, halved), of: other)
            {
                return (found, other)
            }
        }
        return nil
    }

    /// The GELU whose gate, times two, a node computes.
    private func gate(_ sum: Graph.Node?, of x: Graph.ValueID) -> Gelu? {
        isErfGate(sum, of: x) ? Gelu() : isTanhGate(sum, of: x) ? Gelu(usesTanh: true) : nil
    }

    /// Whether a node computes `1 + tanh(√(2/π)·(x + 0.044715·x³))`.
    private func isTanhGate(_ sum: Graph.Node?, of x: Graph.ValueID) -> Bool {
        guard let sum, sum.operation is Add, let one = graph.position(of: 1, sum), let tanh = inner(1 - one, sum),
            tanh.operation is Tanh, let scaled = inner(0, tanh), scaled.operation is Mul,
            let factor = graph.position(of: 0.797_884_56, scaled), let inside = inner(1 - factor, scaled),
            inside.operation is Add, let position = inside.inputs.firstIndex(of: x),
            let cubed = inner(1 - position, inside), cubed.operation is Mul,
            let small = graph.position(of: 0.044_715, cubed), let cube = inner(1 - small, cubed)
        else { return false }
        return isCube(cube, of: x)
    }

    /// Whether a node computes `x³`, as a power or as products.
    private func isCube(_ node: Graph.Node, of x: Graph.ValueID) -> Bool {
        if node.operation is Pow { return node.inputs.first == x && graph.scalar(1, node) == 3 }
        guard node.operation is Mul, let position = node.inputs.firstIndex(of: x),
            let square = inner(1 - position, node)
        else { return false }
        return square.operation is Mul && square.inputs == [x, x]
            || square.operation is Pow && square.inputs.first == x && graph.scalar(1, square) == 2
    }

    /// Whether a node computes `1 + erf(x/√2)`.
    private func isErfGate(_ sum: Graph.Node?, of x: Graph.ValueID) -> Bool {
        guard let sum, sum.operation is Add, let one = graph.position(of: 1, sum), let erf = inner(1 - one, sum),
            erf.operation is Erf, let scaled = inner(0, erf)
        else { return false }
        if scaled.operation is Div, scaled.inputs.first == x, let divisor = graph.scalar(1, scaled) {
            return abs(divisor - 1.414_213_56) < 1e-4
        }
        guard scaled.operation is Mul, let factor = graph.position(of: 0.707_106_78, scaled) else { return false }
        return scaled.inputs[1 - factor] == x
    }
}
