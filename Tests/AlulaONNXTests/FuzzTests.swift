// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaONNX
internal import AlulaOperators
internal import AlulaSystem
internal import AlulaTensor
internal import AlulaTesting
internal import Testing

/// Damaged files end in an error or in a graph, never in a crash, a hang or a flood of memory.
///
/// `ALULA_FUZZ_COUNT` sets the number of files, `ALULA_FUZZ_SEED` the first seed; `Tools/fuzz.sh` runs many under a
/// memory limit.
struct FuzzTests {
    @Test(.timeLimit(.minutes(10)))
    func mutatedModelsNeverCrash() throws {
        let count = Environment.value("ALULA_FUZZ_COUNT").flatMap { Int($0) } ?? 2_000
        let firstSeed = Environment.value("ALULA_FUZZ_SEED").flatMap { UInt64($0) } ?? 1
        let seeds = try FuzzSeeds.all()
        print("mutating \(seeds.count) models, \(count) files, first seed \(firstSeed)")
        var refused = 0
        for index in 0..<count {
            let seed = firstSeed + UInt64(index)
            var mutator = ByteMutator(seed: seed)
            let bytes = mutator.mutate(seeds[index % seeds.count], other: seeds[(index / seeds.count) % seeds.count])
            if Environment.value("ALULA_FUZZ_TRACE") != nil {
                try Files.write(bytes, to: "/tmp/alula-fuzz-last.onnx")
            }
            do {
                let graph = try ONNXModel(bytes: bytes).makeGraph()
                ShapeWalk.walk(graph)
            } catch {
                refused += 1
            }
        }
        #expect(refused > count / 10, "mutations do damage")
        #expect(refused < count, "and leave some models whole")
    }
}

/// Applies every node's shape rule, as far as shapes are known without running anything.
private enum ShapeWalk {
    static func walk(_ graph: Graph) {
        var known: [Graph.ValueID: OperatorInput] = [:]
        for value in graph.inputs {
            guard let type = graph[value].dataType, let dimensions = graph[value].dimensions else { continue }
            guard let shape = Shape(checking: dimensions.map { $0.extent ?? 3 }) else { continue }
            known[value] = OperatorInput(TensorType(type, shape))
        }
        for id in graph.nodes {
            let node = graph[id]
            var inputs: [OperatorInput?] = []
            for value in node.inputs {
                guard let value else {
                    inputs.append(nil)
                    continue
                }
                guard let input = graph[value].constant.map({ OperatorInput($0) }) ?? known[value] else { break }
                inputs.append(input)
            }
            guard inputs.count == node.inputs.count, let types = try? node.operation.inferOutputs(inputs) else {
                continue
            }
            for (value, type) in zip(node.outputs, types) {
                if let value { known[value] = OperatorInput(type) }
            }
        }
    }
}
