// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// Finds the tiles of a direct convolution that have something to sum: those with any src element under them that is not zero.
struct OccupiedTiles: Sendable {
    private let descriptor: DirectConvolutionDescriptor
    private let schedule: DirectConvolutionSchedule
    private let kernel: ExecutableKernel
    /// By tile of a row: the src columns under it.
    private let columns: [Range<Int>]

    init(
        _ schedule: DirectConvolutionSchedule,
        target: VectorTarget?,
        cache: CodeCache
    ) throws(JITError) {
        let descriptor = schedule.descriptor
        let lanes = schedule.lanes
        let isBlocked = descriptor.srcLayout == .blocked
        let plane = descriptor.rows.srcExtent * descriptor.columns.srcExtent * 4
        let configuration = OccupancyGenerator.Configuration(
            srcLayout: descriptor.srcLayout,
            planeCount: isBlocked ? descriptor.srcBlockCount(lanes: lanes) : descriptor.srcChannels,
            planeByteCount: isBlocked ? plane * lanes : plane,
            columnCount: descriptor.columns.srcExtent
        )
        kernel = try cache.kernel(for: configuration, target: target) { target in
            OccupancyGenerator.program(configuration, target: target)
        }
        self.descriptor = descriptor
        self.schedule = schedule
        columns = stride(from: 0, to: descriptor.columns.dstExtent, by: schedule.tile.width).map { first in
            let last = min(first + schedule.tile.width, descriptor.columns.dstExtent) - 1
            return descriptor.columns.srcRange(under: first...last)
        }
    }

    /// Tiles in a row.
    var tileCount: Int { columns.count }

    /// For the rows of part `part` of the src at an address, by row and tile: 1 where there is something, else 0.
    func flags(ofPart part: Int, src: Int) -> Tensor {
        let (image, rows) = schedule.imageAndRows(ofPart: part)
        let srcRows = descriptor.rows.srcRange(under: rows.lowerBound...(rows.upperBound - 1))
        let occupancy = occupancy(image: image, srcRows, src)
        let result = Tensor(zeros: .int64, shape: [rows.count, tileCount])
        var flags = result.mutableSpan(of: Int64.self)
        let values = occupancy.span(of: Float.self)
        let width = descriptor.columns.srcExtent
        for row in rows {
            for srcRow in descriptor.rows.srcRange(under: row...row) {
                let start = (srcRow - srcRows.lowerBound) * width
                for (tile, columns) in columns.enumerated() {
                    for column in columns where values[start + column] != 0 {
                        flags[(row - rows.lowerBound) * tileCount + tile] = 1
                        break
                    }
                }
            }
        }
        return result
    }

    private func occupancy(image: Int, _ rows: Range<Int>, _ src: Int) -> Tensor {
        let width = descriptor.columns.srcExtent
        let result = Tensor(zeros: .float32, shape: [rows.count, width])
        for row in rows {
            let arguments = OccupancyArguments(
                src: src + schedule.srcByteOffset(image: image, row: row),
                dst: Int(bitPattern: result.address) + (row - rows.lowerBound) * width * 4
            )
            kernel(arguments)
        }
        return result
    }
}

extension WindowAxis {
    /// From the first to the last src element under the windows `windows`, those between taps included.
    fileprivate func srcRange(under windows: ClosedRange<Int>) -> Range<Int> {
        let first = windows.lowerBound * stride - padBegin
        let end = windows.upperBound * stride - padBegin + reach
        return max(0, min(first, srcExtent))..<max(0, min(end, srcExtent))
    }
}
