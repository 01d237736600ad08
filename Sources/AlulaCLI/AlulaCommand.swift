// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// The `alula` command.
@main
struct AlulaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alula",
        abstract: "Build, run and measure neural networks with TensorRT's execution model, on any CPU.",
        subcommands: [
            BenchCommand.self,
            BuildCommand.self,
            ConformanceCommand.self,
            DoctorCommand.self,
            InspectCommand.self,
        ]
    )
}
