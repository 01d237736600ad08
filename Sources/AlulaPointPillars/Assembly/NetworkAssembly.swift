// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Puts a detector together: points in, boxes out, in one graph.
struct NetworkAssembly {
    let configuration: PointPillarsConfiguration
    let options: PointPillarsNetwork.Options
    private(set) var graph = Graph(name: "pointpillars")
    private(set) var remarks: [String] = []
    /// The outputs of ``Voxelise``, by index.
    private(set) var voxels: [Graph.ValueID] = []

    init(
        _ configuration: PointPillarsConfiguration,
        _ options: PointPillarsNetwork.Options
    ) throws(PointPillarsError) {
        try configuration.check()
        self.configuration = configuration
        self.options = options
        try addFront()
    }

    mutating func note(_ text: String) { remarks.append(text) }

    // MARK: - Points to pillars

    private mutating func addFront() throws(PointPillarsError) {
        let points = graph.addInput(
            PointPillarsNetwork.pointsName,
            .float32,
            [.symbolic("capacity"), .fixed(configuration.fieldCount)]
        )
        let count = graph.addInput(PointPillarsNetwork.pointCountName, .int32, [1])
        let operation = try make { () throws(OperatorError) in
            try Voxelise(
                grid: configuration.grid,
                maxPillars: configuration.maxPillars,
                maxPointsPerPillar: configuration.maxPointsPerPillar
            )
        }
        let names = [
            "pillar_points", "pillar_counts", "pillar_offsets", "pillar_cells", "cell_pillars",
            PointPillarsNetwork.cloudCountersName,
        ]
        voxels = graph.append(operation, inputs: [points, count], outputNames: names, name: Stage.voxelise.stepName)
            .compactMap(\.self)
        graph.markOutput(voxels[5])
        if options.showsTensors { try showVoxels() }
    }

    /// Makes voxels outputs: points by slot, counts, cells.
    private mutating func showVoxels() throws(PointPillarsError) {
        let padded = try make { () throws(OperatorError) in
            try PaddedPillars(
                decoration: decoration(referenceAxisCount: 3),
                isDecorated: false,
                slotCount: configuration.maxPointsPerPillar
            )
        }
        let inputs: [Graph.ValueID?] = [voxels[0], voxels[1], voxels[2], voxels[3], voxels[5]]
        let points = graph.append(padded, inputs: inputs, outputNames: ["points_by_slot"], name: "points_by_slot")
        for value in [points[0], voxels[1], voxels[3]].compactMap(\.self) { graph.markOutput(value) }
    }

    /// The features of pillars by ``PillarFeatures``, `[V, O]`.
    mutating func addPillarFeatures(
        _ weights: PillarWeights,
        _ decoration: PillarDecoration
    ) throws(PointPillarsError) -> Graph.ValueID {
        let operation = try make { () throws(OperatorError) in
            try PillarFeatures(
                decoration: decoration,
                slotCount: configuration.maxPointsPerPillar,
                reduction: weights.reduction
            )
        }
        var inputs: [Graph.ValueID?] = [voxels[0], voxels[1], voxels[2], voxels[3], voxels[5]]
        inputs.append(graph.addConstant(weights.first, name: "pillars.weight"))
        inputs.append(graph.addConstant(weights.bias, name: "pillars.bias"))
        if let second = weights.second {
            inputs.append(graph.addConstant(second.weights, name: "pillars.slots.weight"))
            inputs.append(graph.addConstant(second.tail, name: "pillars.slots.tail"))
        }
        let features = graph.append(
            operation,
            inputs: inputs,
            outputNames: ["pillar_features"],
            name: Stage.pillarFeatures.stepName
        ).compactMap(\.self)[0]
        if options.showsTensors { graph.markOutput(features) }
        return features
    }

    // MARK: - Pillars to heads

    /// Appends what `source` computes of the bird's-eye-view image `image`, up to `outputs`, and the steps behind them.
    mutating func addBackbone(
        _ source: Graph,
        image: Graph.ValueID,
        outputs: [Graph.ValueID],
        features: Graph.ValueID,
        featureCount: Int,
        model: String
    ) throws(PointPillarsError) {
        let grid = configuration.grid
        let imageType = TensorType(.float32, [1, featureCount, grid.rowCount, grid.columnCount])
        var walk = GraphWalk([image: OperatorInput(imageType)], isComputing: false)
        do {
            try walk.visit(source, for: outputs)
        } catch {
            throw .mismatch(
                what: "backbone",
                model: "node '\(error.node)': \(error.error)",
                configuration: "an image of \(imageType.shape)"
            )
        }
        var candidates: [(value: Graph.ValueID, name: String, shape: Shape)] = []
        for value in outputs {
            guard let shape = walk.values[value]?.shape else { continue }
            candidates.append((value, source[value].name, shape))
        }
        let heads = try DetectionHeads(candidates, configuration)
        var wanted = [heads.box.output, heads.classes.output]
        if let direction = heads.direction { wanted.append(direction.output) }
        let bound = try bindImage(source, image, features, featureCount)
        let made = graph.splice(source, wanted: wanted, bound: bound)
        var values: [Graph.ValueID] = []
        for (value, head) in zip(made, [heads.box, heads.classes, heads.direction].compactMap(\.self)) {
            guard let value else {
                throw .unknownModel(
                    model: model,
                    got: "an output '\(source[head.output].name)' that does not follow from the image",
                    expected: "heads computed from the bird's-eye-view image"
                )
            }
            let last =
                head.isChannelFirst
                ? graph.append(
                    Transpose(permutation: [0, 2, 3, 1]),
                    value,
                    name: "\(source[head.output].name).channel_last"
                ) : value
            if options.showsTensors { graph.markOutput(last) }
            values.append(last)
        }
        try addDetections(values, rowCount: heads.rowCount, columnCount: heads.columnCount)
    }

