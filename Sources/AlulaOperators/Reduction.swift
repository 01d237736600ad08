// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// An operator that folds a tensor along some of its axes.
///
/// src: any shape; axes: optional 1-D integers, negative ones counting from the last axis; dst: src's type, without the
/// reduced axes, or with extent 1 in their place. Without axes, or with an empty list, all axes are reduced, unless the
/// operator is told to reduce none then: every element is the reduction of itself, its square for a sum of squares.
public protocol ReductionOperator: Operator {
    /// Element types the operator accepts.
    static var supportedDataTypes: Set<DataType> { get }
    /// Whether reduced axes stay, with extent 1.
    var keepsDimensions: Bool { get }
    /// Whether missing or empty axes mean none instead of all.
    var ignoresEmptyAxes: Bool { get }
    /// The operator.
    init(keepsDimensions: Bool, ignoresEmptyAxes: Bool)
    /// Reduces `src` to `keptShape`, which is src's shape with extent 1 along reduced axes.
    ///
    /// `dst` is contiguous and has as many elements as `keptShape`.
    func reduce(_ src: Tensor, to keptShape: Shape, into dst: Tensor)
}

extension ReductionOperator {
    /// Everything but bool.
    public static var supportedDataTypes: Set<DataType> { .numeric }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        self.init(
            keepsDimensions: try attributes.bool("keepsDimensions", for: Self.name),
            ignoresEmptyAxes: try attributes.bool("ignoresEmptyAxes", for: Self.name)
        )
    }

    /// `keepsDimensions`, `ignoresEmptyAxes`.
    public var attributes: Attributes {
        ["keepsDimensions": .integer(keepsDimensions ? 1 : 0), "ignoresEmptyAxes": .integer(ignoresEmptyAxes ? 1 : 0)]
    }

    /// The input's type without the reduced axes.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...2)
        try inputs.require(Self.supportedDataTypes, of: 0)
        let src = try inputs.required(0)
        let reduced = try isReduced(src.shape, axes: inputs[1] == nil ? nil : try inputs.integers(1))
        let extents = src.shape.extents.indices.compactMap { axis in
            reduced[axis] ? (keepsDimensions ? 1 : nil) : src.shape[axis]
        }
        return [TensorType(src.dataType, Shape(extents))]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0) else { return }
        let reduced = try isReduced(src.shape, axes: inputs.operand(1)?.integers())
        reduce(src, to: Shape(src.shape.indices.map { reduced[$0] ? 1 : src.shape[$0] }), into: dst)
    }

    /// For every axis of `shape` whether it is reduced.
    private func isReduced(_ shape: Shape, axes: [Int]?) throws(OperatorError) -> [Bool] {
        let axes = axes ?? []
        if axes.isEmpty { return [Bool](repeating: !ignoresEmptyAxes, count: shape.rank) }
        var reduced = [Bool](repeating: false, count: shape.rank)
        for axis in axes {
            guard let axis = shape.normalizedAxis(axis) else {
                throw .invalidValue(
                    operator: Self.name,
                    input: 1,
                    got: "axis \(axis)",
                    expected: "-\(shape.rank)..<\(shape.rank) for shape \(shape)"
                )
            }
            reduced[axis] = true
        }
        return reduced
    }

    /// One operation an input element.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        (inputs.first ?? nil)?.shape.elementCount ?? 0
    }
}

/// A reduction that is a fold from a start value: exactly, modulo 2⁶⁴, on integers, and in `float64` on floats.
public protocol FoldingReduction: ReductionOperator {
    /// The result of no elements.
    var start: Int { get }
    /// Whether integers are folded as integers; if not, they are folded in `float64` and truncated.
    static var foldsIntegers: Bool { get }
    /// One step of the fold.
    func fold(_ accumulator: Double, _ x: Double) -> Double
    /// One step of the fold on integers; wraps.
    func fold(_ accumulator: Int64, _ x: Int64) -> Int64
    /// Turns the fold over `count` elements into the result.
    func finish(_ accumulator: Double, count: Int) -> Double
}

extension FoldingReduction {
    /// True.
    public static var foldsIntegers: Bool { true }
    /// Zero.
    public var start: Int { 0 }
    /// The fold itself.
    public func finish(_ accumulator: Double, count: Int) -> Double { accumulator }

    /// The scalar definition.
    public func reduce(_ src: Tensor, to keptShape: Shape, into dst: Tensor) {
        let count = src.elementCount / max(dst.elementCount, 1)
        func run<T: NumericElement>(_: T.Type) {
            if T.dataType.isInteger && Self.foldsIntegers {
                let sums = foldAxes(of: src, to: keptShape, from: Int64(start)) { (sum: Int64, x: T) in
                    fold(sum, x.asInt64)
                }
                write(sums, to: dst) { T(converting: $0) }
            } else {
                let sums = foldAxes(of: src, to: keptShape, from: Double(start)) { (sum: Double, x: T) in
                    fold(sum, x.asDouble)
                }
                write(sums, to: dst) { T(converting: finish($0, count: count)) }
            }
        }
        guard let type = src.dataType.numericElementType else { return }
        src.dataType == .float32 ? runFloat(src, to: keptShape, into: dst, count: count) : run(type)
    }

    private func runFloat(_ src: Tensor, to keptShape: Shape, into dst: Tensor, count: Int) {
        let sums = foldAxes(of: src, to: keptShape, from: Double(start)) { (sum: Double, x: Float) in
            fold(sum, Double(x))
        }
        write(sums, to: dst) { Float(finish($0, count: count)) }
    }
}

/// Folds `src` along the axes in which `keptShape` has extent 1, starting from `start`; one result per kept element.
@inline(__always)
func foldAxes<S: Element, A>(of src: Tensor, to keptShape: Shape, from start: A, _ step: (A, S) -> A) -> [A] {
    var results = [A](repeating: start, count: keptShape.elementCount)
    foldAxes(of: src, to: keptShape, updating: &results, step)
    return results
}

/// Folds as above onto values that are there already.
@inline(__always)
func foldAxes<S: Element, A>(of src: Tensor, to keptShape: Shape, updating results: inout [A], _ step: (A, S) -> A) {
    let loop = BroadcastLoop([src.shape, keptShape], to: src.shape)
    let run = loop.runElements
    guard run > 0 else { return }
    let source = src.span(of: S.self)
    var indices = loop.makeIndices()
    for _ in 0..<loop.outerShape.elementCount {
        let (start, kept, _) = indices.offsets
        let row = source.extracting(start..<start + run)
        if loop.advances[1] {
            for i in 0..<run { results[kept + i] = step(results[kept + i], row[i]) }
        } else {
            var result = results[kept]
            for i in 0..<run { result = step(result, row[i]) }
            results[kept] = result
        }
        indices.advance()
    }
}

/// Writes one converted value an element.
@inline(__always)
func write<A, D: Element>(_ values: [A], to dst: Tensor, _ convert: (A) -> D) {
    var target = dst.mutableSpan(of: D.self)
    for index in values.indices { target[index] = convert(values[index]) }
}
