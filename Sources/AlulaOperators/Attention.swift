// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Scaled dot-product attention of any number of heads.
///
/// Per image and head: `scores = softcap(query · keyᵀ · scale) + mask`, `dst = softmax(scores) · value`, the softmax over
/// the keys. `scale` is `1 / √D` if not given; `softcap(x) = c · tanh(x / c)` if ``softcap`` is not 0. A query that may
/// attend to no key gives zeros.
///
/// query `[N, H, S, D]`, key `[N, HK, T, D]`, value `[N, HK, T, DV]`, or each with its heads packed into the last axis:
/// `[N, S, H·D]` and so on, when ``queryHeads`` and ``keyHeads`` say how many; `HK` divides `H`, and each key head serves
/// `H / HK` consecutive query heads. Optional inputs: 3, a mask that broadcasts to `[N, H, S, P + T]` of bool (true:
/// attend) or src's type (added), which may be shorter along the keys; 4 and 5, past keys `[N, HK, P, D]` and values,
/// which come before the present ones. Float types. Outputs: dst like query with `DV` for `D`; all keys, all values;
/// scores `[N, H, S, P + T]` at the stage ``scoreStage`` names. Source: ONNX Attention, opset 23.
public struct Attention: Operator {
    /// `Attention`.
    public static let name = "Attention"

    /// What output 3 holds. Raw values are ONNX's.
    public enum ScoreStage: Int, Sendable, Hashable, CaseIterable {
        /// The scaled products.
        case products = 0
        /// After the soft cap.
        case capped = 1
        /// After the mask.
        case masked = 2
        /// After the softmax.
        case weights = 3
    }

    /// Whether query `s` attends to keys up to `P + s` only.
    public var isCausal: Bool
    /// Heads packed into query's last axis; nil: query has an axis of heads.
    public var queryHeads: Int?
    /// Heads packed into key's and value's last axes; nil: they have an axis of heads.
    public var keyHeads: Int?
    /// Factor of the products; nil: `1 / √D`.
    public var scale: Float?
    /// The bound of the scores; 0: none.
    public var softcap: Float
    /// What output 3 holds.
    public var scoreStage: ScoreStage

    /// An attention; what is left out takes ONNX's default.
    public init(
        isCausal: Bool = false,
        queryHeads: Int? = nil,
        keyHeads: Int? = nil,
        scale: Float? = nil,
        softcap: Float = 0,
        scoreStage: ScoreStage = .products
    ) {
        self.isCausal = isCausal
        self.queryHeads = queryHeads
        self.keyHeads = keyHeads
        self.scale = scale
        self.softcap = softcap
        self.scoreStage = scoreStage
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        let op = Self.name
        isCausal = try attributes.bool("is_causal", default: false, for: op)
        queryHeads = attributes["q_num_heads"] == nil ? nil : try attributes.integer("q_num_heads", for: op)
        keyHeads = attributes["kv_num_heads"] == nil ? nil : try attributes.integer("kv_num_heads", for: op)
        scale = attributes["scale"] == nil ? nil : try attributes.float("scale", for: op)
        softcap = try attributes.float("softcap", default: 0, for: op)
        let stage = try attributes.integer("qk_matmul_output_mode", default: 0, for: op)
        guard let scoreStage = ScoreStage(rawValue: stage) else {
            throw .invalidAttribute(
                operator: op,
                attribute: "qk_matmul_output_mode",
                got: "\(stage)",
                expected: "0 to 3"
            )
        }
        self.scoreStage = scoreStage
    }

    /// ONNX's names.
    public var attributes: Attributes {
        var attributes: Attributes = [
            "is_causal": .integer(isCausal ? 1 : 0), "softcap": .float(softcap),
            "qk_matmul_output_mode": .integer(scoreStage.rawValue),
        ]
        if let queryHeads { attributes["q_num_heads"] = .integer(queryHeads) }
        if let keyHeads { attributes["kv_num_heads"] = .integer(keyHeads) }
        if let scale { attributes["scale"] = .float(scale) }
        return attributes
    }

    /// dst, all keys, all values, and scores.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 3...6)
        try inputs.require(.floats, of: 0)
        let type = try inputs.required(0).dataType
        for index in [1, 2, 4, 5] where inputs[index] != nil { try inputs.requireSameType(0, index) }
        if let mask = inputs[3], mask.dataType != .bool { try inputs.requireSameType(0, 3) }
        let problem = try AttentionProblem(self, (0...5).map { inputs[$0]?.shape })
        return try problem.outputShapes.map { extents throws(OperatorError) in
            TensorType(type, try inputs.outputShape(extents))
        }
    }

    /// Two for every term of both products, and five a score for scale, mask and softmax.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard let problem = try? AttentionProblem(self, inputs.map { $0?.shape }) else { return 0 }
        let scores = saturatingProduct(problem.batch, problem.heads, problem.queryCount, problem.keyCount)
        return saturatingProduct(scores, 2 * problem.extent + 2 * problem.valueExtent + 5)
    }
}
