// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators

/// A 2-D float convolution over planar tensors as the code generator sees it: `[C, H, W]` in, `[C, H, W]` out, weights as
/// the model has them. No operand is ever rearranged.
package struct PlanarConvolutionDescriptor: Hashable, Sendable {
    /// Channels of src in one group.
    package var srcChannels: Int
    /// The window over the height.
    package var rows: WindowAxis
    /// The window over the width, of stride 1 or 2.
    package var columns: WindowAxis
    package var hasBias: Bool
    /// Whether a tensor shaped like dst is added before the activation.
    package var addsResidual: Bool
    package var activation: PlanarActivation

    package init(
        srcChannels: Int,
        rows: WindowAxis,
        columns: WindowAxis,
        hasBias: Bool = true,
        addsResidual: Bool = false,
        activation: PlanarActivation = .none
    ) {
        self.srcChannels = srcChannels
        self.rows = rows
        self.columns = columns
        self.hasBias = hasBias
        self.addsResidual = addsResidual
        self.activation = activation
    }

    /// Bytes of one src channel.
    var srcPlaneByteCount: Int { rows.srcExtent * columns.srcExtent * 4 }
    /// Bytes of one dst channel.
    var dstPlaneByteCount: Int { rows.dstExtent * columns.dstExtent * 4 }
    /// Bytes of one dst channel's weights.
    var weightRowByteCount: Int { srcChannels * rows.kernelExtent * columns.kernelExtent * 4 }

    /// Why the generator does not cover the problem; nil if it does.
    package var rejection: String? {
        guard (1...2).contains(columns.stride) else { return "stride \(columns.stride), expected 1 or 2" }
        guard srcChannels > 0, rows.dstExtent > 0, columns.dstExtent > 0 else { return "nothing to do" }
        let limit = 1 << 26  // 16 channels of either stay within 32-bit displacements
        guard srcPlaneByteCount < limit, dstPlaneByteCount < limit, weightRowByteCount < limit else {
            return "a channel is larger than \(limit) bytes"
        }
        return nil
    }
}

/// The fields generated code reads; one call computes one row of dst for a few channels. Addresses and counts.
package struct PlanarConvolutionArguments: BitwiseCopyable, Sendable {
    /// Column 0, first channel of the group, of the first src row under the window that is not padding.
    package var src = 0
    /// The first channel's weights at the first tap row that is not padding.
    package var weights = 0
    /// The first channel's bias.
    package var bias = 0
    /// The residual at the place of ``dst``.
    package var residual = 0
    /// Column 0 of the row in the first channel.
    package var dst = 0
    /// Tap rows inside src.
    package var tapRowCount = 0
}
