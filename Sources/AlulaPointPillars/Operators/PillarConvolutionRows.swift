// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Computes output rows of ``PillarConvolution`` tap by tap, each tap for all pillars it meets at once.
struct PillarConvolutionRows {
    private let problem: PillarConvolutionProblem
    private let product: GatheredProduct
    /// `[touched columns, O]`: the pixels of one output row that meet a pillar, in the order they were met.
    private let sums: Tensor
    /// Pillars that the tap in hand meets, and the pixels they are met at.
    private let sources: Tensor
    private let targets: Tensor
    /// For every output column its pixel; negative where it met nothing.
    private var pixels: [Int32]
    /// The column of every pixel.
    private var columns: [Int32] = []
    /// Columns of the input row in hand that hold a pillar, with the pillar.
    private var occupied: [(column: Int32, pillar: Int32)] = []

    init(_ problem: PillarConvolutionProblem) {
        self.problem = problem
        let columnCount = problem.outputColumns
        product = GatheredProduct(depth: problem.depth, width: problem.width, capacity: columnCount)
        sums = Tensor(uninitialized: .float32, shape: [columnCount, problem.width])
        sources = Tensor(zeros: .int32, shape: [columnCount])
        targets = Tensor(zeros: .int32, shape: [columnCount])
        pixels = Array(repeating: -1, count: columnCount)
        columns.reserveCapacity(columnCount)
    }

    /// One output row.
    mutating func compute(_ row: Int) {
        for column in columns { pixels[Int(column)] = -1 }
        columns.removeAll(keepingCapacity: true)
        for y in 0..<problem.kernelRows {
            let source = problem.input(row, tap: y)
            guard (0..<problem.inputRows).contains(source) else { continue }
            find(source)
            for x in 0..<problem.kernelColumns { add(tap: y * problem.kernelColumns + x, x: x) }
        }
        write(row)
    }

    /// Lists the pillars of an input row.
    private mutating func find(_ inputRow: Int) {
        let (grid, columnCount) = (problem.grid, problem.inputColumns)
        let line = grid.span(of: Int32.self).extracting(inputRow * columnCount..<(inputRow + 1) * columnCount)
        let pillarLimit = Int32(problem.features.shape[0])
        occupied.removeAll(keepingCapacity: true)
        for column in 0..<columnCount where line[column] >= 0 && line[column] < pillarLimit {
            occupied.append((Int32(column), line[column]))
        }
    }

    private mutating func add(tap: Int, x: Int) {
        // Copies of the references: a span of a stored tensor would hold on to all of `self`.
        let (problem, sums, sources, targets) = (problem, sums, sources, targets)
        var from = sources.mutableSpan(of: Int32.self)
        var to = targets.mutableSpan(of: Int32.self)
        let (stride, shift, columnCount) = (problem.operation.stride, x - problem.operation.pad, problem.outputColumns)
        var count = 0
        for (source, pillar) in occupied {
            let place = Int(source) - shift
            guard place >= 0, place % stride == 0, place / stride < columnCount else { continue }
            let column = place / stride
            if pixels[column] < 0 { start(column) }
            from[count] = pillar
            to[count] = pixels[column]
            count += 1
        }
        guard count > 0 else { return }
        var elements = sums.mutableSpan(of: Float.self)
        product.add(
            problem.features.span(of: Float.self),
            sources.span(of: Int32.self),
            count: count,
            weights: problem.weights,
            matrix: tap,
            to: &elements,
            targets.span(of: Int32.self)
        )
    }

    /// Gives a column a pixel, which begins as the bias.
    private mutating func start(_ column: Int) {
        let (width, values, sums) = (problem.width, problem.bias, sums)
        let bias = values.span(of: Float.self).extracting(0..<width)
        var elements = sums.mutableSpan(of: Float.self)
        let first = columns.count * width
        var pixel = elements._mutatingExtracting(first..<first + width)
        for channel in 0..<width { pixel[channel] = bias[channel] }
        pixels[column] = Int32(columns.count)
        columns.append(Int32(column))
    }

    /// Applies the ReLU and turns pixels into channels; columns that met no pillar hold the bias.
    private mutating func write(_ row: Int) {
        let (width, columnCount, rowCount) = (problem.width, problem.outputColumns, problem.outputRows)
        let (offsets, rows, dst) = (problem.bias, sums, problem.dst)
        let bias = offsets.span(of: Float.self)
        let values = rows.span(of: Float.self)
        let lowest: Float = problem.operation.isRectified ? 0 : -.infinity
        let pixelCount = columns.count
        var elements = dst.mutableSpan(of: Float.self)
        let places = columns.span
        for channel in 0..<width {
            let start = (channel * rowCount + row) * columnCount
            var line = elements._mutatingExtracting(start..<start + columnCount)
            line.update(repeating: max(bias[channel], lowest))
            guard pixelCount > 0 else { continue }
            let column = values.extracting(channel..<(pixelCount - 1) * width + channel + 1)
            var index = 0
            for pixel in 0..<pixelCount {
                let value = column[index]
                line[Int(places[pixel])] = value < lowest ? lowest : value
                index &+= width
            }
        }
    }
}
