// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// Finds out which parameters an operator takes by asking it: refusals name the parameter they are about.
struct OperatorProbe {
    private let name: String
    /// The fewest parameters found that the operator accepts.
    let base: Attributes

    /// Values to try for a parameter, of every kind, usual ones first.
    static let candidates: [AttributeValue] =
        [0, 1, 2, -1, 3, 7, 10, 64, -3, 1 << 31, .min, .max].map { .integer($0) }
        + [0, 1, 0.5, -2, .nan, .infinity, 1e-30].map { .float($0) }
        + ["", "none", "constant", "linear", "NOTSET", "sum", "i,j->j", "round_prefer_floor", "forward", "nothing"].map
    {
        .string($0)
    }
        + [[], [1], [1, 1], [0, 0, 0, 0], [2, 3], [1, 0], [0], [-1], [.min, .max], [1, 1, 1]].map { .integers($0) }
        + [[], [1], [0.5, 2], [.nan]].map { .floats($0) } + [[], ["x"], ["Relu"]].map { .strings($0) }
        + [["Sigmoid", "Tanh"], ["Sigmoid", "Tanh", "Tanh"]].map { .strings($0) }
        + [[]].map { .operators($0) }

    /// Parameters that operators leave out of their description when they are not set.
    private static let optionalNames = [
        "axes", "axis", "dtype", "end", "start", "perm", "k", "pads", "strides", "dilations", "kernel_shape", "min",
        "max",
        "to", "mode", "alpha", "beta", "gamma", "epsilon", "output_shape", "output_padding", "group", "scales", "sizes",
        "reduction", "direction", "num_groups", "block_size", "blocksize", "equation", "auto_pad", "ceil_mode",
        "ignoredClass", "cubic_coeff_a", "antialias", "sampling_ratio", "storage_order", "count_include_pad",
    ]

    /// Probes the operator registered as `name`.
    init(_ name: String) {
        self.name = name
        var attributes = Attributes()
        var tried: [String: Int] = [:]
        for _ in 0..<1000 {
            do {
                _ = try OperatorRegistry.standard.makeOperator(OperatorDescription(name: name, attributes: attributes))
                break
            } catch {
                guard case .invalidAttribute(_, let attribute, _, _) = error,
                    tried[attribute, default: 0] < Self.candidates.count
                else { break }
                attributes[attribute] = Self.candidates[tried[attribute, default: 0]]
                tried[attribute, default: 0] += 1
            }
        }
        base = attributes
    }

    /// The operator with `attributes`, and with what else it needs.
    func description(_ attributes: Attributes) -> OperatorDescription {
        var merged = base
        for name in attributes.sortedNames { merged[name] = attributes[name] }
        return OperatorDescription(name: name, attributes: merged)
    }

    /// The kind of a value, for comparison.
    static func kind(of value: AttributeValue) -> String {
        switch value {
        case .integer: "integer"
        case .float: "float"
        case .string: "string"
        case .integers: "integers"
        case .floats: "floats"
        case .strings: "strings"
        case .operators: "operators"
        }
    }

    private func make(_ attributes: Attributes) -> (any Operator)? {
        try? OperatorRegistry.standard.makeOperator(OperatorDescription(name: name, attributes: attributes))
    }

    /// The kinds each parameter takes; parameters the operator does not read are left out.
    func acceptedKinds() -> [String: Set<String>] {
        guard let base = make(base) else { return [:] }
        var kinds: [String: Set<String>] = [:]
        for attribute in Set(base.attributes.sortedNames + Self.optionalNames + self.base.sortedNames) {
            for value in Self.candidates {
                var attributes = self.base
                attributes[attribute] = value
                guard let got = make(attributes)?.attributes[attribute] else { continue }
                if Self.kind(of: got) == Self.kind(of: value) {
                    kinds[attribute, default: []].insert(Self.kind(of: value))
                }
            }
        }
        return kinds
    }

