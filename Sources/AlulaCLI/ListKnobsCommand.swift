// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaSystem
internal import ArgumentParser

/// `alula list-knobs`: the environment variables that change what kernels do.
struct ListKnobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list-knobs",
        abstract: "Show the environment variables Alula reads, with their meaning and current value."
    )

    func run() throws {
        for knob in JITOptions.knobs {
            let value = Environment.value(knob.name).map { "= \($0)" } ?? "not set"
            print("\(knob.name)  \(knob.meaning)  (\(value))")
        }
    }
}
