// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// An operator that normalises along one axis, or along all axes from one on.
///
/// src: floating point, any shape of rank 1 or more (rank 0 counts as one element); dst: the same.
public protocol NormalizingOperator: Operator {
    /// The axis; negative counts from the last.
    var axis: Int { get }
    /// Whether the axis and all that follow it are normalised together, as ONNX did before opset 13.
    var spansTrailingAxes: Bool { get }
    /// The operator.
    init(axis: Int, spansTrailingAxes: Bool)
    /// Normalises one line in place.
    func normalize(_ line: inout [Double])
}

extension NormalizingOperator {
    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        self.init(
            axis: try attributes.integer("axis", for: Self.name),
            spansTrailingAxes: try attributes.bool("spansTrailingAxes", for: Self.name)
        )
    }

    /// `axis`, `spansTrailingAxes`.
    public var attributes: Attributes {
        ["axis": .integer(axis), "spansTrailingAxes": .integer(spansTrailingAxes ? 1 : 0)]
    }

    /// The input's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 1...1)
        try inputs.require(.floats, of: 0)
        let src = try inputs.required(0).type
        if lines(of: src.shape) == nil { _ = try inputs.axis(axis, of: 0) }
        return [src]
    }

    /// The lines to normalise; nil when the axis does not exist.
    private func lines(of shape: Shape) -> AxisLines? {
        if shape.rank == 0, axis == 0 || axis == -1 { return AxisLines(extent: 1, stride: 1, count: 1) }
        if spansTrailingAxes, axis == shape.rank {
            return AxisLines(extent: 1, stride: 1, count: shape.elementCount)
        }
        guard let normalized = shape.normalizedAxis(axis) else { return nil }
        guard spansTrailingAxes else { return AxisLines(shape, axis: normalized) }
        return AxisLines(
            extent: shape.elementCount(in: normalized..<shape.rank),
            stride: 1,
            count: shape.elementCount(in: 0..<normalized)
        )
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let dst = outputs.operand(0), let lines = lines(of: src.shape),
            let type = src.dataType.floatElementType, dst.elementCount > 0
        else { return }
        func run<T: FloatElement>(_: T.Type) {
            let source = src.span(of: T.self)
            var target = dst.mutableSpan(of: T.self)
            var line = [Double](repeating: 0, count: lines.extent)
            for index in 0..<(lines.extent == 0 ? 0 : lines.count) {
                let first = lines.firstElement(of: index)
                for position in line.indices { line[position] = Double(source[first + position * lines.stride]) }
                normalize(&line)
                for position in line.indices { target[first + position * lines.stride] = T(line[position]) }
            }
        }
        src.dataType == .float32 ? run(Float.self) : run(type)
    }

    /// Maximum, difference, exponential, sum and quotient of every element.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        5 * (outputs.first?.shape.elementCount ?? 0)
    }
}