    /// Operators with random parameters, the first one with the fewest.
    func variants(using random: inout ProblemGenerator, count: Int) -> [any Operator] {
        guard let first = make(base) else { return [] }
        var variants = [first]
        let kinds = acceptedKinds().sorted { $0.key < $1.key }
        for _ in 0..<count {
            var attributes = base
            for (attribute, kinds) in kinds where random.integer(in: 0...2) == 0 {
                let fitting = Self.candidates.filter { kinds.contains(Self.kind(of: $0)) }
                attributes[attribute] = fitting.randomElement(using: &random)
            }
            if let variant = make(attributes) { variants.append(variant) }
        }
        return variants
    }
}

extension ProblemGenerator {
    private static let hostileNumbers = [0, 1, -1, 2, 3, -2, 5, 1 << 31, 1 << 40, -(1 << 62), Int.min, Int.max]

    /// Up to seven inputs, related often enough to pass the first checks and hostile often enough to test the rest.
    mutating func hostileInputs() -> [OperatorInput?] {
        let shape = hostileShape()
        let type: DataType = integer(in: 0...1) == 0 ? .float32 : DataType.allCases[integer(in: 0...11)]
        return (0..<integer(in: 0...integer(in: 1...7))).map { position in
            switch integer(in: 0...11) {
            case 0...4: hostileInput(TensorType(type, shape))
            case 5: position == 0 ? hostileInput(TensorType(type, shape)) : nil
            case 6: hostileInput(TensorType(type, hostileShape()))
            case 7, 8: hostileInput(TensorType(.int64, [[1, 2, shape.rank, 2 * shape.rank, 0][integer(in: 0...4)]]))
            case 9: hostileInput(TensorType(integer(in: 0...1) == 0 ? type : .int64, .scalar))
            case 10: hostileInput(TensorType(type, [shape.rank > 1 ? shape[1] : 1]))
            default: hostileInput(TensorType(DataType.allCases[integer(in: 0...11)], hostileShape()))
            }
        }
    }

    private mutating func hostileShape() -> Shape {
        let extents = (0..<integer(in: 0...5)).map { _ in
            integer(in: 0...20) == 0 ? [0, 1 << 20, 1 << 33, 1 << 47][integer(in: 0...3)] : integer(in: 1...3)
        }
        return Shape(checking: extents) ?? [2, 2]
    }

    private mutating func hostileInput(_ type: TensorType) -> OperatorInput {
        guard type.shape.elementCount <= 256, integer(in: 0...5) != 0 else { return OperatorInput(type) }
        return OperatorInput(hostileContent(type))
    }

    /// A tensor of small numbers, of hostile ones, or of special floating-point values.
    mutating func hostileContent(_ type: TensorType) -> Tensor {
        let isTame = integer(in: 0...1) == 0
        let numbers = (0..<type.shape.elementCount).map { _ in
            isTame ? integer(in: -1...3) : Self.hostileNumbers[integer(in: 0...11)]
        }
        func make<T: NumericElement>(_: T.Type) -> Tensor {
            Tensor(numbers.map { T(converting: Int64($0)) }, shape: type.shape)
        }
        if type.dataType.isFloatingPoint, !isTame, integer(in: 0...1) == 0 { return hostileFloats(type) }
        let tensor = type.dataType.numericElementType.map { make($0) }
        return tensor ?? Tensor(numbers.map { $0 % 2 != 0 }, shape: type.shape)
    }

    private mutating func hostileFloats(_ type: TensorType) -> Tensor {
        let specials: [Double] = [.nan, .infinity, -.infinity, -0.0, 0.5, 1e30, -1e30, 1e-40]
        let numbers = (0..<type.shape.elementCount).map { _ in specials[integer(in: 0...7)] }
        func make<T: FloatElement>(_: T.Type) -> Tensor { Tensor(numbers.map { T(converting: $0) }, shape: type.shape) }
        return type.dataType.floatElementType.map { make($0) } ?? Tensor(zeros: type.dataType, shape: type.shape)
    }
}
