// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// Discrete Fourier transforms of one length: `Y[k] = Σ x[n]·e^(∓2πi·kn/N)`, term by term.
struct FourierTransform {
    /// N.
    let length: Int
    /// `cos(2πj/N)` and `sin(2πj/N)`.
    private let cosines: [Double]
    private let sines: [Double]
    /// -1 forward, 1 inverse.
    private let sign: Double

    init(length: Int, isInverse: Bool) {
        self.length = length
        sign = isInverse ? 1 : -1
        let angles = (0..<length).map { 2 * Double.pi * Double($0) / Double(length) }
        cosines = angles.map { ElementaryFunctions.cos($0) }
        sines = angles.map { ElementaryFunctions.sin($0) }
    }

    /// Element `frequency` of the transform, not scaled.
    func element(_ frequency: Int, real: [Double], imaginary: [Double]) -> (real: Double, imaginary: Double) {
        var sum = (real: 0.0, imaginary: 0.0)
        var angle = 0
        for index in real.indices {
            let (cosine, sine) = (cosines[angle], sign * sines[angle])
            sum.real += real[index] * cosine - imaginary[index] * sine
            sum.imaginary += real[index] * sine + imaginary[index] * cosine
            angle += frequency
            if angle >= length { angle -= length }
        }
        return sum
    }
}
