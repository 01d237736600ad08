// SPDX-License-Identifier: Apache-2.0

import AlulaBuilder
import AlulaGraph
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@Suite struct MergeSiblingConvolutionsTests {
    /// Convolutions of one tensor with the given kernel extents and channel counts.
    private func network(_ branches: [(kernel: Int, channels: Int)], srcChannels: Int, hasBias: Bool = true) -> Graph {
        var generator = SeededRandom(seed: 4)
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, .fixed(srcChannels), 4, 5])
        for (index, branch) in branches.enumerated() {
            let extents = Shape([branch.channels, srcChannels, branch.kernel, branch.kernel])
            let weights = graph.addConstant(generator.tensor(extents), name: "w\(index)")
            let bias = hasBias ? graph.addConstant(generator.tensor([branch.channels]), name: "b\(index)") : nil
            let padding = branch.kernel / 2
            let window = WindowParameters(padsBegin: [padding, padding], padsEnd: [padding, padding])
            graph.markOutput(graph.append(Conv(window: window), x, weights, bias, name: "conv\(index)"))
        }
        return graph
    }

    @Test(arguments: [true, false]) func headsOfADetectorBecomeOneConvolution(hasBias: Bool) throws {
        let graph = network([(1, 14), (1, 2), (1, 4)], srcChannels: 48, hasBias: hasBias)
        let after = try applyPass(.mergeSiblingConvolutions, to: graph)
        #expect(after.nodes.map { after[$0].operation.name } == ["Conv", "Split"])
        #expect(after.outputs.map { after[$0].name } == ["conv0", "conv1", "conv2"])
    }

    @Test func wholeVectorsAreMergedHoweverMany() throws {
        let after = try applyPass(.mergeSiblingConvolutions, to: network([(1, 32), (1, 16), (1, 5)], srcChannels: 8))
        #expect(after.nodes.map { after[$0].operation.name } == ["Conv", "Split"])
    }

    @Test func convolutionsThatDifferOrCostMoreToCutStay() throws {
        for branches in [[(1, 16), (3, 16)], [(3, 16), (3, 16)], [(1, 7), (1, 9)]] {
            let graph = network(branches.map { (kernel: $0.0, channels: $0.1) }, srcChannels: 8)
            let after = try applyPass(.mergeSiblingConvolutions, to: graph)
            #expect(after.nodes.map { after[$0].operation.name } == ["Conv", "Conv"])
        }
    }
}
