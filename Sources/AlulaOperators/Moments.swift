// SPDX-License-Identifier: Apache-2.0

/// Mean and variance of numbers, in double precision: what normalisations divide by.
struct Moments {
    /// `Σ x / count`.
    let mean: Double
    /// `Σ (x − mean)² / count`.
    let variance: Double

    /// The moments of `elements[range]`; NaN when the range is empty.
    init(_ elements: [Double], in range: Range<Int>) {
        var sum = 0.0
        for index in range { sum += elements[index] }
        let mean = sum / Double(range.count)
        var squares = 0.0
        for index in range { squares += (elements[index] - mean) * (elements[index] - mean) }
        self.mean = mean
        variance = squares / Double(range.count)
    }

    /// `1 / √(variance + epsilon)`.
    func inverseDeviation(epsilon: Float) -> Double { 1 / (variance + Double(epsilon)).squareRoot() }
}
