// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// Who decides the padding of a window operator. Raw values are ONNX's `auto_pad` texts.
public enum AutoPadding: String, Sendable, Hashable, CaseIterable {
    /// ``WindowParameters/padsBegin`` and ``WindowParameters/padsEnd`` do.
    case notSet = "NOTSET"
    /// As much as makes `dst = ceil(src / stride)`; an odd element goes to the end.
    case sameUpper = "SAME_UPPER"
    /// As much as makes `dst = ceil(src / stride)`; an odd element goes to the beginning.
    case sameLower = "SAME_LOWER"
    /// None.
    case valid = "VALID"
}

/// How a convolution or pooling moves its window over the spatial axes: ONNX's `strides`, `dilations`, `pads`,
/// `auto_pad`, as written in the model.
///
/// Arrays have one entry a spatial axis; an empty array stands for the default on every axis. ``WindowGeometry`` is the
/// same with all defaults resolved for concrete extents.
public struct WindowParameters: Sendable, Hashable {
    /// Elements of src between neighbouring windows; empty: 1.
    public var strides: [Int]
    /// Elements of src between neighbouring taps of one window; empty: 1.
    public var dilations: [Int]
    /// Elements of padding before the first element; empty: 0. Ignored unless ``autoPad`` is ``AutoPadding/notSet``.
    public var padsBegin: [Int]
    /// Elements of padding after the last element; empty: 0. Ignored unless ``autoPad`` is ``AutoPadding/notSet``.
    public var padsEnd: [Int]
    /// Whether pads are given or follow from the extents.
    public var autoPad: AutoPadding

    /// Window parameters; what is left out takes ONNX's default.
    public init(
        strides: [Int] = [],
        dilations: [Int] = [],
        padsBegin: [Int] = [],
        padsEnd: [Int] = [],
        autoPad: AutoPadding = .notSet
    ) {
        self.strides = strides
        self.dilations = dilations
        self.padsBegin = padsBegin
        self.padsEnd = padsEnd
        self.autoPad = autoPad
    }
}

extension WindowParameters {
    /// Restores parameters from the attributes `strides`, `dilations`, `pads` and `auto_pad` of operator `op`.
    init(attributes: Attributes, for op: String) throws(OperatorError) {
        let pads = try attributes.integers("pads", default: [], for: op)
        guard pads.count % 2 == 0 else {
            throw .invalidAttribute(operator: op, attribute: "pads", got: "\(pads)", expected: "an even number of pads")
        }
        let text = try attributes.string("auto_pad", default: AutoPadding.notSet.rawValue, for: op)
        guard let autoPad = AutoPadding(rawValue: text) else {
            let expected = AutoPadding.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidAttribute(operator: op, attribute: "auto_pad", got: text, expected: expected)
        }
        self.init(
            strides: try attributes.integers("strides", default: [], for: op),
            dilations: try attributes.integers("dilations", default: [], for: op),
            padsBegin: Array(pads.prefix(pads.count / 2)),
            padsEnd: Array(pads.suffix(pads.count / 2)),
            autoPad: autoPad
        )
    }

    /// The parameters as attributes; defaults are left out.
    var attributes: Attributes {
        var attributes = Attributes()
        if !strides.isEmpty { attributes["strides"] = .integers(strides) }
        if !dilations.isEmpty { attributes["dilations"] = .integers(dilations) }
        if !padsBegin.isEmpty { attributes["pads"] = .integers(padsBegin + padsEnd) }
        if autoPad != .notSet { attributes["auto_pad"] = .string(autoPad.rawValue) }
        return attributes
    }

    /// Stride, dilation and pads of `axis`, defaults resolved.
    private func values(_ axis: Int) -> (stride: Int, dilation: Int, padBegin: Int, padEnd: Int) {
        (
            strides.isEmpty ? 1 : strides[axis], dilations.isEmpty ? 1 : dilations[axis],
            padsBegin.isEmpty ? 0 : padsBegin[axis], padsEnd.isEmpty ? 0 : padsEnd[axis]
        )
    }

    /// The largest stride, dilation, pad and extent accepted: products of two fit an `Int`.
    static let limit = 1 << 30

    /// Checks that all arrays suit `rank` spatial axes and all entries are in range.
    func check(rank: Int, for op: String) throws(OperatorError) {
        let lists = [
            ("strides", strides, 1), ("dilations", dilations, 1), ("pads", padsBegin, 0), ("pads", padsEnd, 0),
        ]
        for (name, list, least) in lists {
            guard list.isEmpty || list.count == rank, list.allSatisfy({ $0 >= least && $0 <= Self.limit }) else {
                let expected = "\(rank) entries of \(least) or more for \(rank) spatial axes"
                throw .invalidAttribute(operator: op, attribute: name, got: "\(list)", expected: expected)
            }
        }
        guard padsBegin.count == padsEnd.count else {
            let got = "\(padsBegin) and \(padsEnd)"
            throw .invalidAttribute(operator: op, attribute: "pads", got: got, expected: "as many begins as ends")
        }
    }

