// SPDX-License-Identifier: Apache-2.0

internal import Alula

extension PointPillarsNetwork {
    /// Features of a pillar in made-up networks: the paper's.
    private static let generatedFeatureCount = 64

    /// A network of the paper's size with seeded weights, so that everything runs without a download.
    ///
    /// Its boxes mean nothing. Logits are shifted towards low scores, as those of trained networks are, so that suppression
    /// has a realistic amount of work.
    /// - Throws: ``PointPillarsError/configuration(field:got:expected:)``.
    public init(
        generatedFor configuration: PointPillarsConfiguration,
        seed: UInt64 = 1,
        options: Options = Options()
    ) throws(PointPillarsError) {
        var assembly = try NetworkAssembly(configuration, options)
        assembly.note("all weights are made up: boxes mean nothing")
        let decoration = assembly.decoration(referenceAxisCount: 3)
        var maker = WeightMaker(seed: seed &+ 1)
        let width = Self.generatedFeatureCount
        let weights = PillarWeights(
            first: maker.weights([decoration.featureCount, width], fanIn: 60 * decoration.featureCount),
            bias: maker.bias(width)
        )
        let features = try assembly.addPillarFeatures(weights, decoration)
        var generator = RPNGenerator()
        generator.seed = seed
        generator.inputChannels = width
        generator.height = configuration.grid.rowCount
        generator.width = configuration.grid.columnCount
        let anchors = configuration.anchors.anchors.count
        generator.heads = [
            ("cls", anchors * configuration.classNames.count), ("box", anchors * configuration.anchors.codeCount),
        ]
        if let direction = configuration.direction { generator.heads.append(("dir", anchors * direction.binCount)) }
        generator.logitOffset = -4
        let backbone = generator.graph()
        try assembly.addBackbone(
            backbone,
            image: backbone.inputs[0],
            outputs: backbone.outputs,
            features: features,
            featureCount: width,
            model: backbone.name
        )
        self.init(assembly)
    }
}
