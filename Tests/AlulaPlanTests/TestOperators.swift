// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaTensor

/// Small operators that carry the names the planner knows, so that these tests need no other module's operators.
extension OperatorRegistry {
    static let forTests: OperatorRegistry = {
        var registry = OperatorRegistry()
        registry.register(Identity.self)
        registry.register(Relu.self)
        registry.register(TestConcat.self)
        registry.register(TestReshape.self)
        registry.register(TestSum.self)
        registry.register(TestShape.self)
        registry.register(TestPositives.self)
        registry.register(TestResample.self)
        registry.register(TestAttributes.self)
        return registry
    }()
}

/// Concatenation along `axis`.
struct TestConcat: Operator {
    static let name = "Concat"
    var axis: Int
    init(axis: Int) { self.axis = axis }
    init(attributes: Attributes) throws(OperatorError) { axis = try attributes.integer("axis", for: Self.name) }
    var attributes: Attributes { ["axis": .integer(axis)] }

    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 1...1000)
        let axis = try checked.axis(axis, of: 0)
        var extents = try checked.required(0).shape.extents
        extents[axis] = 0
        for index in inputs.indices {
            let shape = try checked.required(index).shape
            guard shape.rank == extents.count else {
                throw .shapeMismatch(operator: Self.name, input: index, got: shape, expected: "rank \(extents.count)")
            }
            extents[axis] += shape[axis]
        }
        return [TensorType(try checked.required(0).dataType, Shape(extents))]
    }

    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let dst = outputs[0] else { return }
        let axis = axis < 0 ? axis + dst.shape.rank : axis
        let outer = dst.shape.elementCount(in: 0..<axis)
        let row = dst.shape.elementCount(in: axis..<dst.shape.rank)
        var target = dst.mutableSpan(of: Float.self)
        var start = 0
        for case let src? in inputs {
            let inner = src.shape.elementCount(in: axis..<src.shape.rank)
            let source = src.span(of: Float.self)
            for index in 0..<outer {
                for element in 0..<inner { target[index * row + start + element] = source[index * inner + element] }
            }
            start += inner
        }
    }
}

/// The first input under the shape the second one holds.
struct TestReshape: Operator {
    static let name = "Reshape"
    init() {}
    init(attributes: Attributes) throws(OperatorError) {}
    var attributes: Attributes { [:] }

    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        let source = try checked.required(0)
        let extents = try checked.integers(1)
        guard let shape = Shape(checking: extents), shape.elementCount == source.shape.elementCount else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: source.shape, expected: "\(extents)")
        }
        return [TensorType(source.dataType, shape)]
    }

    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        dst.copyElements(from: src)
    }
}

/// `dst = Σ mean(src) + 1` spread over the first input's shape: depends on every element of every input.
struct TestSum: Operator {
    static let name = "TestSum"
    init() {}
    init(attributes: Attributes) throws(OperatorError) {}
    var attributes: Attributes { [:] }

    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        [try CheckedInputs(inputs, of: Self.name, count: 1...1000).required(0).type]
    }

    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let first = inputs[0], let dst = outputs[0] else { return }
        var sum: Float = 1
        for case let src? in inputs {
            let source = src.span(of: Float.self)
            for index in 0..<source.count { sum += source[index] / Float(source.count) }
        }
        let source = first.span(of: Float.self)
        var target = dst.mutableSpan(of: Float.self)
        for index in 0..<source.count { target[index] = source[index] * 0.5 + sum }
    }
}

/// The input's extents as int64.
struct TestShape: Operator {
    static let name = "Shape"
    init() {}
    init(attributes: Attributes) throws(OperatorError) {}
    var attributes: Attributes { [:] }

    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        [TensorType(.int64, [try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0).shape.rank])]
    }

    func outputsKnownFromTypes(_ inputs: [OperatorInput?]) throws(OperatorError) -> [Tensor]? {
        let extents = try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0).shape.extents
        return [Tensor(extents.map(Int64.init), shape: [extents.count])]
    }

    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {}
}

/// The positive elements: a shape that only the content tells.
struct TestPositives: Operator {
    static let name = "TestPositives"
    init() {}
    init(attributes: Attributes) throws(OperatorError) {}
    var attributes: Attributes { [:] }

    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let value = try CheckedInputs(inputs, of: Self.name, count: 1...1).value(0)
        return [TensorType(.float32, [value.elements(as: Float.self).count { $0 > 0 }])]
    }

    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        dst.copyElements(from: Tensor(src.elements(as: Float.self).filter { $0 > 0 }, shape: dst.shape))
    }
}

/// Stands for a convolution: changes channels and divides or multiplies the plane. Only its shape rule is used.
struct TestResample: Operator {
    static let name = "TestResample"
    var channels: Int
    var numerator: Int
    var denominator: Int
    init(channels: Int, numerator: Int = 1, denominator: Int = 1) {
        self.channels = channels
        self.numerator = numerator
        self.denominator = denominator
    }
    init(attributes: Attributes) throws(OperatorError) {
        channels = try attributes.integer("channels", for: Self.name)
        numerator = try attributes.integer("numerator", for: Self.name)
        denominator = try attributes.integer("denominator", for: Self.name)
        for value in [channels, numerator, denominator] where !(1...1 << 16).contains(value) {
            throw .invalidAttribute(operator: Self.name, attribute: "any", got: "\(value)", expected: "1...65536")
        }
    }
    var attributes: Attributes {
        ["channels": .integer(channels), "numerator": .integer(numerator), "denominator": .integer(denominator)]
    }

    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let source = try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0)
        guard source.shape.rank == 4, source.shape.extents.allSatisfy({ $0 < 1 << 20 }) else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: source.shape, expected: "rank 4")
        }
        let height = source.shape[2] * numerator / denominator
        let width = source.shape[3] * numerator / denominator
        return [TensorType(source.dataType, [source.shape[0], channels, height, width])]
    }

    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {}
}

/// Keeps any attributes; tests that all kinds survive the file.
struct TestAttributes: Operator {
    static let name = "TestAttributes"
    var attributes: Attributes
    init(_ attributes: Attributes) { self.attributes = attributes }
    init(attributes: Attributes) throws(OperatorError) { self.attributes = attributes }
    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        [try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0).type]
    }
    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        dst.copyElements(from: src)
    }
}
