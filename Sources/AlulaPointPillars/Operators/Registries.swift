// SPDX-License-Identifier: Apache-2.0

public import Alula

extension OperatorRegistry {
    /// All operators of Alula and those of this module: what a plan of a PointPillars network needs to be built and loaded.
    public static let pointPillars: OperatorRegistry = {
        var registry = OperatorRegistry.standard
        registry.register(Voxelise.self)
        registry.register(PaddedPillars.self)
        registry.register(PillarFeatures.self)
        registry.register(PillarScatter.self)
        registry.register(PillarConvolution.self)
        registry.register(AnchorMask.self)
        registry.register(AnchorDecode.self)
        registry.register(RotatedNMS.self)
        return registry
    }()
}
