// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators

/// Generates tiles of rows of a pooling: the maximum or the sum of the src vectors under every window, sums then times the
/// reciprocal of how many there are.
///
/// Layouts: src `[C/c, H, W, c]`, dst `[C/c, OH, OW, c]`.
enum PoolingGenerator {
    /// The program for the tiles of rows `rowRun`.
    static func program(
        _ descriptor: PoolingDescriptor,
        tile: WindowTile,
        rowRun: WindowTiles.Run,
        target: VectorTarget
    ) -> KernelProgram {
        let kernel = "\(descriptor.rows.kernelExtent)x\(descriptor.columns.kernelExtent)"
        let name = descriptor.function == .maximum ? "maxpool" : "averagepool"
        let jit = KernelBuilder(
            name: "f32_\(name)\(kernel)_blocked_\(tile.rows)x\(tile.columns)\(descriptor.epilogue.nameSuffix)",
            target: target
        )
        let sweep = WindowSweep(
            jit,
            rows: descriptor.rows,
            columns: descriptor.columns,
            tile: tile,
            rowRun: rowRun,
            countsCells: descriptor.countsCells
        )
        sweep.generate(PoolingBody(descriptor: descriptor))
        return jit.finish()
    }
}

private struct PoolingBody: WindowBody {
    let descriptor: PoolingDescriptor

    /// The hardware's maximum gives its last operand where one is NaN: that must be the value, never src.
    var needsSrcInRegister: Bool { descriptor.function == .maximum }

    func beginBlock(_ sweep: WindowSweep) {}
    func beginTapRowLoop(_ sweep: WindowSweep) {}
    func advanceTapRow(_ sweep: WindowSweep) {}
    func beginSrcRow(tapRows: [Int], _ sweep: WindowSweep) {}

    func start(_ value: FloatVector, _ sweep: WindowSweep) {
        sweep.jit.set(value, to: descriptor.function == .maximum ? -.infinity : 0)
    }

    func combine(_ value: FloatVector, _ src: any FloatSource, tapRow: Int, tapColumn: Int, _ sweep: WindowSweep) {
        if descriptor.function == .maximum {
            if let vector = src as? FloatVector { sweep.jit.maximum(value, vector, value) }
        } else {
            sweep.jit.add(value, value, src)
        }
    }

    func finish(_ values: [[FloatVector]], _ columns: WindowTiles.Run, _ sweep: WindowSweep) {
        if descriptor.function != .maximum { divide(values, columns, sweep) }
        sweep.store(values, through: descriptor.epilogue)
    }

    private func divide(_ values: [[FloatVector]], _ columns: WindowTiles.Run, _ sweep: WindowSweep) {
        var rowFactor: FloatVector?
        if sweep.tile.loopsOverTapRows {
            let factor = sweep.jit.floats("row factor")
            let place = MemoryLayout<WindowArguments>.offset(of: \.rowFactorBits) ?? .max
            sweep.jit.broadcast(factor, from: sweep.jit.arguments[place])
            rowFactor = factor
        }
        for (row, rowValues) in values.enumerated() {
            let rowCount = rowFactor == nil ? descriptor.elementCount(sweep.rowRun, row) : 1
            for (column, value) in rowValues.enumerated() {
                if let rowFactor { sweep.jit.multiply(value, value, rowFactor) }
                let count = rowCount * descriptor.elementCount(columns, column)
                if count > 1 { sweep.jit.multiply(value, value, 1 / Float(count)) }
            }
        }
    }
}
