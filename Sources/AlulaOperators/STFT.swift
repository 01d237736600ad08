// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// `dst[b, f, k] = Σ window[n]·src[b, f·step + n]·e^(-2πi·kn/N)`: the spectra of frames of N samples.
///
/// src: floating point `[B, L, 1]` (real) or `[B, L, 2]` (complex); step: an integer scalar; window: optional, `[N]`; N: an
/// optional integer scalar, the window's extent or L if omitted; dst: `[B, (L - N)/step + 1, K, 2]` with K = N, or
/// `N/2 + 1` if one-sided. Source: ONNX STFT, opset 17.
public struct STFT: Operator {
    /// `STFT`.
    public static let name = "STFT"

    /// Whether only half of the symmetric spectrum of a real signal is given.
    public var isOneSided: Bool

    /// The operator with ONNX's default parameters unless given.
    public init(isOneSided: Bool = true) { self.isOneSided = isOneSided }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        isOneSided = try attributes.bool("isOneSided", for: Self.name)
    }

    /// `isOneSided`.
    public var attributes: Attributes { ["isOneSided": .integer(isOneSided ? 1 : 0)] }

    /// One spectrum a frame.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...4)
        try inputs.require(.floats, of: 0)
        try inputs.require(rank: 3...3, of: 0)
        let src = try inputs.required(0).type
        let step = try inputs.integers(1).first ?? 0
        let length = try inputs[3] == nil ? nil : inputs.integers(3).first
        let frame = length ?? inputs[2]?.shape.first ?? src.shape[1]
        guard (1...2).contains(src.shape[2]), !isOneSided || src.shape[2] == 1 else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 0,
                got: src.shape,
                expected: "a last extent of 1\(isOneSided ? "" : " or 2")"
            )
        }
        guard step > 0 else {
            throw .invalidValue(operator: Self.name, input: 1, got: "step \(step)", expected: "1 or more")
        }
        guard frame > 0, frame <= src.shape[1] else {
            throw .invalidValue(
                operator: Self.name,
                input: 3,
                got: "frames of \(frame)",
                expected: "1 to \(src.shape[1]), the extent of the signal"
            )
        }
        if let window = inputs[2] {
            try inputs.requireSameType(0, 2)
            guard window.shape == [frame] else {
                throw .shapeMismatch(operator: Self.name, input: 2, got: window.shape, expected: "[\(frame)]")
            }
        }
        let extents = [src.shape[0], (src.shape[1] - frame) / step + 1, isOneSided ? frame / 2 + 1 : frame, 2]
        guard let shape = Shape(checking: extents) else {
            throw .invalidValue(operator: Self.name, input: 3, got: "\(extents)", expected: "spectra that fit memory")
        }
        return [TensorType(src.dataType, shape)]
    }

    /// The scalar definition.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs.operand(0), let step = inputs.operand(1)?.integers()?.first,
            let dst = outputs.operand(0), dst.elementCount > 0, let type = dst.dataType.floatElementType
        else { return }
        let length = inputs.operand(3)?.integers()?.first ?? inputs.operand(2)?.elementCount ?? src.shape[1]
        let window = inputs.operand(2)?.doubles() ?? [Double](repeating: 1, count: length)
        let transform = FourierTransform(length: length, isInverse: false)
        let components = src.shape[2]
        let samples = src.doubles()
        var results: [Double] = []
        results.reserveCapacity(dst.elementCount)
        for signal in 0..<dst.shape[0] {
            for frame in 0..<dst.shape[1] {
                let first = (signal * src.shape[1] + frame * step) * components
                let real = window.indices.map { window[$0] * samples[first + $0 * components] }
                let imaginary = window.indices.map {
                    components == 2 ? window[$0] * samples[first + $0 * components + 1] : 0
                }
                for frequency in 0..<dst.shape[2] {
                    let value = transform.element(frequency, real: real, imaginary: imaginary)
                    results += [value.real, value.imaginary]
                }
            }
        }
        func run<T: FloatElement>(_: T.Type) { write(results, to: dst) { T($0) } }
        run(type)
    }

    /// A complex product and sum for every sample of a frame and every frequency.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard let dst = outputs.first?.shape, dst.rank == 4 else { return 0 }
        return 4 * dst.elementCount * (isOneSided ? 2 * (dst[2] - 1) : dst[2])
    }
}
