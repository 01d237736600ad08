// SPDX-License-Identifier: Apache-2.0

/// Which way a recurrent operator runs through its sequence.
public enum RecurrentDirection: String, Sendable, Hashable, CaseIterable {
    /// From the first step to the last.
    case forward
    /// From the last step to the first.
    case reverse
    /// Both, each with weights of its own.
    case bidirectional

    /// The number of passes.
    var count: Int { self == .bidirectional ? 2 : 1 }
    /// Whether pass `index` starts at the last step.
    func isReversed(_ index: Int) -> Bool { self == .reverse || index == 1 }
}

/// A scalar function of a recurrent operator, by ONNX's name, with its parameters.
public struct RecurrentActivation: Sendable, Hashable {
    /// Names with the defaults of α and β, where the function has them.
    static let parameters: [String: (alpha: Float?, beta: Float?)] = [
        "Relu": (nil, nil), "Tanh": (nil, nil), "Sigmoid": (nil, nil), "Softsign": (nil, nil), "Softplus": (nil, nil),
        "Affine": (1, 0), "LeakyRelu": (0.01, nil), "ThresholdedRelu": (1, nil), "ScaledTanh": (1, 1),
        "HardSigmoid": (0.2, 0.5), "Elu": (1, nil),
    ]

    /// ONNX's name.
    public let name: String
    /// α; 0 where the function has none.
    public let alpha: Float
    /// β; 0 where the function has none.
    public let beta: Float

    /// A function; nil when the name is unknown. Missing parameters take ONNX's defaults.
    public init?(_ name: String, alpha: Float? = nil, beta: Float? = nil) {
        guard let defaults = Self.parameters[name] else { return nil }
        self.name = name
        self.alpha = defaults.alpha == nil ? 0 : alpha ?? defaults.alpha ?? 0
        self.beta = defaults.beta == nil ? 0 : beta ?? defaults.beta ?? 0
    }

    /// The functions of `names`, which take their parameters from the lists in order, each as many as it has.
    ///
    /// Nil when a name is unknown.
    public static func list(_ names: [String], alphas: [Float], betas: [Float]) -> [RecurrentActivation]? {
        var (alphas, betas) = (alphas[...], betas[...])
        var list: [RecurrentActivation] = []
        for name in names {
            guard let defaults = parameters[name] else { return nil }
            let alpha = defaults.alpha == nil ? nil : alphas.popFirst()
            let beta = defaults.beta == nil ? nil : betas.popFirst()
            guard let activation = RecurrentActivation(name, alpha: alpha, beta: beta) else { return nil }
            list.append(activation)
        }
        return list
    }

    /// The function.
    func apply(_ x: Double) -> Double {
        let (alpha, beta) = (Double(alpha), Double(beta))
        switch name {
        case "Relu": return x < 0 ? 0 : x
        case "Tanh": return ElementaryFunctions.tanh(x)
        case "Sigmoid": return ElementaryFunctions.sigmoid(x)
        case "Softsign": return x / (1 + abs(x))
        case "Softplus": return ElementaryFunctions.softplus(x)
        case "Affine": return alpha * x + beta
        case "LeakyRelu": return x < 0 ? alpha * x : x
        case "ThresholdedRelu": return x < alpha ? 0 : x
        case "ScaledTanh": return alpha * ElementaryFunctions.tanh(beta * x)
        case "HardSigmoid": return max(0, min(1, alpha * x + beta))
        default: return x < 0 ? alpha * ElementaryFunctions.expm1(x) : x
        }
    }
}

/// What `RNN`, `GRU` and `LSTM` have in common.
public struct RecurrentParameters: Sendable, Hashable {
    /// Which way the sequence is read.
    public var direction: RecurrentDirection
    /// The functions of one pass after the other.
    public var activations: [RecurrentActivation]
    /// The bound of what enters an activation; none when nil.
    public var clip: Float?
    /// Whether the batch is the first axis of sequences and states, instead of the second.
    public var isBatchFirst: Bool

    /// Parameters.
    public init(
        direction: RecurrentDirection = .forward,
        activations: [RecurrentActivation],
        clip: Float? = nil,
        isBatchFirst: Bool = false
    ) {
        self.direction = direction
        self.activations = activations
        self.clip = clip
        self.isBatchFirst = isBatchFirst
    }

    /// Restores the parameters of an operator that needs `count` functions a pass.
    init(attributes: Attributes, activationCount count: Int, of op: String) throws(OperatorError) {
        let name = try attributes.string("direction", for: op)
        guard let direction = RecurrentDirection(rawValue: name) else {
            throw .invalidAttribute(
                operator: op,
                attribute: "direction",
                got: name,
                expected: "forward, reverse or bidirectional"
            )
        }
        self.direction = direction
        var names: [String] = []
        if case .strings(let value)? = attributes["activations"] { names = value }
        // Absent, or one a function.
        let alphas = try attributes.floatsIfPresent("alphas", for: op)?.map(Optional.some)
        let betas = try attributes.floatsIfPresent("betas", for: op)?.map(Optional.some)
        let defaults = [Float?](repeating: nil, count: names.count)
        activations = zip(names, zip(alphas ?? defaults, betas ?? defaults)).compactMap { name, parameters in
            RecurrentActivation(name, alpha: parameters.0, beta: parameters.1)
        }
        guard activations.count == names.count, names.count == count * direction.count else {
            throw .invalidAttribute(
                operator: op,
                attribute: "activations",
                got: "\(names)",
                expected: "\(count * direction.count) functions of \(RecurrentActivation.parameters.keys.sorted())"
            )
        }
        if attributes["clip"] != nil { clip = try attributes.float("clip", for: op) }
        isBatchFirst = try attributes.bool("isBatchFirst", for: op)
    }

    /// The parameters by name.
    var attributes: Attributes {
        var attributes: Attributes = [
            "direction": .string(direction.rawValue),
            "activations": .strings(activations.map(\.name)),
            "alphas": .floats(activations.map(\.alpha)),
            "betas": .floats(activations.map(\.beta)),
            "isBatchFirst": .integer(isBatchFirst ? 1 : 0),
        ]
        attributes["clip"] = clip.map(AttributeValue.float)
        return attributes
    }
}
