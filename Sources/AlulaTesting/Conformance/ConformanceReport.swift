// SPDX-License-Identifier: Apache-2.0

/// The results of many cases, counted and printed.
package struct ConformanceReport: Sendable {
    /// Results in the order the cases ran.
    package private(set) var results: [ConformanceResult] = []

    /// An empty report.
    package init() {}

    /// Adds a result.
    package mutating func append(_ result: ConformanceResult) { results.append(result) }

    /// The number of cases that passed, failed, and need something unsupported.
    package var counts: (passed: Int, failed: Int, unsupported: Int) { count(results) }

    /// `N passed, N failed, N unsupported`.
    package var summary: String {
        "\(counts.passed) passed, \(counts.failed) failed, \(counts.unsupported) unsupported"
    }

    /// One line an operator: its name and the three counts.
    package var operatorTable: String {
        let groups = Dictionary(grouping: results, by: \.operatorType)
        let width = groups.keys.map(\.count).reduce("operator".count, max)
        var lines = [row("operator", "passed", "failed", "unsupported", width: width)]
        for name in groups.keys.sorted() {
            let counts = count(groups[name] ?? [])
            lines.append(row(name, "\(counts.passed)", "\(counts.failed)", "\(counts.unsupported)", width: width))
        }
        return lines.joined(separator: "\n")
    }

    /// The results as JSON: counts and one object a case.
    package var json: String {
        let cases = results.map { result in
            let (outcome, reason) = result.outcome.words
            return #"    {"name": \#(quoted(result.name)), "operator": \#(quoted(result.operatorType)), "#
                + #""outcome": "\#(outcome)", "reason": \#(quoted(reason))}"#
        }
        return """
            {
              "passed": \(counts.passed),
              "failed": \(counts.failed),
              "unsupported": \(counts.unsupported),
              "cases": [
            \(cases.joined(separator: ",\n"))
              ]
            }

            """
    }

    private func count(_ results: [ConformanceResult]) -> (passed: Int, failed: Int, unsupported: Int) {
        var counts = (passed: 0, failed: 0, unsupported: 0)
        for result in results {
            switch result.outcome {
            case .passed: counts.passed += 1
            case .failed: counts.failed += 1
            case .unsupported: counts.unsupported += 1
            }
        }
        return counts
    }

    private func row(_ name: String, _ columns: String..., width: Int) -> String {
        let padded = name + String(repeating: " ", count: width - name.count)
        return columns.reduce(padded) { $0 + String(repeating: " ", count: 13 - $1.count) + $1 }
    }

    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20: quoted += " "
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension ConformanceResult.Outcome {
    /// The outcome in one word, and its reason, empty for passed cases.
    package var words: (outcome: String, reason: String) {
        switch self {
        case .passed: ("passed", "")
        case .failed(let reason): ("failed", reason)
        case .unsupported(let reason): ("unsupported", reason)
        }
    }
}
