// SPDX-License-Identifier: Apache-2.0

internal import AlulaTesting
internal import Testing

/// ONNX's own backend cases. `ALULA_ONNX_DATA` names their folder, as `make test` does.
@Suite(.enabled(if: ConformanceData.directory != nil, "ONNX's test data is not installed: run `make venv`"))
struct ConformanceTests {
    @Test(arguments: ConformanceLevel.all.map(\.name))
    func everyCaseOfSupportedOperatorsPasses(levelName: String) throws {
        let level = try #require(ConformanceLevel.all.first { $0.name == levelName })
        let directory = try #require(ConformanceData.directory)
        let runner = ConformanceRunner(level: level)
        var report = ConformanceReport()
        for testCase in try ConformanceCase.discover(in: directory) { report.append(runner.run(testCase)) }
        for result in report.results {
            let (outcome, reason) = result.outcome.words
            if outcome == "failed" { Issue.record("\(result.name): \(reason)") }
        }
        #expect(report.counts.passed > 0)
    }
}
