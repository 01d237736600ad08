// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// A `Resize` of the height and width of float tensors, as read from a problem.
struct ResizeProblem: Sendable {
    let rows: ResizeAxis
    let columns: ResizeAxis
    /// Planes, or blocks of channels, of all images and of one.
    let planeCount: Int
    let planesPerImage: Int
    /// Channels that lie side by side at every position.
    let width: Int

    var isBlocked: Bool { width > 1 }
    /// Elements of a row as stored.
    var srcRowLength: Int { columns.srcExtent * width }
    var dstRowLength: Int { columns.dstExtent * width }

    /// Nil for anything else.
    init?(_ problem: KernelProblem, _ layout: TensorLayout) {
        guard let resize = problem.operation as? Resize, let src = problem.inputs.first ?? nil,
            let dst = problem.outputs.first, src.dataType == .float32, (3...4).contains(src.shape.rank),
            src.shape.elementCount > 0, dst.shape.elementCount > 0, dst.byteCount <= Int(Int32.max),
            src.byteCount <= Int(Int32.max), let axes = try? resize.resizeAxes(problem.operatorInputs),
            axes[0].isIdentity, axes[1].isIdentity, axes.allSatisfy({ !$0.outside.contains(true) }),
            axes.allSatisfy({ $0.tapCount <= ResizeArguments.rowLimit })
        else { return nil }
        columns = axes[axes.count - 1]
        rows = axes.count == 4 ? axes[2] : .single
        let stored = layout.storedShape(src.shape)
        width = stored.rank > src.shape.rank ? stored[stored.rank - 1] : 1
        planesPerImage = stored[1]
        planeCount = stored[0] * stored[1]
    }
}

/// The rows of src that make each row of dst.
struct ResizeRows: Sendable {
    private let axis: ResizeAxis
    private let factors: Tensor

    /// By row of dst: the row of src it is, if it is one.
    private let only: [Int?]

    init(_ axis: ResizeAxis) {
        self.axis = axis
        factors = Tensor(axis.weights.map { Float($0) }, shape: [axis.weights.count])
        only = (0..<axis.dstExtent).map { row in
            let taps = (row * axis.tapCount..<(row + 1) * axis.tapCount).filter { axis.weights[$0] != 0 }
            return taps.count == 1 && axis.weights[taps[0]] == 1 ? axis.sources[taps[0]] : nil
        }
    }

    /// The address of the weights of row `row`.
    func weights(_ row: Int) -> Int { Int(bitPattern: factors.address) + row * axis.tapCount * 4 }

    /// The row of src under a tap.
    func source(_ row: Int, _ tap: Int) -> Int { axis.sources[row * axis.tapCount + tap] }

    /// The row of src that row `row` is, if it is one.
    func only(_ row: Int) -> Int? { only[row] }

    /// Whether two rows are one row of src.
    func areEqual(_ first: Int, _ second: Int) -> Bool {
        guard let row = only(first) else { return false }
        return only(second) == row
    }
}

/// The columns of a row that make each column of dst, as generated code reads them.
struct ResizeColumns: Sendable {
    /// Byte offsets `[columns, taps]` for blocked rows; 32-bit indices `[taps, columns]`, padded to vectors, for planar ones.
    let places: Tensor
    /// In the same order.
    let weights: Tensor
    /// From one tap to the next, for planar rows.
    let strideElements: Int

    init(_ axis: ResizeAxis, lanes: Int, isBlocked: Bool) {
        let count = axis.dstExtent
        if isBlocked {
            strideElements = 0
            places = Tensor(axis.sources.map { Int64($0 * lanes * 4) }, shape: [axis.sources.count])
            weights = Tensor(axis.weights.map { Float($0) }, shape: [axis.weights.count])
            return
        }
        strideElements = (count + lanes - 1) / lanes * lanes
        var sources = [Int32](repeating: 0, count: axis.tapCount * strideElements)
        var factors = [Float](repeating: 0, count: axis.tapCount * strideElements)
        for column in 0..<count {
            for tap in 0..<axis.tapCount {
                sources[tap * strideElements + column] = Int32(axis.sources[column * axis.tapCount + tap])
                factors[tap * strideElements + column] = Float(axis.weights[column * axis.tapCount + tap])
            }
        }
        places = Tensor(sources, shape: [sources.count])
        weights = Tensor(factors, shape: [factors.count])
    }
}
