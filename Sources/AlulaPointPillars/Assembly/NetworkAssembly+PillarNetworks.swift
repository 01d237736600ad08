// SPDX-License-Identifier: Apache-2.0

internal import Alula

extension NetworkAssembly {
    /// Appends a pillar network in whatever form it comes; gives its features `[V, C]`.
    mutating func addPillarNetwork(
        _ model: Graph
    ) throws(PointPillarsError) -> (features: Graph.ValueID, featureCount: Int) {
        guard model.outputs.count == 1 else {
            throw .unknownModel(
                model: model.name,
                got: "\(model.outputs.count) outputs",
                expected: "one, the features of pillars"
            )
        }
        switch model.inputs.count {
        case 8: return try addEightInputNetwork(model)
        case 1: return try addDecoratedNetwork(model)
        default:
            throw .unknownModel(
                model: model.name,
                got: "\(model.inputs.count) inputs",
                expected: "8 (x, y, z, intensity, points of a pillar, reference x and y, mask) or 1 (decorated points)"
            )
        }
    }

    // MARK: - Eight inputs

    private mutating func addEightInputNetwork(
        _ model: Graph
    ) throws(PointPillarsError) -> (features: Graph.ValueID, featureCount: Int) {
        for (index, input) in model.inputs.enumerated() where index != 4 {
            try checkSlots(model, input, axis: 3, rank: 4)
        }
        let decoration = decoration(referenceAxisCount: 2)
        let probe = PillarProbe(configuration)
        let rows = pillarRows(model, model.inputs[0], axis: 2) ?? probe.pillarCount
        if let weights = PillarWeights(model, features: model.outputs[0]),
            weights.featureCount == decoration.featureCount,
            let expected = evaluate(model, EightInputs(probe, decoration, rows: rows).inputs(of: model)),
            probe.agrees(featureRows(expected), weights, decoration)
        {
            note("pillar network '\(model.name)' computed for points that exist")
            return (try addPillarFeatures(weights, decoration), weights.width)
        }
        throw .unknownModel(
            model: model.name,
            got: "a pillar network other than one layer and a maximum or a convolution over its slots",
            expected: "nutonomy's or SECOND's"
        )
    }

    // MARK: - Decorated points

    private mutating func addDecoratedNetwork(
        _ model: Graph
    ) throws(PointPillarsError) -> (features: Graph.ValueID, featureCount: Int) {
        let input = model.inputs[0]
        try checkSlots(model, input, axis: 1, rank: 3)
        let width = model[input].dimensions?.last?.extent ?? 0
        let axes = width - configuration.fieldCount - 3
        guard (2...3).contains(axes) else {
            throw .mismatch(
                what: "features of a decorated point",
                model: "\(width)",
                configuration: "\(configuration.fieldCount) of a point, 3 from the mean, 2 or 3 from the pillar"
            )
        }
        let decoration = decoration(referenceAxisCount: axes)
        let probe = PillarProbe(configuration)
        let rows = pillarRows(model, input, axis: 0) ?? probe.pillarCount
        let points = OperatorInput(probe.decorated(rows: rows, decoration))
        if let weights = PillarWeights(model, features: model.outputs[0]), weights.featureCount == width,
            let expected = evaluate(model, [input: points]), probe.agrees(expected, weights, decoration)
        {
            note("pillar network '\(model.name)' computed for points that exist")
            return (try addPillarFeatures(weights, decoration), weights.width)
        }
        throw .unknownModel(
            model: model.name,
            got: "a pillar network other than one layer and a maximum over its slots",
            expected: "OpenPCDet's"
        )
    }

    // MARK: - Common

    /// What the configuration tells networks of points.
    func decoration(referenceAxisCount: Int) -> PillarDecoration {
        PillarDecoration(
            fieldCount: configuration.fieldCount,
            referenceAxisCount: referenceAxisCount,
            pillarSize: configuration.grid.pillarSize,
            referenceOffset: configuration.referenceOffset
        )
    }

