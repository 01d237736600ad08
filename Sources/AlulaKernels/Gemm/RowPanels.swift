// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaSystem
package import AlulaTensor

/// Products of rows with small unpacked matrices by generated code, a panel of columns at a time.
///
/// src `[rows, depth]`, weights `[depth, width]`, dst `[rows, width]`, all float32 and row-major.
package struct RowPanels: Sendable {
    private let depth: Int
    private let width: Int
    private let panels: [Panel]

    /// Some columns, with the code for tiles of rows and for single rows.
    private struct Panel: Sendable {
        var column: Int
        var tile: ExecutableKernel
        var single: ExecutableKernel
    }

    /// Rows of dst in registers at once: with four vectors of columns in 32 registers, or two in 16, three quarters of them.
    private static let tileRowCount = 6

    /// Generates code, or finds it; nil where code cannot be generated.
    package init?(depth: Int, width: Int) {
        guard let target = CodeCache.shared.target else { return nil }
        self.depth = depth
        self.width = width
        let vectorCount = (width + target.lanes - 1) / target.lanes
        let panelVectorCount = target.vectorRegisterCount >= 32 ? 4 : 2
        var panels: [Panel] = []
        for first in stride(from: 0, to: vectorCount, by: panelVectorCount) {
            let vectors = min(panelVectorCount, vectorCount - first)
            let isLast = first + vectors == vectorCount
            func code(rows: Int) -> ExecutableKernel? {
                let descriptor = GemmTileDescriptor(
                    tile: GemmTile(rows: rows, vectors: vectors),
                    lastLanes: isLast && width % target.lanes != 0 ? width % target.lanes : nil,
                    srcRowByteCount: depth * 4,
                    weightsTermByteCount: width * 4,
                    areWeightsPadded: false,
                    dstRowByteCount: width * 4
                )
                return try? CodeCache.shared.kernel(for: descriptor, target: target) { target in
                    GemmF32Generator.program(descriptor, target: target)
                }
            }
            guard let tile = code(rows: Self.tileRowCount), let single = code(rows: 1) else { return nil }
            panels.append(Panel(column: first * target.lanes, tile: tile, single: single))
        }
        self.panels = panels
    }

    /// `dst[row + i, :] = src[i, :] · weights[matrix]` for the rows `i` below `rowCount`, or adds that to what dst holds.
    ///
    /// - Precondition: all rows and the matrix are inside their tensors; the caller checks.
    package func run(
        _ src: Tensor,
        rowCount: Int,
        weights: Tensor,
        matrix: Int,
        into dst: Tensor,
        row: Int,
        adds: Bool
    ) {
        var arguments = GemmArguments()
        arguments.roundCount = depth / GemmTileDescriptor.termUnroll
        arguments.leftTermCount = depth % GemmTileDescriptor.termUnroll
        arguments.continuesSum = adds ? 1 : 0
        let tiledRowCount = rowCount - rowCount % Self.tileRowCount
        for panel in panels {
            arguments.weights = Int(bitPattern: weights.address) + (matrix * depth * width + panel.column) * 4
            arguments.nextWeights = arguments.weights
            arguments.src = Int(bitPattern: src.address)
            arguments.dst = Int(bitPattern: dst.address) + (row * width + panel.column) * 4
            if tiledRowCount > 0 {
                arguments.tileCount = tiledRowCount / Self.tileRowCount
                panel.tile(arguments)
            }
            if tiledRowCount < rowCount {
                arguments.src += tiledRowCount * depth * 4
                arguments.dst += tiledRowCount * width * 4
                arguments.tileCount = rowCount - tiledRowCount
                panel.single(arguments)
            }
        }
        withExtendedLifetime((src, weights, dst)) {}
    }
}
