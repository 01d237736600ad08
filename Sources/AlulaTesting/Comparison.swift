// SPDX-License-Identifier: Apache-2.0

package import AlulaTensor

/// How far an output may be from the expected tensor.
package struct Tolerance: Sendable, Hashable {
    /// Allowed difference as a part of the expected element's magnitude.
    package var relative: Double
    /// Allowed difference in addition.
    package var absolute: Double

    /// A tolerance.
    package init(relative: Double, absolute: Double) {
        self.relative = relative
        self.absolute = absolute
    }

    /// What ONNX's own test runner allows for its backend cases.
    package static let onnxBackend = Tolerance(relative: 1e-3, absolute: 1e-7)
}

/// Compares `got` with `expected`; nil when they agree, else the first disagreement in words.
///
/// Data types and shapes must be equal; integers and bools exactly, floating point within the tolerance; NaN equals NaN.
package func difference(_ got: Tensor, _ expected: Tensor, within tolerance: Tolerance) -> String? {
    guard got.type == expected.type else { return "got \(got.type), expected \(expected.type)" }
    if !expected.dataType.isFloatingPoint {
        guard let left = got.integers(), let right = expected.integers() else { return "not comparable" }
        guard let index = left.indices.first(where: { left[$0] != right[$0] }) else { return nil }
        return "element \(index) of \(got.type): got \(left[index]), expected \(right[index])"
    }
    let left = got.doubles()
    let right = expected.doubles()
    var count = 0
    var first: Int?
    for index in left.indices where !isClose(left[index], right[index], tolerance) {
        count += 1
        first = first ?? index
    }
    return first.map { index in
        "element \(index) of \(got.type): got \(left[index]), expected \(right[index]) (\(count) of \(left.count) differ)"
    }
}

private func isClose(_ got: Double, _ expected: Double, _ tolerance: Tolerance) -> Bool {
    if got == expected || got.isNaN && expected.isNaN { return true }
    return abs(got - expected) <= tolerance.absolute + tolerance.relative * abs(expected) && expected.isFinite
}
