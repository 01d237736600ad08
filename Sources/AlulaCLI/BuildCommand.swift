// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import ArgumentParser

/// `alula build`: an ONNX model becomes a plan file.
struct BuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build an ONNX model into a plan: weights and steps, no machine code."
    )

    @Argument(help: "ONNX model.")
    var model: String

    @Option(name: .shortAndLong, help: "Plan file to write.")
    var output: String

    @Option(help: "Threads the engine will run on, to time tactics on; default: the cores this process may use.")
    var threads: Int?

    @OptionGroup var options: BuildOptions

    func validate() throws {
        guard (1...4096).contains(threads ?? 1) else {
            throw ValidationError("--threads: got \(threads ?? 0), expected 1 to 4096")
        }
    }

    func run() throws {
        let loader = ModelLoader(options: options, threads: threads)
        let graph = try Graph(onnx: model)
        let built = try loader.build(graph, try loader.configuration(for: graph))
        let byteCount = try built.plan.write(to: output)
        let references = built.report.referenceSteps.count
        print(
            "\(output): \(built.plan.steps.count) steps from \(graph.nodes.count) nodes, \(byteCount) bytes, "
                + "\(format(Double(built.report.floatingPointOperations) / 1e9, digits: 3)) GFLOP"
                + (references == 0 ? "" : ", \(references) steps run scalar references (--verbose names them)")
        )
    }
}
