// SPDX-License-Identifier: Apache-2.0

import AlulaBuilder
import AlulaGraph
import AlulaOperators
import AlulaTensor
import Testing

@Suite struct StructuralPassTests {
    @Test func constantsAreFoldedUpToTheFirstInputDependence() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2])
        let c = graph.addConstant(Tensor([-1, 2] as [Float], shape: [2]), name: "c")
        let folded = graph.append(Relu(), graph.append(Identity(), c, name: "c1"), name: "c2")
        graph.markOutput(graph.append(Relu(), x, name: "y"))
        graph.markOutput(graph.append(Identity(), folded, name: "z"))
        let after = try applyPass(.foldConstants, to: graph)
        #expect(
            after.description == """
                graph "network"
                  input x: float32 [2]
                  constant c2: float32 [2] = [0.0, 2.0]
                  y = Relu(x)
                  z = Identity(c2)
                  output y
                  output z

                """
        )
    }

    @Test func foldingStopsAtTheConfiguredByteCount() throws {
        var graph = Graph()
        let c = graph.addConstant(Tensor(zeros: .float32, shape: [64]), name: "c")
        graph.markOutput(graph.append(Identity(), graph.append(Relu(), c, name: "r"), name: "y"))
        var configuration = BuilderConfiguration()
        configuration.maxFoldedByteCount = 0
        let after = try applyPass(.foldConstants, to: graph, configuration: configuration)
        // As large as its source: folding costs nothing.
        #expect(after.nodes.count == 1)
    }

    @Test func identitiesGoButEveryOutputKeepsAProducer() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2])
        let a = graph.append(Identity(), x, name: "a")
        let b = graph.append(Relu(), a, name: "b")
        graph.markOutput(graph.append(Identity(), b, name: "y"))
        graph.markOutput(graph.append(Identity(), x, name: "z"))
        let after = try applyPass(.removeIdentities, to: graph)
        #expect(
            after.description == """
                graph "network"
                  input x: float32 [2]
                  y = Relu(x)  "b"
                  z = Identity(x)
                  output y
                  output z

                """
        )
    }

    @Test func equalConstantsAndEqualNodesAreMerged() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2])
        let left = graph.append(Relu(), x, name: "left")
        let right = graph.append(Relu(), x, name: "right")
        let c = graph.addConstant(Tensor([1, -0.0] as [Float], shape: [2]), name: "c")
        let d = graph.addConstant(Tensor([1, -0.0] as [Float], shape: [2]), name: "d")
        let e = graph.addConstant(Tensor([1, 0.0] as [Float], shape: [2]), name: "e")
        for (name, value) in [("l", left), ("r", right), ("c1", c), ("d1", d), ("e1", e)] {
            graph.markOutput(graph.append(Identity(), value, name: name))
        }
        let after = try applyPass(.mergeDuplicates, to: graph)
        #expect(
            after.description == """
                graph "network"
                  input x: float32 [2]
                  constant c: float32 [2] = [1.0, -0.0]
                  constant e: float32 [2] = [1.0, 0.0]
                  left = Relu(x)
                  l = Identity(left)
                  r = Identity(left)
                  c1 = Identity(c)
                  d1 = Identity(c)
                  e1 = Identity(e)
                  output l
                  output r
                  output c1
                  output d1
                  output e1

                """
        )
    }

    @Test func outputsThatAreInputsOrConstantsAreCopied() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2])
        let c = graph.addConstant(Tensor([3] as [Float], shape: [1]), name: "c")
        graph.markOutput(c)
        graph.markOutput(x)
        var configuration = BuilderConfiguration()
        configuration.passes = [.separateOutputs]
        let after = try Builder(configuration).optimize(graph).graph
        #expect(
            after.description == """
                graph "network"
                  input x: float32 [2]
                  constant c.source: float32 [1] = [3.0]
                  c = Identity(c.source)  "c.copy"
                  x.copy = Identity(x)
                  output c
                  output x.copy

                """
        )
    }
}
