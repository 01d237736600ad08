// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// What scalar references sum in: `Double` for floating-point operands, rounded once at the end, and `Int64` with
/// wrapping for integers, whose low bits are the exact result in every narrower type.
protocol ReferenceAccumulator {
    /// The sum of nothing.
    static var zero: Self { get }
    /// The product of nothing.
    static var one: Self { get }
    /// `self += a · b`.
    mutating func addProduct(_ a: Self, _ b: Self)
}

extension Double: ReferenceAccumulator {
    static var one: Double { 1 }
    mutating func addProduct(_ a: Double, _ b: Double) { self += a * b }
}

extension Int64: ReferenceAccumulator {
    static var one: Int64 { 1 }
    mutating func addProduct(_ a: Int64, _ b: Int64) { self &+= a &* b }
}

extension Tensor {
    /// All elements as 64-bit integers, the low bits kept.
    ///
    /// - Precondition: the tensor holds integers and is contiguous.
    func wideIntegers() -> [Int64] {
        func convert<T: NumericElement>(_: T.Type) -> [Int64] { elements(as: T.self).map(\.asInt64) }
        guard let type = dataType.numericElementType else { return elements(as: Bool.self).map { $0 ? 1 : 0 } }
        return convert(type)
    }

    /// Writes `values` from element `start` on, each rounded once to the tensor's floating-point type, or converted by
    /// Cast's rules to an integer type.
    func store(_ values: [Double], at start: Int = 0) {
        func run<T: NumericElement>(_: T.Type) {
            var target = mutableSpan(of: T.self)
            for index in values.indices { target[start + index] = T(converting: values[index]) }
        }
        guard let type = dataType.numericElementType else { return }
        dataType == .float32 ? run(Float.self) : run(type)
    }

    /// Writes `values` from element `start` on, keeping the low bits.
    func store(_ values: [Int64], at start: Int = 0) {
        func run<T: NumericElement>(_: T.Type) {
            var target = mutableSpan(of: T.self)
            for index in values.indices { target[start + index] = T(converting: values[index]) }
        }
        guard let type = dataType.numericElementType else { return }
        run(type)
    }
}

extension CheckedInputs {
    /// A shape a rule computed, refused when it is negative or beyond what memory can hold.
    func outputShape(_ extents: [Int]) throws(OperatorError) -> Shape {
        guard let shape = Shape(checking: extents) else {
            let got = self[0]?.shape ?? .scalar
            let expected = "a shape whose output \(extents) has no negative extent and fits memory"
            throw .shapeMismatch(operator: operatorName, input: 0, got: got, expected: expected)
        }
        return shape
    }

    /// Checks the exact shape of input `index`, if it is present.
    func require(shape: Shape, of index: Int) throws(OperatorError) {
        guard let input = self[index], input.shape != shape else { return }
        throw .shapeMismatch(operator: operatorName, input: index, got: input.shape, expected: "\(shape)")
    }
}

/// The product of operation counts, `Int.max` where it does not fit: shapes of untrusted plans may be absurd.
func saturatingProduct(_ factors: Int...) -> Int {
    factors.reduce(1) { product, factor in
        let (result, isOverflowing) = product.multipliedReportingOverflow(by: factor)
        return isOverflowing ? .max : result
    }
}
