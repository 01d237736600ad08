// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import ArgumentParser

/// The `alula` command.
@main
struct AlulaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alula",
        abstract: "Build, run and measure neural networks with TensorRT's execution model, on any CPU.",
        subcommands: [
            BenchCommand.self,
            BuildCommand.self,
            ConformanceCommand.self,
            DetectCommand.self,
            DoctorCommand.self,
            InspectCommand.self,
            ListKnobsCommand.self,
        ]
    )

    /// Checks the environment once, before anything reads it, then runs the command line.
    static func main() async {
        do {
            _ = try JITOptions.fromEnvironment()
        } catch {
            exit(withError: error)
        }
        await main(nil)
    }
}
