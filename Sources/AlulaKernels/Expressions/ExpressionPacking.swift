// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// An operand of an expression over blocked tensors that is made once, when the kernel is prepared.
enum ExpressionPacking: Hashable, Sendable {
    /// A constant of shape `aligned`, planar, in blocked layout; zero behind the last channel.
    case blocked(input: Int, aligned: Shape, lanes: Int)
    /// 1 for lanes that hold a channel, 0 for those behind the last.
    case laneMask(channels: Int, lanes: Int)

    /// The operand.
    func tensor(_ constants: [Tensor?], _ packed: PackedConstants) -> Tensor {
        switch self {
        case .blocked(let input, let aligned, let lanes):
            guard constants.indices.contains(input), let constant = constants[input] else {
                preconditionFailure("input \(input) is no constant, the tactic supposed one")
            }
            return packed.tensor(constant, as: self) { Self.block($0, aligned, lanes) }
        case .laneMask(let channels, let lanes):
            let count = (channels + lanes - 1) / lanes * lanes
            return Tensor((0..<count).map { Int32($0 < channels ? 1 : 0) }, shape: [count])
        }
    }

    private static func block(_ constant: Tensor, _ aligned: Shape, _ lanes: Int) -> Tensor {
        let stored = TensorLayout.blocked(lanes: lanes).storedShape(aligned)
        let packed = Tensor(zeros: .float32, shape: stored)
        let source = constant.span(of: Float.self)
        var target = packed.mutableSpan(of: Float.self)
        let (channels, positions) = (aligned[1], aligned.elementCount(in: 2..<aligned.rank))
        let imageLength = stored.elementCount(in: 1..<stored.rank)
        for image in 0..<aligned[0] {
            for channel in 0..<channels {
                let first = image * imageLength + channel / lanes * positions * lanes + channel % lanes
                for position in 0..<positions {
                    target[first + position * lanes] = source[(image * channels + channel) * positions + position]
                }
            }
        }
        return packed
    }
}
