// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators

/// Generates tiles of rows of a depthwise convolution: `value[oh, ow] += weights[kh, kw] · src[ih, iw]`, one vector of
/// channels each.
///
/// Layouts: src `[C/c, H, W, c]`, weights `[C/c, KH, KW, c]`, bias `[C/c, c]`, dst `[C/c, OH, OW, c]`. Weights stay in
/// registers for a whole block where they fit, are loaded for a row of taps where that fits, and are read from memory
/// otherwise.
struct DepthwiseGenerator {
    /// How long weights stay in registers.
    enum WeightResidence: Hashable, Sendable {
        case block
        case tapRow
        case memory
    }

    /// The program for the tiles of rows `rowRun`.
    static func program(
        _ descriptor: DepthwiseDescriptor,
        tile: WindowTile,
        rowRun: WindowTiles.Run,
        target: VectorTarget
    ) -> KernelProgram {
        let kernel = "\(descriptor.rows.kernelExtent)x\(descriptor.columns.kernelExtent)"
        let size = "\(tile.rows)x\(tile.columns)"
        let jit = KernelBuilder(
            name: "f32_depthwise\(kernel)_blocked_\(size)\(descriptor.epilogue.nameSuffix)",
            target: target
        )
        let sweep = WindowSweep(
            jit,
            rows: descriptor.rows,
            columns: descriptor.columns,
            tile: tile,
            rowRun: rowRun
        )
        sweep.generate(DepthwiseBody(descriptor, residence(descriptor, tile, target)))
        return jit.finish()
    }

    /// The longest residence that leaves the tile its registers.
    static func residence(
        _ descriptor: DepthwiseDescriptor,
        _ tile: WindowTile,
        _ target: VectorTarget
    ) -> WeightResidence {
        // One vector for src; two where masks or operands of the instruction set's own sequences take one.
        let free = target.vectorRegisterCount - tile.rows * tile.columns - 2
        if !tile.loopsOverTapRows, descriptor.tapCount <= free { return .block }
        return tapRowCount(descriptor, tile) * descriptor.columns.kernelExtent <= free ? .tapRow : .memory
    }

    /// Rows of taps that lie on one src row.
    static func tapRowCount(_ descriptor: DepthwiseDescriptor, _ tile: WindowTile) -> Int {
        min(tile.rows, (descriptor.rows.reach - 1) / descriptor.rows.stride + 1, descriptor.rows.kernelExtent)
    }
}

/// Multiplies src vectors by weights.
private final class DepthwiseBody: WindowBody {
    private let descriptor: DepthwiseDescriptor
    private let residence: DepthwiseGenerator.WeightResidence
    /// Weights in registers, by tap row and column.
    private var weights: [[FloatVector?]]
    /// Weights in memory: the block's, or those of the tap row in a loop.
    private var weightsAddress: IntegerVariable?

    init(_ descriptor: DepthwiseDescriptor, _ residence: DepthwiseGenerator.WeightResidence) {
        self.descriptor = descriptor
        self.residence = residence
        weights = Array(
            repeating: Array(repeating: nil, count: descriptor.columns.kernelExtent),
            count: descriptor.rows.kernelExtent
        )
    }

    var needsSrcInRegister: Bool { residence == .memory }

    func beginBlock(_ sweep: WindowSweep) {
        guard !sweep.tile.loopsOverTapRows else { return }
        let address = blockWeights(sweep)
        weightsAddress = address
        if residence == .block { load(tapRows: 0..<descriptor.rows.kernelExtent, address, sweep.jit) }
    }

    /// Where the weights of the block at hand begin, in a new register.
    private func blockWeights(_ sweep: WindowSweep) -> IntegerVariable {
        let offset = sweep.jit.integer("weights offset", sweep.channelByteOffset)
        sweep.jit.multiply(offset, by: descriptor.tapCount)
        let address = sweep.argument("weights", \.weights)
        sweep.jit.advance(address, by: offset)
        return address
    }

    private func load(tapRows: some Sequence<Int>, _ address: IntegerVariable, _ jit: KernelBuilder) {
        for tapRow in tapRows {
            for tap in 0..<descriptor.columns.kernelExtent {
                let weight = jit.floats("weights[\(tapRow), \(tap)]")
                jit.load(weight, from: address[place(tapRow, tap, jit)])
                weights[tapRow][tap] = weight
            }
        }
    }

    private func place(_ tapRow: Int, _ tap: Int, _ jit: KernelBuilder) -> Int {
        (tapRow * descriptor.columns.kernelExtent + tap) * jit.vectorByteCount
    }

    func start(_ value: FloatVector, _ sweep: WindowSweep) {
        guard descriptor.hasBias else { return sweep.jit.set(value, to: 0) }
        let bias = sweep.argument("bias", \.bias)
        sweep.jit.load(value, from: bias[sweep.channelByteOffset, scale: 1, 0])
    }

    func beginTapRowLoop(_ sweep: WindowSweep) { weightsAddress = blockWeights(sweep) }

    func advanceTapRow(_ sweep: WindowSweep) {
        guard let weightsAddress else { return }
        sweep.jit.advance(weightsAddress, by: descriptor.columns.kernelExtent * sweep.jit.vectorByteCount)
    }

    func beginSrcRow(tapRows: [Int], _ sweep: WindowSweep) {
        if residence == .tapRow, let weightsAddress { load(tapRows: tapRows, weightsAddress, sweep.jit) }
    }

    func combine(_ value: FloatVector, _ src: any FloatSource, tapRow: Int, tapColumn: Int, _ sweep: WindowSweep) {
        if residence == .memory {
            guard let vector = src as? FloatVector, let weightsAddress else { return }
            sweep.jit.accumulate(value, vector, weightsAddress[place(tapRow, tapColumn, sweep.jit)])
        } else if let weight = weights[tapRow][tapColumn] {
            sweep.jit.accumulate(value, weight, src)
        }
    }

    func finish(_ values: [[FloatVector]], _ columns: WindowTiles.Run, _ sweep: WindowSweep) {
        sweep.store(values, through: descriptor.epilogue)
    }
}
