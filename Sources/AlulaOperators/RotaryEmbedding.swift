// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Rotation of pairs of elements by an angle that depends on their position in the sequence.
///
/// For pair `j` of a head at position `p`: `(a, b) → (cos · a − sin · b, sin · a + cos · b)` with `cos[p, j]`,
/// `sin[p, j]`; the pair is elements `j` and `j + R/2`, or `2j` and `2j + 1` if ``isInterleaved``. Only the first `R`
/// elements of a head are rotated.
///
/// src `[N, H, S, D]`, or `[N, S, H·D]` with ``heads``; float types. Caches `[positions, R/2]` with input 3, positions
/// `[N, S]` (int64), or `[N, S, R/2]` without. dst like src. Source: ONNX RotaryEmbedding, opset 23.
public struct RotaryEmbedding: Operator {
    /// `RotaryEmbedding`.
    public static let name = "RotaryEmbedding"

    /// Whether pairs are neighbouring elements.
    public var isInterleaved: Bool
    /// Elements of a head that are rotated, `R`; 0: all.
    public var rotatedExtent: Int
    /// Heads packed into src's last axis; 0: src has an axis of heads.
    public var heads: Int

    /// A rotation; what is left out takes ONNX's default.
    public init(isInterleaved: Bool = false, rotatedExtent: Int = 0, heads: Int = 0) {
        self.isInterleaved = isInterleaved
        self.rotatedExtent = rotatedExtent
        self.heads = heads
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        isInterleaved = try attributes.bool("interleaved", default: false, for: Self.name)
        rotatedExtent = try attributes.integer("rotary_embedding_dim", default: 0, for: Self.name)
        heads = try attributes.integer("num_heads", default: 0, for: Self.name)
    }

    /// ONNX's names.
    public var attributes: Attributes {
        [
            "interleaved": .integer(isInterleaved ? 1 : 0), "rotary_embedding_dim": .integer(rotatedExtent),
            "num_heads": .integer(heads),
        ]
    }

    /// Sequence length, heads, extent of a head and of its rotated part.
    private func extents(_ src: Shape) throws(OperatorError) -> (length: Int, heads: Int, head: Int, rotated: Int) {
        guard src.rank == 4 || (src.rank == 3 && heads > 0 && src[2] % heads == 0) else {
            let expected = "[N, H, S, D], or [N, S, H·D] with num_heads (\(heads))"
            throw .shapeMismatch(operator: Self.name, input: 0, got: src, expected: expected)
        }
        let head = src.rank == 4 ? src[3] : src[2] / heads
        let rotated = rotatedExtent == 0 ? head : rotatedExtent
        guard (0...head).contains(rotated), rotated % 2 == 0 else {
            let expected = "an even number up to \(head)"
            throw .invalidAttribute(
                operator: Self.name,
                attribute: "rotary_embedding_dim",
                got: "\(rotatedExtent)",
                expected: expected
            )
        }
        return src.rank == 4 ? (src[2], src[1], head, rotated) : (src[1], heads, head, rotated)
    }

    /// src's type.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 3...4)
        try inputs.require(.floats, of: 0)
        let src = try inputs.required(0)
        let (length, _, _, rotated) = try extents(src.shape)
        if inputs[3] != nil {
            try inputs.require([.int64], of: 3)
            try inputs.require(shape: [src.shape[0], length], of: 3)
        }
        let cache = try inputs.required(1).shape
        for index in 1...2 {
            try inputs.requireSameType(0, index)
            let own = try inputs.required(index).shape
            let isFitting =
                inputs[3] == nil
                ? own == [src.shape[0], length, rotated / 2]
                : own.rank == 2 && own[1] == rotated / 2 && own == cache
            guard isFitting else {
                let expected = inputs[3] == nil ? "[\(src.shape[0]), \(length), \(rotated / 2)]" : "[P, \(rotated / 2)]"
                throw .shapeMismatch(operator: Self.name, input: index, got: own, expected: expected)
            }
        }
        return [src.type]
    }

    /// The scalar definition, in double precision and rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let cosines = inputs[1]?.doubles(), let sines = inputs[2]?.doubles(),
            let dst = outputs[0]
        else { return }
        let (length, heads, head, rotated) = try extents(src.shape)
        let positions = inputs.operand(3)?.integers()
        let half = rotated / 2
        let cachedCount = half > 0 ? cosines.count / half : 0
        var values = src.doubles()
        for row in 0..<src.shape[0] * length * heads where head > 0 {
            // Rows are heads: [N, H, S] or, packed, [N, S, H].
            let n = row / (length * heads)
            let s = src.shape.rank == 4 ? row % length : row / heads % length
            let position = positions?[n * length + s] ?? n * length + s
            guard half == 0 || (0..<cachedCount).contains(position) else {
                let expected = "a position of 0..<\(cachedCount)"
                throw .invalidValue(operator: Self.name, input: 3, got: "\(position)", expected: expected)
            }
            for j in 0..<half {
                let first = row * head + (isInterleaved ? 2 * j : j)
                let second = isInterleaved ? first + 1 : first + half
                let (a, b) = (values[first], values[second])
                let (cosine, sine) = (cosines[position * half + j], sines[position * half + j])
                values[first] = cosine * a - sine * b
                values[second] = sine * a + cosine * b
            }
        }
        dst.store(values)
    }

    /// Three an element, if all are rotated.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        saturatingProduct(3, outputs.first?.shape.elementCount ?? 0)
    }
}
