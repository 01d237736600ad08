// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import AlulaTesting
internal import ArgumentParser

/// `alula conformance`: runs ONNX's backend test cases.
struct ConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Run ONNX's backend test cases and count passes and failures by operator.",
        discussion: """
            A case is a folder with model.onnx and test_data_set_*/input_*.pb, output_*.pb. The onnx Python package \
            ships about 1,400 of them under onnx/backend/test/data.
            """
    )

    @Argument(help: "The folder of a case, or one with cases at any depth below it.")
    var directory: String

    @Option(help: "Run only cases whose name contains this text.")
    var filter = ""

    @Option(help: "What runs the cases: reference (scalar definitions) or engine (builder, plan, engine).")
    var level = "reference"

    @Option(help: "Allow differences up to this part of an output's largest magnitude, for whole networks.")
    var rangeTolerance = 0.0

    @Flag(name: .shortAndLong, help: "Print every case, not only failed ones.")
    var verbose = false

    @Option(help: "Write all results to this file as JSON.")
    var json: String?

    func run() throws {
        let cases = try ConformanceCase.discover(in: directory).filter { filter.isEmpty || $0.name.contains(filter) }
        guard !cases.isEmpty else {
            throw ValidationError("no cases in '\(directory)'" + (filter.isEmpty ? "" : " match '\(filter)'"))
        }
        guard let conformanceLevel = ConformanceLevel.all.first(where: { $0.name == level }) else {
            let names = ConformanceLevel.all.map(\.name).joined(separator: ", ")
            throw ValidationError("--level: got '\(level)', expected one of \(names)")
        }
        var report = ConformanceReport()
        var tolerance = Tolerance.onnxBackend
        if rangeTolerance > 0 { tolerance = Tolerance(relative: 0, absolute: 0, ofRange: rangeTolerance) }
        let runner = ConformanceRunner(level: conformanceLevel, tolerance: tolerance)
        for testCase in cases {
            let result = runner.run(testCase)
            report.append(result)
            let (outcome, reason) = result.outcome.words
            if verbose || outcome == "failed" {
                let text = reason.isEmpty ? "largest difference \(result.largestOfRange) of the range" : reason
                print("\(outcome) \(result.name): \(text)")
            }
        }
        print(report.operatorTable)
        print(report.summary)
        if let json { try Files.write(report.json, to: json) }
        if report.counts.failed > 0 { throw ExitCode.failure }
    }
}
