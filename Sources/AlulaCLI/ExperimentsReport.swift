// SPDX-License-Identifier: Apache-2.0

/// The experiments' tables and what they mean.
struct ExperimentsReport {
    var synchronized: [ExperimentsCommand.Series]
    var unsynchronized: [ExperimentsCommand.Series]
    /// `execute_async_v2` without synchronizing, with pageable host memory.
    var pageable: ExperimentsCommand.Series
    var outputByteCount: Int

    // MARK: - Text

    func printTables() {
        printTable("Experiment 1: with stream.synchronize()  (clock time, ms)", synchronized)
        printTable("Experiment 2: without stream.synchronize()  (clock time, ms)", unsynchronized)
        printMeaning()
    }

    private func printTable(_ title: String, _ series: [ExperimentsCommand.Series]) {
        print(title)
        print("  run    " + series.map { column($0.call.pythonName, 18) }.joined())
        for run in series[0].clockMs.indices {
            print("  \(run + 1)      " + series.map { column(format($0.clockMs[run], digits: 3), 18) }.joined())
        }
        print("  median " + series.map { column(format(median($0.clockMs), digits: 3), 18) }.joined())
        print("")
    }

    /// What each figure really is, from the events of experiment 1.
    private func printMeaning() {
        print("What the figures are  (medians, ms)")
        row("", synchronized.map(\.call.pythonName))
        row("enqueue: the call alone", synchronized.map { format(median($0.times.map(\.enqueueMs)), digits: 4) })
        row("H2D: inputs to the device", milliseconds(\.h2dMs))
        row("compute: first to last kernel", milliseconds(\.computeMs))
        row("  inputs consumed after", milliseconds(\.inputsConsumedMs))
        row("D2H: outputs to the host", milliseconds(\.d2hMs))
        row("experiment 1 shows", synchronized.map { format(median($0.clockMs), digits: 3) })
        row("  waited for the work", synchronized.map { _ in "all of it" })
        row("experiment 2 shows", unsynchronized.map { format(median($0.clockMs), digits: 3) })
        row("  waited for the work", unsynchronized.map { _ in "none of it" })
        print("")
        print(
            "Hidden wait: with pageable host memory, \(pageable.call.pythonName) without stream.synchronize() shows "
                + "\(format(median(pageable.clockMs), digits: 3)) ms:"
        )
        print(
            "copying \(outputByteCount) bytes to pageable memory returns only when the copy is complete, and the copy "
                + "waits for the kernels."
        )
        print("")
        print(conclusion)
    }

    /// One sentence a reader can act on.
    private var conclusion: String {
        let waited = median(synchronized.flatMap(\.clockMs))
        let enqueued = median(unsynchronized.flatMap(\.clockMs))
        let factor = enqueued > 0 ? waited / enqueued : 0
        return "In short: stop the clock after stream.synchronize(); before it you have timed the enqueue "
            + "(\(format(enqueued, digits: 3)) ms), not the inference (\(format(waited, digits: 1)) ms, "
            + "\(format(factor, digits: 0)) times as long), and the three calls cost the same."
    }

    private func milliseconds(_ part: (InferenceTimes) -> Double) -> [String] {
        synchronized.map { format(median($0.times.map(part)), digits: 3) }
    }

    private func row(_ label: String, _ values: [String]) {
        let padding = String(repeating: " ", count: max(31 - label.count, 1))
        print("  " + label + padding + values.map { column($0, 18) }.joined())
    }

    private func median(_ values: [Double]) -> Double { LatencySummary(values).median }

    // MARK: - JSON

    private struct Document: Codable {
        struct Row: Codable {
            var call: String
            var clockMs: [Double]
            var warmupMs: Double
            var times: [InferenceTimes]
        }

        var model: String
        var experiment1: [Row]
        var experiment2: [Row]
        var pageable: Row
    }

    /// Writes all runs to `path`, all or nothing.
    func writeJSON(to path: String, model: String) throws {
        func row(_ series: ExperimentsCommand.Series) -> Document.Row {
            Document.Row(
                call: series.call.pythonName,
                clockMs: series.clockMs,
                warmupMs: series.warmupMs,
                times: series.times
            )
        }
        let document = Document(
            model: model,
            experiment1: synchronized.map(row),
            experiment2: unsynchronized.map(row),
            pageable: row(pageable)
        )
        try writeFile([UInt8](encodeJSON(document)), path)
    }
}
