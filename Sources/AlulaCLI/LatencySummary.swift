// SPDX-License-Identifier: Apache-2.0

/// Minimum, maximum, mean, median and percentiles of a list of times, as trtexec defines them.
struct LatencySummary: Codable {
    var min: Double
    var max: Double
    var mean: Double
    var median: Double
    var p90: Double
    var p95: Double
    var p99: Double

    /// The summary of `milliseconds`; all zero when the list is empty.
    init(_ milliseconds: [Double]) {
        let sorted = milliseconds.sorted()
        let count = sorted.count
        // trtexec's index: max(all − 1 − int((1 − p/100) · all), 0).
        func percentile(_ percent: Double) -> Double {
            count == 0 ? 0 : sorted[Swift.max(count - 1 - Int((1 - percent / 100) * Double(count)), 0)]
        }
        min = sorted.first ?? 0
        max = sorted.last ?? 0
        mean = count == 0 ? 0 : sorted.reduce(0, +) / Double(count)
        if count == 0 {
            median = 0
        } else if count % 2 == 1 {
            median = sorted[count / 2]
        } else {
            median = (sorted[count / 2 - 1] + sorted[count / 2]) / 2
        }
        p90 = percentile(90)
        p95 = percentile(95)
        p99 = percentile(99)
    }

    /// trtexec's line after a label, in milliseconds.
    var line: String {
        "min = \(format(min)) ms, max = \(format(max)) ms, mean = \(format(mean)) ms, median = \(format(median)) ms, "
            + "percentile(90%) = \(format(p90)) ms, percentile(95%) = \(format(p95)) ms, "
            + "percentile(99%) = \(format(p99)) ms"
    }
}

/// `value` with `digits` decimals, without locale.
func format(_ value: Double, digits: Int = 4) -> String {
    guard value.isFinite else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (abs(value) * scale).rounded()
    guard rounded < 1e15 else { return "\(value)" }
    let text = String(Int(rounded))
    let padded = String(repeating: "0", count: Swift.max(digits + 1 - text.count, 0)) + text
    let sign = value < 0 && rounded > 0 ? "-" : ""
    guard digits > 0 else { return sign + padded }
    return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
}

/// `text` padded with spaces on the left to `width` columns.
func column(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: Swift.max(width - text.count, 0)) + text
}