    /// The geometry of a convolution or pooling over concrete extents.
    ///
    /// - Parameters:
    ///   - srcExtents: the spatial extents of input 0.
    ///   - kernelExtents: the window's extents.
    ///   - ceilMode: whether a last, partly covered window counts; it never starts in the padding at the end.
    ///   - op: the operator's name, for errors.
    public func geometry(
        srcExtents: [Int],
        kernelExtents: [Int],
        ceilMode: Bool = false,
        for op: String
    ) throws(OperatorError) -> WindowGeometry {
        try check(rank: srcExtents.count, for: op)
        guard kernelExtents.count == srcExtents.count, kernelExtents.allSatisfy({ $0 > 0 && $0 <= Self.limit }) else {
            let expected = "\(srcExtents.count) extents of 1 or more"
            throw .invalidAttribute(
                operator: op,
                attribute: "kernel_shape",
                got: "\(kernelExtents)",
                expected: expected
            )
        }
        var axes: [WindowAxis] = []
        for (index, src) in srcExtents.enumerated() {
            let axis = resolve(index, src: src, kernel: kernelExtents[index], ceilMode: ceilMode)
            guard src <= Self.limit, axis.dstExtent >= 0 else {
                throw .shapeMismatch(
                    operator: op,
                    input: 0,
                    got: Shape(srcExtents),
                    expected: "spatial axis \(index) of \(axis.reach) or more elements with its padding"
                )
            }
            axes.append(axis)
        }
        return WindowGeometry(axes: axes)
    }

    /// One axis; a negative dst extent marks a window that does not fit.
    private func resolve(_ index: Int, src: Int, kernel: Int, ceilMode: Bool) -> WindowAxis {
        let (stride, dilation, padBegin, padEnd) = values(index)
        var axis = WindowAxis(srcExtent: src, dstExtent: 0, kernelExtent: kernel, stride: stride, dilation: dilation)
        switch autoPad {
        case .notSet:
            axis.padBegin = padBegin
            axis.padEnd = padEnd
        case .valid:
            break
        case .sameUpper, .sameLower:
            axis.dstExtent = (src + stride - 1) / stride
            let total = max((axis.dstExtent - 1) * stride + axis.reach - src, 0)
            axis.padBegin = autoPad == .sameUpper ? total / 2 : total - total / 2
            axis.padEnd = total - axis.padBegin
            return axis
        }
        let room = src + axis.padBegin + axis.padEnd - axis.reach
        guard room >= 0 else {
            axis.dstExtent = -1
            return axis
        }
        axis.dstExtent = room / stride + 1
        if ceilMode, room % stride != 0, axis.dstExtent * stride < src + axis.padBegin { axis.dstExtent += 1 }
        return axis
    }

    /// The geometry of a *transposed* convolution: that of the convolution it transposes, whose src is the transposed
    /// convolution's dst and the other way around.
    ///
    /// - Parameters:
    ///   - srcExtents: the spatial extents of the transposed convolution's src.
    ///   - outputPadding: elements added at the end of dst; empty: 0.
    ///   - outputExtents: the spatial extents of dst, when given; pads then follow from them.
    func transposedGeometry(
        srcExtents: [Int],
        kernelExtents: [Int],
        outputPadding: [Int],
        outputExtents: [Int]?,
        for op: String
    ) throws(OperatorError) -> WindowGeometry {
        try check(rank: srcExtents.count, for: op)
        var axes: [WindowAxis] = []
        for (index, src) in srcExtents.enumerated() {
            let (stride, dilation, padBegin, padEnd) = values(index)
            var axis = WindowAxis(
                srcExtent: 0,
                dstExtent: src,
                kernelExtent: kernelExtents[index],
                stride: stride,
                dilation: dilation
            )
            let full = stride * (src - 1) + axis.reach + (outputPadding.isEmpty ? 0 : outputPadding[index])
            let isSame = autoPad == .sameUpper || autoPad == .sameLower
            // Windows narrower than the stride leave no src · stride elements; none are added.
            if let wanted = outputExtents?[index] ?? (isSame ? min(src * stride, full) : nil) {
                let total = max(full - wanted, 0)
                axis.padBegin = autoPad == .sameUpper ? total / 2 : total - total / 2
                axis.padEnd = total - axis.padBegin
                axis.srcExtent = wanted
            } else {
                axis.padBegin = autoPad == .valid ? 0 : padBegin
                axis.padEnd = autoPad == .valid ? 0 : padEnd
                axis.srcExtent = full - axis.padBegin - axis.padEnd
            }
            guard src > 0, axis.srcExtent >= 0, src <= Self.limit else {
                throw .shapeMismatch(
                    operator: op,
                    input: 0,
                    got: Shape(srcExtents),
                    expected: "spatial axis \(index) large enough for pads \(axis.padBegin) and \(axis.padEnd)"
                )
            }
            axes.append(axis)
        }
        return WindowGeometry(axes: axes)
    }
}
