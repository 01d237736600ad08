// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// Adds columns of blocks back to the image they were cut from; the inverse walk of a convolution's im2col.
///
/// Inputs: src, `[N, C · ∏block, ∏positions]`, numbers; the image's extents; the block's extents. dst: `[N, C, image…]`,
/// each element the sum of all block elements that lie on it. Source: ONNX Col2Im, opset 18.
public struct Col2Im: Operator, Equatable {
    /// `Col2Im`.
    public static let name = "Col2Im"

    /// Distance of neighbouring block elements along every image axis; nil for 1.
    public var dilations: [Int]?
    /// Elements before every image axis, then those after it; nil for 0.
    public var pads: [Int]?
    /// Distance of neighbouring blocks along every image axis; nil for 1.
    public var strides: [Int]?

    /// The geometry of the blocks.
    public init(dilations: [Int]? = nil, pads: [Int]? = nil, strides: [Int]? = nil) {
        self.dilations = dilations
        self.pads = pads
        self.strides = strides
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        dilations = try attributes.integersIfPresent("dilations", for: Self.name)
        pads = try attributes.integersIfPresent("pads", for: Self.name)
        strides = try attributes.integersIfPresent("strides", for: Self.name)
    }

    /// The geometry, as far as it is given.
    public var attributes: Attributes {
        var attributes: Attributes = [:]
        attributes["dilations"] = dilations.map { .integers($0) }
        attributes["pads"] = pads.map { .integers($0) }
        attributes["strides"] = strides.map { .integers($0) }
        return attributes
    }

    /// Batch, channels and the image's extents; needs the content of the last two inputs.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        try checked.require(.numeric, of: 0)
        return [TensorType(try checked.required(0).dataType, try BlockGeometry(self, checked).shape)]
    }

    /// Adds block element by block element, in ascending order of block element, then of block.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        let checked = try CheckedInputs(inputs, of: Self.name, count: 3...3)
        let src = try checked.value(0)
        let geometry = try BlockGeometry(self, checked)
        guard let dst = try Self.output(0, of: outputs, shape: geometry.shape), dst.elementCount > 0 else { return }
        dst.fill(from: Tensor(zeros: dst.dataType, shape: .scalar))
        let pairs = geometry.pairs()
        let updates = Tensor(uninitialized: src.dataType, shape: [pairs.sources.count])
        let imageElements = geometry.image.reduce(1, *)
        for plane in 0..<(geometry.shape[0] * geometry.shape[1]) {
            for (index, source) in pairs.sources.enumerated() {
                updates.copyRun(at: index, from: src, at: plane * geometry.planeElements + source, count: 1)
            }
            let targets = pairs.targets.map { plane * imageElements + $0 }
            ScatterReduction.add.scatter(updates, into: dst, at: targets, run: 1)
        }
    }

    /// One addition an element of the source.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        (inputs.first ?? nil)?.shape.elementCount ?? 0
    }
}

/// Where the blocks of one problem lie in the image.
private struct BlockGeometry {
    var image: [Int]
    var block: [Int]
    var positions: [Int]
    var dilations: [Int]
    var padsBefore: [Int]
    var strides: [Int]
    /// The output's shape.
    var shape: Shape
    /// Source elements of one channel.
    var planeElements: Int

    /// The largest geometry parameter, so that products of two fit an integer.
    private static let limit = 1 << 30

    init(_ operation: Col2Im, _ checked: CheckedInputs) throws(OperatorError) {
        try checked.require(rank: 3...3, of: 0)
        image = try checked.integerList(1)
        block = try checked.integerList(2)
        let rank = image.count
        dilations = operation.dilations ?? [Int](repeating: 1, count: rank)
        strides = operation.strides ?? [Int](repeating: 1, count: rank)
        let pads = operation.pads ?? [Int](repeating: 0, count: 2 * rank)
        for (input, extents) in [(1, image), (2, block)] {
            guard extents.count == rank, extents.allSatisfy({ (1...Self.limit).contains($0) }) else {
                throw checked.invalidValue(input, got: "\(extents)", expected: "\(rank) extents in 1...2^30")
            }
        }
        for (name, list, count, least) in [
            ("dilations", dilations, rank, 1), ("strides", strides, rank, 1), ("pads", pads, 2 * rank, 0),
        ] where list.count != count || !list.allSatisfy({ (least...Self.limit).contains($0) }) {
            throw checked.invalidAttribute(name, got: "\(list)", expected: "\(count) numbers in \(least)...2^30")
        }
        padsBefore = Array(pads.prefix(rank))
        positions = []
        for axis in 0..<rank {
            let room = image[axis] + pads[axis] + pads[rank + axis] - dilations[axis] * (block[axis] - 1) - 1
            positions.append(room < 0 ? 0 : room / strides[axis] + 1)
        }
        let src = try checked.required(0).shape
        let blockElements = try checked.checkedShape(block, from: 2).elementCount
        let columns = try checked.checkedShape(positions, from: 1)
        guard src[1] % blockElements == 0, src[2] == columns.elementCount else {
            throw try checked.shapeMismatch(
                0,
                expected: "[N, a multiple of \(blockElements), \(columns.elementCount)] for blocks \(block) at "
                    + "\(columns) places of image \(image)"
            )
        }
        shape = try checked.checkedShape([src[0], src[1] / blockElements] + image, from: 1)
        planeElements = blockElements * src[2]
    }

    /// For one channel, source elements and the image elements they are added to; those in the padding are left out.
    func pairs() -> (sources: [Int], targets: [Int]) {
        let walked = Shape(block + positions)
        let imageSteps = Shape(image).contiguousStrides
        var walk = StridedIndices(walked, first: [Int](repeating: 0, count: walked.rank))
        var sources: [Int] = []
        var targets: [Int] = []
        for source in 0..<walked.elementCount {
            var target = 0
            var isInside = true
            for axis in image.indices {
                let place =
                    walk.index(along: image.count + axis) * strides[axis] + walk.index(along: axis) * dilations[axis]
                    - padsBefore[axis]
                isInside = isInside && place >= 0 && place < image[axis]
                target += isInside ? place * imageSteps[axis] : 0
            }
            if isInside {
                sources.append(source)
                targets.append(target)
            }
            walk.advance()
        }
        return (sources, targets)
    }
}
