// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// How up to three contiguous operands are walked while they broadcast to one shape: a few outer axes and one inner run
/// along which every operand either advances by one element or stands still.
///
/// Neighbouring axes that all operands walk alike are merged, so that equal shapes give a single run.
struct BroadcastLoop {
    /// The merged outer axes.
    let outerShape: Shape
    /// For each operand its strides, in elements, along the outer axes.
    let outerStrides: [[Int]]
    /// Elements in one run.
    let runElements: Int
    /// For each operand whether it advances along the run; if not, one element is repeated.
    let advances: [Bool]

    /// The walk over `target`, a shape all `operands` broadcast to.
    init(_ operands: [Shape], to target: Shape) {
        let strides = operands.map { $0.broadcastStrides(to: target) }
        // From the innermost axis outward.
        var extents: [Int] = []
        var merged: [[Int]] = operands.map { _ in [] }
        for axis in (0..<target.rank).reversed() where target[axis] != 1 {
            let extends = extents.last.map { extent in
                zip(merged, strides).allSatisfy { ($0.last ?? 0) * extent == $1[axis] }
            }
            if extends == true {
                extents[extents.count - 1] *= target[axis]
            } else {
                extents.append(target[axis])
                for operand in operands.indices { merged[operand].append(strides[operand][axis]) }
            }
        }
        runElements = extents.first ?? 1
        advances = merged.map { ($0.first ?? 1) != 0 }
        outerShape = Shape(extents.dropFirst().reversed())
        outerStrides = merged.map { $0.dropFirst().reversed() }
    }

    /// The position before the first run.
    func makeIndices() -> StridedIndices {
        StridedIndices(
            outerShape,
            first: outerStrides[0],
            second: outerStrides.count > 1 ? outerStrides[1] : nil,
            third: outerStrides.count > 2 ? outerStrides[2] : nil
        )
    }
}

/// `dst[i] = combine(first[i], second[i])`, both operands broadcast to `dst`'s shape.
///
/// Runs in which an operand repeats one element read it once.
@inline(__always)
func broadcastMap<A: Element, B: Element, D: Element>(
    _ first: Tensor,
    _ second: Tensor,
    into dst: Tensor,
    _ combine: (A, B) -> D
) {
    let loop = BroadcastLoop([first.shape, second.shape], to: dst.shape)
    let run = loop.runElements
    let runCount = loop.outerShape.elementCount
    guard run > 0, runCount > 0 else { return }
    let left = first.span(of: A.self)
    let right = second.span(of: B.self)
    var target = dst.mutableSpan(of: D.self)
    var indices = loop.makeIndices()
    for index in 0..<runCount {
        let (start, other, _) = indices.offsets
        var out = target._mutatingExtracting(index * run..<(index + 1) * run)
        switch (loop.advances[0], loop.advances[1]) {
        case (true, true):
            let x = left.extracting(start..<start + run)
            let y = right.extracting(other..<other + run)
            for i in 0..<run { out[i] = combine(x[i], y[i]) }
        case (true, false):
            let x = left.extracting(start..<start + run)
            let y = right[other]
            for i in 0..<run { out[i] = combine(x[i], y) }
        case (false, true):
            let x = left[start]
            let y = right.extracting(other..<other + run)
            for i in 0..<run { out[i] = combine(x, y[i]) }
        case (false, false):
            let value = combine(left[start], right[other])
            for i in 0..<run { out[i] = value }
        }
        indices.advance()
    }
}

/// `dst[i] = combine(dst[i], src[i])`, `src` broadcast to `dst`'s shape.
@inline(__always)
func broadcastUpdate<D: Element, S: Element>(_ dst: Tensor, with src: Tensor, _ combine: (D, S) -> D) {
    let loop = BroadcastLoop([src.shape], to: dst.shape)
    let run = loop.runElements
    let runCount = loop.outerShape.elementCount
    guard run > 0, runCount > 0 else { return }
    let source = src.span(of: S.self)
    var target = dst.mutableSpan(of: D.self)
    var indices = loop.makeIndices()
    for index in 0..<runCount {
        let start = indices.offsets.first
        var out = target._mutatingExtracting(index * run..<(index + 1) * run)
        if loop.advances[0] {
            let x = source.extracting(start..<start + run)
            for i in 0..<run { out[i] = combine(out[i], x[i]) }
        } else {
            let x = source[start]
            for i in 0..<run { out[i] = combine(out[i], x) }
        }
        indices.advance()
    }
}

extension CheckedInputs {
    /// The shape all inputs from `first` on broadcast to.
    func broadcastShape(from first: Int = 0) throws(OperatorError) -> Shape {
        var shape = Shape.scalar
        for index in first..<inputs.count {
            let input = try required(index)
            guard let joint = shape.broadcast(with: input.shape) else {
                throw .shapeMismatch(
                    operator: operatorName,
                    input: index,
                    got: input.shape,
                    expected: "a shape that broadcasts with \(shape)"
                )
            }
            shape = joint
        }
        return shape
    }
}
