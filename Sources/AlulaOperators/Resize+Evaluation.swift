// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

extension Resize {
    /// The scalar definition: one axis after the other in double precision, rounded once; nearest copies.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0], dst.elementCount > 0 else { return }
        let axes = try resizeAxes(inputs.map { $0.map { OperatorInput($0) } })
        guard interpolation != .nearest else { return copyNearest(src, axes, into: dst) }
        var values = src.doubles()
        var extents = src.shape.extents
        for (index, axis) in axes.enumerated() where !axis.isIdentity {
            values = resampled(values, extents, along: index, axis)
            extents[index] = axis.dstExtent
        }
        forEachOutside(axes, dst.shape) { values[$0] = Double(extrapolationValue) }
        dst.store(values)
    }

    /// One axis of the sum; `extents` are those of `src`.
    private func resampled(_ src: [Double], _ extents: [Int], along index: Int, _ axis: ResizeAxis) -> [Double] {
        let outer = extents[..<index].reduce(1, *)
        let inner = extents[(index + 1)...].reduce(1, *)
        var dst = [Double](repeating: 0, count: outer * axis.dstExtent * inner)
        for row in 0..<outer {
            for x in 0..<axis.dstExtent {
                let target = (row * axis.dstExtent + x) * inner
                for tap in x * axis.tapCount..<(x + 1) * axis.tapCount where axis.weights[tap] != 0 {
                    let source = (row * axis.srcExtent + axis.sources[tap]) * inner
                    let weight = axis.weights[tap]
                    for offset in 0..<inner { dst[target + offset] += weight * src[source + offset] }
                }
            }
        }
        return dst
    }

    /// Copies the chosen neighbour of every element.
    private func copyNearest(_ src: Tensor, _ axes: [ResizeAxis], into dst: Tensor) {
        let strides = src.shape.contiguousStrides
        func run<T: Element>(_: T.Type) {
            let source = src.span(of: T.self)
            var target = dst.mutableSpan(of: T.self)
            forEachIndex(dst.shape) { position, index in
                var offset = 0
                for axis in index.indices { offset += axes[axis].sources[index[axis]] * strides[axis] }
                target[position] = source[offset]
            }
        }
        src.dataType == .float32 ? run(Float.self) : src.dataType.withElementType { run($0) }
        extrapolate(axes, dst)
    }

    private func extrapolate(_ axes: [ResizeAxis], _ dst: Tensor) {
        guard axes.contains(where: { $0.outside.contains(true) }), let type = dst.dataType.numericElementType else {
            return
        }
        func run<T: NumericElement>(_: T.Type) {
            var target = dst.mutableSpan(of: T.self)
            forEachOutside(axes, dst.shape) { target[$0] = T(converting: Double(extrapolationValue)) }
        }
        run(type)
    }

    private func forEachOutside(_ axes: [ResizeAxis], _ shape: Shape, _ body: (_ position: Int) -> Void) {
        guard axes.contains(where: { $0.outside.contains(true) }) else { return }
        forEachIndex(shape) { position, index in
            if index.indices.contains(where: { axes[$0].outside[index[$0]] }) { body(position) }
        }
    }

    private func forEachIndex(_ shape: Shape, _ body: (_ position: Int, _ index: [Int]) -> Void) {
        var index = [Int](repeating: 0, count: shape.rank)
        for position in 0..<shape.elementCount {
            body(position, index)
            var axis = shape.rank - 1
            while axis >= 0 {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
                axis -= 1
            }
        }
    }

    // MARK: - Extents

    /// The shape of dst and the scale of every axis.
    func extents(_ inputs: CheckedInputs) throws(OperatorError) -> (shape: Shape, scales: [Double]) {
        let src = try inputs.required(0).shape
        let chosen = try chosenAxes(inputs)
        // An empty tensor stands for an omitted one.
        let scaleCount = inputs[2]?.shape.elementCount ?? 0
        let sizeCount = inputs[3]?.shape.elementCount ?? 0
        guard (scaleCount == 0) != (sizeCount == 0), max(scaleCount, sizeCount) == chosen.count else {
            let index = scaleCount > 0 ? 2 : 3
            throw .shapeMismatch(
                operator: Self.name,
                input: index,
                got: inputs[index]?.shape ?? [0],
                expected: "either scales or sizes, \(chosen.count) of them"
            )
        }
        var (extents, scales) = (src.extents, [Double](repeating: 1, count: src.rank))
        if scaleCount > 0 {
            let given = try inputs.value(2).doubles()
            for (index, axis) in chosen.enumerated() {
                // In float32, as every implementation does: it decides where a product is near a whole number.
                let extent = (Float(given[index]) * Float(src[axis])).rounded(.down)
                guard given[index] > 0, extent < 0x1p40 else {
                    throw invalid(2, "\(given)", "positive scales of reasonable size")
                }
                (extents[axis], scales[axis]) = (Int(extent), given[index])
            }
        } else {
            try applySizes(try inputs.integers(3), chosen, src, &extents, &scales)
        }
        let shape = try inputs.outputShape(extents)
        guard shape.elementCount == 0 || src.elementCount > 0 else {
            throw .shapeMismatch(operator: Self.name, input: 0, got: src, expected: "elements to resize from")
        }
        return (shape, scales)
    }

    private func applySizes(
        _ sizes: [Int],
        _ chosen: [Int],
        _ src: Shape,
        _ extents: inout [Int],
        _ scales: inout [Double]
    ) throws(OperatorError) {
        guard sizes.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }) else {
            throw invalid(3, "\(sizes)", "extents of reasonable size")
        }
        let ratios = chosen.indices.map { Double(sizes[$0]) / Double(max(src[chosen[$0]], 1)) }
        let common: Double? =
            switch aspectRatioPolicy {
            case .stretch: nil
            case .notLarger: ratios.min()
            case .notSmaller: ratios.max()
            }
        for (index, axis) in chosen.enumerated() {
            let extent = common.map { ($0 * Double(src[axis]) + 0.5).rounded(.down) }
            if let extent, extent >= 0x1p40 { throw invalid(3, "\(sizes)", "extents of reasonable size") }
            extents[axis] = extent.map { Int($0) } ?? sizes[index]
            scales[axis] = common ?? ratios[index]
        }
    }

    /// The region of interest of every axis, as fractions of src.
    func regionFractions(_ inputs: CheckedInputs) throws(OperatorError) -> [(begin: Double, end: Double)] {
        var regions = [(begin: Double, end: Double)](repeating: (0, 1), count: try inputs.required(0).shape.rank)
        guard transformation == .cropAndResize else { return regions }
        let chosen = try chosenAxes(inputs)
        let given = try inputs.value(1)
        guard given.elementCount == 2 * chosen.count else {
            let expected = "a begin and an end for \(chosen.count) axes"
            throw .shapeMismatch(operator: Self.name, input: 1, got: given.shape, expected: expected)
        }
        let values = given.doubles()
        for (index, axis) in chosen.enumerated() { regions[axis] = (values[index], values[chosen.count + index]) }
        return regions
    }

    private func chosenAxes(_ inputs: CheckedInputs) throws(OperatorError) -> [Int] {
        let rank = try inputs.required(0).shape.rank
        guard let axes else { return Array(0..<rank) }
        var chosen: [Int] = []
        for axis in axes { chosen.append(try inputs.axis(axis, of: 0)) }
        guard Set(chosen).count == chosen.count else {
            throw .invalidAttribute(operator: Self.name, attribute: "axes", got: "\(axes)", expected: "no axis twice")
        }
        return chosen
    }

    private func invalid(_ input: Int, _ got: String, _ expected: String) -> OperatorError {
        .invalidValue(operator: Self.name, input: input, got: got, expected: expected)
    }
}
