// SPDX-License-Identifier: Apache-2.0

package import AlulaTensor

/// How far an output may be from the expected tensor.
package struct Tolerance: Sendable, Hashable {
    /// Allowed difference as a part of the expected element's magnitude.
    package var relative: Double
    /// Allowed difference in addition.
    package var absolute: Double
    /// Allowed difference in addition, as a part of the largest finite magnitude in the expected tensor.
    package var ofRange: Double

    /// A tolerance.
    package init(relative: Double, absolute: Double, ofRange: Double = 0) {
        self.relative = relative
        self.absolute = absolute
        self.ofRange = ofRange
    }

    /// What ONNX's own test runner allows for its backend cases.
    package static let onnxBackend = Tolerance(relative: 1e-3, absolute: 1e-7)
}

/// How one tensor differs from another.
package struct Difference: Sendable, Hashable {
    /// The first disagreement in words; nil when the tensors agree within the tolerance.
    package var failure: String?
    /// The largest difference of finite elements as a part of the largest finite magnitude expected.
    package var largestOfRange = 0.0
}

/// Compares `got` with `expected`.
///
/// Data types and shapes must be equal; integers and bools exactly, floating point within the tolerance; NaN equals NaN.
package func difference(_ got: Tensor, _ expected: Tensor, within tolerance: Tolerance) -> Difference {
    guard got.type == expected.type else { return Difference(failure: "got \(got.type), expected \(expected.type)") }
    guard expected.dataType.isFloatingPoint else {
        guard let left = got.integers(), let right = expected.integers() else {
            return Difference(failure: "\(got.type) is not comparable")
        }
        guard let index = left.indices.first(where: { left[$0] != right[$0] }) else { return Difference() }
        let failure = "element \(index) of \(got.type): got \(left[index]), expected \(right[index])"
        return Difference(failure: failure, largestOfRange: .infinity)
    }
    return difference(got.doubles(), expected.doubles(), type: got.type, within: tolerance)
}

private func difference(
    _ left: [Double],
    _ right: [Double],
    type: TensorType,
    within tolerance: Tolerance
) -> Difference {
    let range = right.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    let absolute = tolerance.absolute + tolerance.ofRange * range
    var count = 0
    var first: Int?
    var largest = 0.0
    for (index, (got, expected)) in zip(left, right).enumerated() where got != expected {
        if got.isNaN && expected.isNaN { continue }
        let gap = abs(got - expected)
        if expected.isFinite, gap <= absolute + tolerance.relative * abs(expected) {
            largest = max(largest, gap)
        } else {
            count += 1
            first = first ?? index
            largest = gap.isNaN ? .infinity : max(largest, gap)
        }
    }
    let failure = first.map { index in
        "element \(index) of \(type): got \(left[index]), expected \(right[index]) (\(count) of \(left.count) differ)"
    }
    return Difference(failure: failure, largestOfRange: largest == 0 ? 0 : largest / range)
}
