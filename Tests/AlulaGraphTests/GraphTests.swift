// SPDX-License-Identifier: Apache-2.0

import AlulaGraph
import AlulaOperators
import AlulaTensor
import Testing

/// x → Relu → a → Identity → y, with a dead Relu beside.
private func makeChain() -> (graph: Graph, x: Graph.ValueID, a: Graph.ValueID, y: Graph.ValueID) {
    var graph = Graph(name: "chain")
    let x = graph.addInput("x", .float32, [.symbolic("N"), 2])
    let a = graph.append(Relu(), x, name: "a")
    _ = graph.append(Relu(), a, name: "dead")
    let y = graph.append(Identity(), a, name: "y")
    graph.markOutput(y)
    return (graph, x, a, y)
}

@Suite struct GraphTests {
    @Test func dumpListsInputsConstantsNodesAndOutputsInOrder() {
        var graph = makeChain().graph
        let weights = graph.addConstant(Tensor([1, 2] as [Float], shape: [2]), name: "w")
        graph.markOutput(graph.append(Relu(), inputs: [weights], outputNames: ["v"], name: "named")[0] ?? weights)
        #expect(
            graph.description == """
                graph "chain"
                  input x: float32 [N, 2]
                  constant w: float32 [2] = [1.0, 2.0]
                  a = Relu(x)
                  dead = Relu(a)
                  y = Identity(a)
                  v = Relu(w)  "named"
                  output y
                  output v

                """
        )
    }

    @Test func usesListEveryReaderInExecutionOrder() {
        let (graph, x, a, _) = makeChain()
        #expect(graph.consumers(of: x).map { graph[$0.node].name } == ["a"])
        #expect(graph.consumers(of: a).map { graph[$0.node].name } == ["dead", "y"])
    }

    @Test func deadNodesAndConstantsGoAndTheirNamesAreFreeAgain() throws {
        var graph = makeChain().graph
        let unused = graph.addConstant(Tensor(scalar: Float(1)), name: "unused")
        #expect(graph.removeDeadNodes() == ["dead"])
        #expect(graph[unused].constant == nil)
        try graph.verify()
        let again = graph.addConstant(Tensor(scalar: Float(1)), name: "unused")
        #expect(graph[again].name == "unused")
    }

    @Test func aReplacementTakesOverTheNameOfAnOutput() throws {
        var (graph, x, a, y) = makeChain()
        #expect(graph.canReplace(y, with: a))
        #expect(!graph.canReplace(y, with: x))
        graph.replaceUses(of: y, with: a)
        graph.removeDeadNodes()
        try graph.verify()
        #expect(graph.description == "graph \"chain\"\n  input x: float32 [N, 2]\n  y = Relu(x)  \"a\"\n  output y\n")
    }

    @Test func insertedNodesRunBeforeTheirReader() throws {
        var (graph, _, a, y) = makeChain()
        let reader = try #require(graph[y].producer)
        let inserted = graph.insert(Identity(), [a], before: reader, name: "between")
        graph.setInput(0, of: reader, to: inserted)
        try graph.verify()
        #expect(graph.nodes.map { graph[$0].name } == ["a", "dead", "between", "y"])
    }

    @Test func everyBrokenInvariantIsNamed() throws {
        let (graph, x, a, y) = makeChain()
        func expect(_ error: GraphError, _ break: (inout Graph) -> Void) {
            var broken = graph
            `break`(&broken)
            #expect(throws: error) { try broken.verify() }
        }
        let producer = try #require(graph[a].producer)
        expect(.undefinedInput(node: "dead", input: 0, value: "a")) { $0.remove(producer) }
        expect(.useBeforeDefinition(node: "dead", input: 0, value: "a", producer: "a")) {
            $0.order.swapAt(0, 1)
        }
        expect(.severalProducers(value: "a", nodes: ["a", "y"])) {
            if let last = $0.nodes.last { $0[last].outputs = [a] }
        }
        expect(.wrongProducer(value: "a")) { $0[producer].outputs = [nil] }
        expect(.danglingValue(node: "a", index: 99)) { $0[producer].inputs = [Graph.ValueID(index: 99)] }
        expect(.brokenOrder(node: 0)) { $0.order.removeFirst() }
        expect(.undefinedOutput(value: "y")) { if let last = $0.nodes.last { $0.remove(last) } }
        expect(.duplicateOutput(value: "y")) { $0.markOutput(y) }
        expect(.noOutputs) { $0.outputs = [] }
        expect(.duplicateName("a")) { $0[x].name = "a" }
        expect(.untypedInput(value: "x")) { $0[x].dataType = nil }
    }
}
