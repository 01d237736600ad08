// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

extension ImportContext {
    /// The attributes `strides`, `dilations`, `pads` and `auto_pad` that convolutions and poolings share.
    func windowParameters() throws(ImportError) -> WindowParameters {
        let pads = try integers("pads") ?? []
        guard pads.count % 2 == 0 else {
            throw unsupported("attribute 'pads' = \(pads)", expected: "a begin and an end for every spatial axis")
        }
        // An empty text is what some exporters write for the default.
        let text = try string("auto_pad", default: AutoPadding.notSet.rawValue)
        guard let autoPad = text.isEmpty ? .notSet : AutoPadding(rawValue: text) else {
            let expected = AutoPadding.allCases.map(\.rawValue).joined(separator: ", ")
            throw unsupported("attribute 'auto_pad' = '\(text)'", expected: expected)
        }
        return WindowParameters(
            strides: try integers("strides") ?? [],
            dilations: try integers("dilations") ?? [],
            padsBegin: Array(pads.prefix(pads.count / 2)),
            padsEnd: Array(pads.suffix(pads.count / 2)),
            autoPad: autoPad
        )
    }

    /// The attribute `kernel_shape` of a pooling, which must be there.
    func requiredKernelShape() throws(ImportError) -> [Int] {
        guard let kernelShape = try integers("kernel_shape") else {
            throw unsupported("no attribute 'kernel_shape'", expected: "the window's extents")
        }
        return kernelShape
    }
}
