// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// The parts of a detection that are timed.
public enum Stage: String, Sendable, CaseIterable {
    /// Points from a file to host memory.
    case read
    /// Points from host to device memory.
    case upload
    /// Points to pillars.
    case voxelise
    /// The pillar feature network.
    case pillarFeatures = "pfe"
    /// Pillars to the image, or to the first convolution's output.
    case scatter
    /// Backbone and heads.
    case backbone = "rpn"
    /// The mask of anchors.
    case mask
    /// Heads to candidate boxes.
    case decode
    /// Candidate boxes to boxes.
    case suppress = "nms"

    /// The name of the engine's layer.
    var stepName: String {
        switch self {
        case .voxelise: "voxelise"
        case .pillarFeatures: "pillar_features"
        case .scatter: "pillar_scatter"
        case .mask: "anchor_mask"
        case .decode: "anchor_decode"
        case .suppress: "rotated_nms"
        case .read, .upload, .backbone: rawValue
        }
    }

    /// The stage an engine's layer belongs to.
    init(layer: String) {
        let engineStages: [Stage] = [.voxelise, .pillarFeatures, .scatter, .mask, .decode, .suppress]
        self = engineStages.first { layer == $0.stepName } ?? .backbone
    }
}