    /// Checks the points of a pillar against an input's declared extents.
    func checkSlots(_ model: Graph, _ input: Graph.ValueID, axis: Int, rank: Int) throws(PointPillarsError) {
        let dimensions = model[input].dimensions ?? []
        guard dimensions.count == rank else {
            throw .unknownModel(
                model: model.name,
                got: "input '\(model[input].name)' \(dimensions)",
                expected: "\(rank) extents"
            )
        }
        guard let slots = dimensions[axis].extent, slots != configuration.maxPointsPerPillar else { return }
        throw .mismatch(
            what: "points of a pillar",
            model: "\(slots) in input '\(model[input].name)'",
            configuration: "\(configuration.maxPointsPerPillar) (MAX_POINTS_PER_VOXEL)"
        )
    }

    /// The pillars an input has room for, if the model fixes them.
    func pillarRows(_ model: Graph, _ input: Graph.ValueID, axis: Int) -> Int? { model[input].dimensions?[axis].extent }

    /// The only output of `model` for these inputs, by the operators' scalar definitions; nil when something is missing.
    func evaluate(_ model: Graph, _ inputs: [Graph.ValueID: OperatorInput]) -> Tensor? {
        evaluate(model, model.outputs[0], inputs)
    }

    /// As ``evaluate(_:_:)``, for any value of `model`.
    func evaluate(
        _ model: Graph,
        _ value: Graph.ValueID,
        _ inputs: [Graph.ValueID: OperatorInput]
    ) -> Tensor? {
        var walk = GraphWalk(inputs, isComputing: true)
        guard (try? walk.visit(model, for: [value])) != nil else { return nil }
        return walk.values[value]?.value
    }

    /// `[1, C, V, 1]` as `[V, C]`.
    func featureRows(_ features: Tensor) -> Tensor {
        guard features.shape.rank == 4, features.shape[0] == 1, features.shape[3] == 1,
            features.dataType == .float32
        else { return features }
        let (channels, pillars) = (features.shape[1], features.shape[2])
        let source = features.elements(as: Float.self)
        return Tensor(
            (0..<pillars * channels).map { source[$0 % channels * pillars + $0 / channels] },
            shape: [pillars, channels]
        )
    }
}

/// The probe's pillars as the eight inputs of nutonomy's and SECOND's pillar networks.
private struct EightInputs {
    private let tensors: [Tensor]

    init(_ probe: PillarProbe, _ decoration: PillarDecoration, rows: Int) {
        let points = probe.padded(rows: rows)
        let counts = probe.countTensor(rows: rows).elements(as: Int32.self)
        let cells = probe.cellTensor(rows: rows).elements(as: Int32.self)
        let (slots, fields) = (points.shape[1], points.shape[2])
        let values = points.elements(as: Float.self)
        let shape: Shape = [1, 1, rows, slots]
        func plane(_ value: (_ row: Int, _ slot: Int) -> Float) -> Tensor {
            Tensor((0..<rows * slots).map { value($0 / slots, $0 % slots) }, shape: shape)
        }
        func reference(_ row: Int) -> SIMD3<Float> {
            decoration.reference(row: cells[2 * row], column: cells[2 * row + 1])
        }
        var tensors = (0..<4).map { field in
            plane { row, slot in field < fields ? values[(row * slots + slot) * fields + field] : 0 }
        }
        tensors.append(Tensor(counts.map { Float($0) }, shape: [1, rows]))
        tensors.append(plane { row, _ in reference(row).x })
        tensors.append(plane { row, _ in reference(row).y })
        tensors.append(plane { row, slot in slot < Int(counts[row]) ? 1 : 0 })
        self.tensors = tensors
    }

    func inputs(of model: Graph) -> [Graph.ValueID: OperatorInput] {
        Dictionary(uniqueKeysWithValues: zip(model.inputs, tensors.map { OperatorInput($0) }))
    }
}
