// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// An operator giving the position of the largest or smallest element along one axis.
///
/// src: numeric, any shape of rank 1 or more; dst: int64, without the axis, or with extent 1 in its place. Of equal
/// elements the first is taken, or the last; NaN wins over every number.
public protocol ExtremeIndexOperator: Operator {
    /// Whether the largest element is wanted.
    static var isMaximum: Bool { get }
    /// The axis; negative counts from the last.
    var axis: Int { get }
    /// Whether the axis stays, with extent 1.
    var keepsDimensions: Bool { get }
    /// Whether the last of equal elements is taken.
    var selectsLast: Bool { get }
    /// The operator.
    init(axis: Int, keepsDimensions: Bool, selectsLast: Bool)
}

extension ExtremeIndexOperator {
    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        self.init(
            axis: try attributes.integer("axis", for: Self.name),
            keepsDimensions: try attributes.bool("keepsDimensions", for: Self.name),
            selectsLast: try attributes.bool("selectsLast", for: Self.name)
        )
    }

    /// `axis`, `keepsDimensions`, `selectsLast`.
    public var attributes: Attributes {
        [
            "axis": .integer(axis),
            "keepsDimensions": .integer(keepsDimensions ? 1 : 0),
            "selectsLast": .integer(selectsLast ? 1 : 0),
        ]
    }

    /// Positions along the axis.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.numeric, of: 0)
        let axis = try inputs.axis(axis, of: 0)
        let shape = try inputs.required(0).shape
        var extents = shape.extents
        guard extents[axis] > 0 else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: shape, expected: "an element along axis \(axis)")
        }
        extents[axis] = 1
        if !keepsDimensions { extents.remove(at: axis) }
        return [TensorType(.int64, Shape(extents))]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0),
            let type = src.dataType.numericElementType, let lines = AxisLines(src.shape, axis: axis)
        else { return }
        func run<T: NumericElement>(_: T.Type) {
            let source = src.span(of: T.self)
            var target = dst.mutableSpan(of: Int64.self)
            for line in 0..<lines.count {
                let first = lines.firstElement(of: line)
                var best = source[first]
                var position = 0
                for index in 1..<max(lines.extent, 1) {
                    let x = source[first + index * lines.stride]
                    guard wins(x, over: best) else { continue }
                    best = x
                    position = index
                }
                target[line] = Int64(position)
            }
        }
        src.dataType == .float32 ? run(Float.self) : run(type)
    }

    private func wins<T: NumericElement>(_ x: T, over best: T) -> Bool {
        if x != x { return selectsLast || best == best }
        return (Self.isMaximum ? x > best : x < best) || selectsLast && x == best
    }

    /// One operation an input element.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        (inputs.first ?? nil)?.shape.elementCount ?? 0
    }
}

/// The lines of a contiguous tensor along one axis, in row-major order of the other axes.
struct AxisLines {
    /// Elements in a line.
    let extent: Int
    /// Elements between neighbours in a line.
    let stride: Int
    /// The number of lines.
    let count: Int

    /// The lines of `shape` along `axis`, which may be negative; nil when there is no such axis.
    init?(_ shape: Shape, axis: Int) {
        guard let axis = shape.normalizedAxis(axis) else { return nil }
        extent = shape[axis]
        stride = shape.elementCount(in: axis + 1..<shape.rank)
        count = stride * shape.elementCount(in: 0..<axis)
    }

    /// Lines of `extent` elements, `stride` apart.
    init(extent: Int, stride: Int, count: Int) {
        self.extent = extent
        self.stride = stride
        self.count = count
    }

    /// The offset, in elements, of the first element of a line.
    func firstElement(of line: Int) -> Int { line / stride * extent * stride + line % stride }
}
