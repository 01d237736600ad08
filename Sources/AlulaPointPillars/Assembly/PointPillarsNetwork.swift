// SPDX-License-Identifier: Apache-2.0

public import Alula

/// A whole detector as one graph: a cloud's points in, boxes out.
///
/// Inputs: ``pointsName`` `[capacity, F]` (float32) and ``pointCountName`` `[1]` (int32), the points that count. Outputs:
/// ``boxNames`` with their number, the counters of ``Voxelise/Counter`` under ``cloudCountersName`` and those of
/// ``AnchorDecode/Counter`` under ``anchorCountersName``. All extents but the capacity are fixed, so an engine is prepared
/// once a capacity, not once a cloud.
public struct PointPillarsNetwork: Sendable {
    /// How a network is put together.
    public struct Options: Sendable {
        /// Whether the first convolution is computed from pillars where that is exact, instead of from an image of zeros.
        public var exploitsEmptyPillars = true
        /// Whether features, image, heads and mask are outputs as well.
        public var showsTensors = false

        /// The defaults: what is quickest.
        public init() {}
    }

    /// The input with the points.
    public static let pointsName = "points"
    /// The input with the number of points that count.
    public static let pointCountName = "point_count"
    /// The output with the counters of ``Voxelise``.
    public static let cloudCountersName = "cloud_counters"
    /// The output with the counters of ``AnchorDecode``.
    public static let anchorCountersName = "anchor_counters"
    /// The outputs of ``RotatedNMS``, in order: boxes, scores, labels, the number of boxes, anchors, direction margins.
    public static let boxNames = ["boxes", "scores", "labels", "box_count", "anchors", "direction_margins"]

    /// The capacities engines are built for: points a cloud may have.
    public static let capacities = 1...1 << 23

    /// The graph.
    public let graph: Graph
    /// What the graph was made for.
    public let configuration: PointPillarsConfiguration
    /// What was recognised in the model and how it runs, one sentence each.
    public let remarks: [String]

    init(_ assembly: NetworkAssembly) {
        graph = assembly.graph
        configuration = assembly.configuration
        remarks = assembly.remarks
    }

    /// Joins a pillar network and a backbone.
    ///
    /// - Parameters:
    ///   - pillarNetwork: eight inputs as nutonomy's and SECOND's exports have them (x, y, z, intensity, points of a pillar,
    ///     reference x and y, mask), or one input of decorated points `[V, slots, D]` as OpenPCDet's.
    ///   - backbone: from the bird's-eye-view image to the heads.
    /// - Throws: ``PointPillarsError``, naming what does not fit.
    public init(
        pillarNetwork: Graph,
        backbone: Graph,
        configuration: PointPillarsConfiguration,
        options: Options = Options()
    ) throws(PointPillarsError) {
        var assembly = try NetworkAssembly(configuration, options)
        let pillars = try assembly.addPillarNetwork(pillarNetwork)
        guard backbone.inputs.count == 1 else {
            throw .unknownModel(
                model: backbone.name,
                got: "\(backbone.inputs.count) inputs",
                expected: "one, the bird's-eye-view image"
            )
        }
        let image = backbone.inputs[0]
        let grid = configuration.grid
        let expected = [pillars.featureCount, grid.rowCount, grid.columnCount]
        let dimensions = backbone[image].dimensions ?? []
        guard dimensions.count == 4, zip(dimensions.dropFirst(), expected).allSatisfy({ $0.extent ?? $1 == $1 }) else {
            throw .mismatch(
                what: "bird's-eye-view image",
                model: "\(dimensions)",
                configuration: "\([1] + expected): features, rows and columns"
            )
        }
        try assembly.addBackbone(
            backbone,
            image: image,
            outputs: backbone.outputs,
            features: pillars.features,
            featureCount: pillars.featureCount,
            model: backbone.name
        )
        self.init(assembly)
    }

    /// Takes a model apart that goes from pillars or points to heads or boxes, and puts it together again from points to boxes.
    ///
    /// - Parameter endToEnd: imported with ``ImporterRegistry/pointPillars``, in one of these forms: points `[V, S, F]`,
    ///   counts `[V]` and cells `[V, 2]`, with a scatter of standard operators; decorated points `[V, S, D]`, cells `[V, 4]`
    ///   and the number of pillars, with NVIDIA's `PPScatterPlugin`; points `[1, N, F]` and their number, with NVIDIA's
    ///   `VoxelGeneratorPlugin` and `PillarScatterPlugin`.
    /// - Throws: ``PointPillarsError``, naming what does not fit.
    public init(
        endToEnd: Graph,
        configuration: PointPillarsConfiguration,
        options: Options = Options()
    ) throws(PointPillarsError) {
        let model = try EndToEndModel(endToEnd)
        var assembly = try NetworkAssembly(configuration, options)
        let pillars = try assembly.addPillars(of: model)
        try assembly.addBackbone(
            endToEnd,
            image: model.image,
            outputs: model.heads,
            features: pillars.features,
            featureCount: pillars.featureCount,
            model: endToEnd.name
        )
        self.init(assembly)
    }

    /// What to build the graph for: one capacity after the other, all operators known.
    ///
    /// - Parameter tunedCapacity: the capacity the engine is tuned for, points.
    public func builderConfiguration(tunedCapacity: Int = 1 << 17) -> BuilderConfiguration {
        var builder = BuilderConfiguration()
        builder.registry = .pointPillars
        func shape(_ capacity: Int) -> Shape { [capacity, configuration.fieldCount] }
        let range = OptimizationProfile.Range(
            min: shape(Self.capacities.lowerBound),
            opt: shape(tunedCapacity),
            max: shape(Self.capacities.upperBound)
        )
        builder.profiles = [OptimizationProfile([Self.pointsName: range])]
        return builder
    }
}
