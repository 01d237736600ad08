// SPDX-License-Identifier: Apache-2.0

internal import AlulaBuilder
internal import AlulaGraph
internal import AlulaONNX
internal import AlulaPlan
internal import AlulaSystem
internal import AlulaTensor
internal import AlulaTesting
internal import Testing

/// Damaged models that still import end in a plan or in an error, never in a crash or a hang.
///
/// `ALULA_FUZZ_COUNT` sets the number of files, `ALULA_FUZZ_SEED` the first seed; see `Tools/fuzz.sh`.
struct BuildFuzzTests {
    @Test(.timeLimit(.minutes(10)))
    func mutatedModelsBuildOrAreRefused() throws {
        let count = Environment.value("ALULA_FUZZ_COUNT").flatMap { Int($0) } ?? 1_000
        let firstSeed = Environment.value("ALULA_FUZZ_SEED").flatMap { UInt64($0) } ?? 1
        let seeds = try FuzzSeeds.all()
        print("building \(seeds.count) models, \(count) damaged files, first seed \(firstSeed)")
        var imported = 0
        var built = 0
        for index in 0..<count {
            var mutator = ByteMutator(seed: firstSeed + UInt64(index))
            let bytes = mutator.mutate(seeds[index % seeds.count], other: seeds[(index / seeds.count) % seeds.count])
            guard let graph = try? ONNXModel(bytes: bytes).makeGraph() else { continue }
            imported += 1
            if Environment.value("ALULA_FUZZ_TRACE") != nil {
                try Files.write(bytes, to: "/tmp/alula-fuzz-last-build.onnx")
            }
            var configuration = BuilderConfiguration()
            configuration.profiles = [profile(of: graph)]
            if (try? Builder(configuration).build(graph)) != nil { built += 1 }
            interpret(graph)
        }
        print("\(imported) of them imported, \(built) were built")
        #expect(built > 0, "some mutations are harmless")
    }

    /// Runs the scalar definitions, unless tensors are large.
    private func interpret(_ graph: Graph) {
        var inputs: [Tensor] = []
        for input in graph.inputs {
            guard let type = graph[input].dataType, let dimensions = graph[input].dimensions,
                let shape = Shape(checking: dimensions.map { $0.extent ?? 2 }), shape.elementCount < 1 << 16
            else { return }
            inputs.append(Tensor(zeros: type, shape: shape))
        }
        _ = try? GraphInterpreter(graph, elementCountLimit: 1 << 16).run(inputs)
    }

    private func profile(of graph: Graph) -> OptimizationProfile {
        var ranges: [String: OptimizationProfile.Range] = [:]
        for input in graph.inputs {
            guard let dimensions = graph[input].dimensions, dimensions.contains(where: { $0.extent == nil }),
                let shape = Shape(checking: dimensions.map { $0.extent ?? 2 })
            else { continue }
            ranges[graph[input].name] = .init(min: shape, opt: shape, max: shape)
        }
        return OptimizationProfile(ranges)
    }
}
