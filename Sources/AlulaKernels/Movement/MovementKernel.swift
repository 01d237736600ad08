// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT
package import AlulaTensor

/// One move of an operator: which tensors, and what of them.
package struct TensorMove: Sendable {
    /// Where elements come from.
    package enum Source: Sendable {
        case input(Int)
        case constant(Tensor)
    }

    package var source: Source
    /// The index of the output.
    package var output: Int
    package var move: BoxMove

    /// A move to output `output`; nil where it moves nothing.
    package init?(_ source: Source, to output: Int = 0, extents: [Int], dst: BoxSteps, src: BoxSteps) {
        guard !extents.contains(0) else { return nil }
        self.source = source
        self.output = output
        move = BoxMove(extents: extents, dst: dst, src: src)
    }
}

/// Moves of elements, all independent of each other: any operator that computes nothing.
package struct MovementKernel: Kernel {
    private struct Piece: Sendable {
        let source: TensorMove.Source
        let output: Int
        let mover: BoxMover
        let firstPart: Int
    }

    private let pieces: [Piece]
    package let identifier: String
    package let partCount: Int

    /// Compiles all moves.
    ///
    /// - Parameters:
    ///   - elementByteCount: bytes of one element.
    ///   - target: nil moves element by element.
    package init(
        _ moves: [TensorMove],
        elementByteCount: Int,
        target: VectorTarget?,
        cache: CodeCache = .shared
    ) {
        var pieces: [Piece] = []
        var partCount = 0
        for move in moves {
            let mover = BoxMover(move.move, elementByteCount: elementByteCount, target: target, cache: cache)
            pieces.append(Piece(source: move.source, output: move.output, mover: mover, firstPart: partCount))
            partCount += mover.partCount
        }
        self.pieces = pieces
        self.partCount = partCount
        var names: [String] = []
        for piece in pieces where !names.contains(piece.mover.identifier) { names.append(piece.mover.identifier) }
        identifier = names.isEmpty ? "move_nothing" : names.joined(separator: "+")
    }

    package func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        // Pieces are few; the last one that starts at or before the part holds it.
        guard let piece = pieces.last(where: { $0.firstPart <= part }), outputs.indices.contains(piece.output),
            let dst = outputs[piece.output]
        else { return }
        switch piece.source {
        case .constant(let src): piece.mover.run(part: part - piece.firstPart, from: src, to: dst)
        case .input(let index):
            guard let src = inputs[index] else { return }
            piece.mover.run(part: part - piece.firstPart, from: src, to: dst)
        }
    }
}
