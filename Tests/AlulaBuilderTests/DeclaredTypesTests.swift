// SPDX-License-Identifier: Apache-2.0

import AlulaBuilder
import AlulaGraph
import AlulaOperators
import AlulaTensor
import Testing

@Suite struct DeclaredTypesTests {
    @Test func extentsThatFollowFromInputsThatVaryVary() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [.symbolic("N"), 3, .symbolic("W")])
        let y = graph.append(Transpose(permutation: [2, 0, 1]), x, name: "y")
        let z = graph.append(Relu(), y, name: "z")
        let types = try DeclaredTypes(graph)
        #expect(types[x]?.dimensions == [.symbolic("N"), 3, .symbolic("W")])
        #expect(types[z]?.dimensions == [.symbolic(""), .symbolic(""), 3])
        #expect(types[z]?.dataType == .float32)
    }

    @Test func fixedNetworksHaveFixedExtents() throws {
        var graph = Graph()
        let x = graph.addInput("x", .int64, [2, 5])
        let y = graph.append(Relu(), graph.append(Cast(to: .float32), x, name: "c"), name: "y")
        #expect(try DeclaredTypes(graph)[y]?.dimensions == [2, 5])
        #expect(try DeclaredTypes(graph)[x]?.dataType == .int64)
    }

    @Test func aNodeThatRefusesItsInputsIsNamed() throws {
        var graph = Graph()
        let x = graph.addInput("x", .float32, [2, 5])
        let w = graph.addInput("w", .float32, [4, 3])
        _ = graph.append(MatMul(), x, w, name: "product")
        let error = #expect(throws: BuilderError.self) { try DeclaredTypes(graph) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("product"))
    }
}