    /// The image, or the first convolution's output where that is computed from pillars.
    private mutating func bindImage(
        _ source: Graph,
        _ image: Graph.ValueID,
        _ features: Graph.ValueID,
        _ featureCount: Int
    ) throws(PointPillarsError) -> [Graph.ValueID: Graph.ValueID] {
        if options.exploitsEmptyPillars, let first = FirstConvolution(source, image: image),
            first.weights.shape[2] == featureCount
        {
            let inputs: [Graph.ValueID?] = [
                features, voxels[4], voxels[5],
                graph.addConstant(first.weights, name: "first.weight"),
                graph.addConstant(first.bias, name: "first.bias"),
            ]
            let name = Stage.scatter.stepName
            let output = graph.append(first.operation, inputs: inputs, outputNames: ["\(name).image"], name: name)
                .compactMap(\.self)[0]
            note("'\(first.names.joined(separator: "', '"))' computed from pillars, without an image of zeros")
            return [first.output: output, image: features]
        }
        let scatter = try make { () throws(OperatorError) in
            try PillarScatter(rowCount: configuration.grid.rowCount, columnCount: configuration.grid.columnCount)
        }
        let bev = graph.append(
            scatter,
            inputs: [features, voxels[3], voxels[5]],
            outputNames: ["bev"],
            name: Stage.scatter.stepName
        ).compactMap(\.self)[0]
        if options.showsTensors { graph.markOutput(bev) }
        return [image: bev]
    }

    // MARK: - Heads to boxes

    /// Appends mask, decoding and suppression behind channel-last heads.
    mutating func addDetections(
        _ heads: [Graph.ValueID],
        rowCount: Int,
        columnCount: Int
    ) throws(PointPillarsError) {
        var inputs: [Graph.ValueID?] = [heads[0], heads[1], heads.count > 2 ? heads[2] : nil]
        if configuration.minPillarsUnderAnchor > 0 {
            let mask = try make { () throws(OperatorError) in
                try AnchorMask(
                    anchors: configuration.anchors,
                    rowCount: rowCount,
                    columnCount: columnCount,
                    minPillars: configuration.minPillarsUnderAnchor
                )
            }
            inputs.append(graph.append(mask, voxels[4], name: Stage.mask.stepName))
            if options.showsTensors, let mask = inputs[3] { graph.markOutput(mask) }
        }
        let decode = try make { () throws(OperatorError) in
            try AnchorDecode(
                anchors: configuration.anchors,
                classCount: configuration.classNames.count,
                direction: configuration.direction,
                scoreThreshold: configuration.scoreThreshold,
                limit: configuration.candidateLimit
            )
        }
        let found = graph.append(
            decode,
            inputs: inputs,
            outputNames: [
                "candidate_boxes", "candidate_scores", "candidate_labels", "candidate_anchors", "candidate_margins",
                PointPillarsNetwork.anchorCountersName,
            ],
            name: Stage.decode.stepName
        ).compactMap(\.self)
        try addSuppression(found)
        graph.markOutput(found[5])
    }

    private mutating func addSuppression(_ found: [Graph.ValueID]) throws(PointPillarsError) {
        let suppression = try make { () throws(OperatorError) in
            try RotatedNMS(
                overlapThreshold: configuration.overlapThreshold,
                limit: configuration.boxLimit,
                isPerClass: configuration.isPerClass
            )
        }
        let kept = graph.append(
            suppression,
            inputs: [found[0], found[1], found[2], found[5], found[3], found[4]],
            outputNames: PointPillarsNetwork.boxNames,
            name: Stage.suppress.stepName
        ).compactMap(\.self)
        for value in kept { graph.markOutput(value) }
    }

    private func make<T>(_ body: () throws(OperatorError) -> T) throws(PointPillarsError) -> T {
        do {
            return try body()
        } catch {
            throw .configuration(field: "parameters", got: "\(error)", expected: "what the operator takes")
        }
    }
}
