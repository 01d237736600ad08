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
    private var columns: [Int] = []

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
        for column in columns { pixels[column] = -1 }
        columns.removeAll(keepingCapacity: true)
        for y in 0..<problem.kernelRows {
            let source = problem.input(row, tap: y)
            guard (0..<problem.inputRows).contains(source) else { continue }
            for x in 0..<problem.kernelColumns { add(inputRow: source, tap: y * problem.kernelColumns + x, x: x) }
        }
        write(row)
    }

    private mutating func add(inputRow: Int, tap: Int, x: Int) {
        // Copies of the references: a span of a stored tensor would hold on to all of `self`.
        let (problem, sums, sources, targets) = (problem, sums, sources, targets)
        let line = problem.grid.span(of: Int32.self)
            .extracting(inputRow * problem.inputColumns..<(inputRow + 1) * problem.inputColumns)
        var from = sources.mutableSpan(of: Int32.self)
        var to = targets.mutableSpan(of: Int32.self)
        let pillarLimit = Int32(problem.features.shape[0])
        let (stride, shift) = (problem.operation.stride, x - problem.operation.pad)
        var count = 0
        for column in 0..<problem.outputColumns {
            let source = column * stride + shift
            guard source >= 0, source < line.count else { continue }
            let pillar = line[source]
            guard pillar >= 0, pillar < pillarLimit else { continue }
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
        let bias = values.span(of: Float.self)
        var elements = sums.mutableSpan(of: Float.self)
        let first = columns.count * width
        var pixel = elements._mutatingExtracting(first..<first + width)
        for channel in 0..<bias.count { pixel[channel] = bias[channel] }
        pixels[column] = Int32(columns.count)
        columns.append(column)
    }

    /// Applies the ReLU and turns pixels into channels; columns that met no pillar hold the bias.
    private func write(_ row: Int) {
        let bias = problem.bias.span(of: Float.self)
        let values = sums.span(of: Float.self)
        let (width, columnCount, rowCount) = (problem.width, problem.outputColumns, problem.outputRows)
        let lowest: Float = problem.operation.isRectified ? 0 : -.infinity
        var elements = problem.dst.mutableSpan(of: Float.self)
        for channel in 0..<width {
            let start = (channel * rowCount + row) * columnCount
            var line = elements._mutatingExtracting(start..<start + columnCount)
            line.update(repeating: max(bias[channel], lowest))
            for pixel in 0..<columns.count {
                let value = values[pixel * width + channel]
                line[columns[pixel]] = value < lowest ? lowest : value
            }
        }
    }
}
