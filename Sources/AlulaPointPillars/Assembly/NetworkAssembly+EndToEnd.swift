// SPDX-License-Identifier: Apache-2.0

internal import Alula

extension NetworkAssembly {
    /// Appends the pillar network of a model; gives its features `[V, C]`.
    mutating func addPillars(
        of model: EndToEndModel
    ) throws(PointPillarsError) -> (features: Graph.ValueID, featureCount: Int) {
        if let voxelise = model.voxelise { try check(voxelise) }
        guard let weights = PillarWeights(model.graph, features: model.features) else { throw unknownNetwork(model) }
        switch model.pillars {
        case .decorated(let points): return try addDecorated(model, points, weights)
        case .raw(let points, let counts, let cells):
            return try addRaw(model, points: points, counts: counts, cells: cells, weights)
        }
    }

    private func unknownNetwork(_ model: EndToEndModel) -> PointPillarsError {
        .unknownModel(
            model: model.graph.name,
            got: "a pillar network other than one layer and a maximum or a convolution over its slots",
            expected: "OpenPCDet's, SECOND's or nutonomy's"
        )
    }

    /// Compares what the model's generator plugin says with the configuration.
    private func check(_ voxelise: Voxelise) throws(PointPillarsError) {
        let rows: [(String, String, String)] = [
            ("grid", "\(voxelise.grid)", "\(configuration.grid)"),
            ("points of a pillar", "\(voxelise.maxPointsPerPillar)", "\(configuration.maxPointsPerPillar)"),
            ("pillars", "\(voxelise.maxPillars)", "\(configuration.maxPillars)"),
        ]
        for (what, model, wanted) in rows where model != wanted {
            throw .mismatch(what: what, model: model, configuration: wanted)
        }
    }

    private mutating func addDecorated(
        _ model: EndToEndModel,
        _ points: Graph.ValueID,
        _ weights: PillarWeights
    ) throws(PointPillarsError) -> (features: Graph.ValueID, featureCount: Int) {
        let graph = model.graph
        let isInput = graph.inputs.contains(points)
        if isInput { try checkSlots(graph, points, axis: 1, rank: 3) }
        let axes = weights.featureCount - configuration.fieldCount - 3
        guard (2...3).contains(axes) else {
            throw .mismatch(
                what: "features of a decorated point",
                model: "\(weights.featureCount)",
                configuration: "\(configuration.fieldCount) of a point, 3 from the mean, 2 or 3 from the pillar"
            )
        }
        let decoration = decoration(referenceAxisCount: axes)
        let probe = PillarProbe(configuration)
        let rows = isInput ? pillarRows(graph, points, axis: 0) : model.voxelise?.maxPillars
        var tensor = probe.decorated(rows: rows ?? probe.pillarCount, decoration)
        if !isInput { tensor = tensor.reshaped(to: Shape([1] + tensor.shape.extents)) }
        guard let expected = evaluate(graph, model.features, [points: OperatorInput(tensor)]),
            probe.agrees(expected, weights, decoration)
        else { throw unknownNetwork(model) }
        note("pillar network of '\(graph.name)' computed for points that exist")
        return (try addPillarFeatures(weights, decoration), weights.width)
    }

    private mutating func addRaw(
        _ model: EndToEndModel,
        points: Graph.ValueID,
        counts: Graph.ValueID,
        cells: Graph.ValueID,
        _ weights: PillarWeights
    ) throws(PointPillarsError) -> (features: Graph.ValueID, featureCount: Int) {
        let graph = model.graph
        try checkSlots(graph, points, axis: 1, rank: 3)
        let axes = weights.featureCount - configuration.fieldCount - 3
        guard (2...3).contains(axes) else { throw unknownNetwork(model) }
        let probe = PillarProbe(configuration)
        let rows = pillarRows(graph, points, axis: 0) ?? probe.pillarCount
        let inputs = [
            points: OperatorInput(probe.padded(rows: rows)),
            counts: OperatorInput(cast(probe.countTensor(rows: rows), to: graph[counts].dataType)),
            cells: OperatorInput(cast(probe.cellTensor(rows: rows), to: graph[cells].dataType)),
        ]
        try checkCells(model, inputs, probe, rows: rows)
        guard let expected = evaluate(graph, model.features, inputs) else { throw unknownNetwork(model) }
        let reference = featureRows(expected)
        // Such models hold the reference point of the first pillar as constants; the configuration's is tried first.
        for offset in [configuration.referenceOffset] + offsets(in: model) {
            var decoration = decoration(referenceAxisCount: axes)
            decoration.referenceOffset = offset
            guard probe.agrees(reference, weights, decoration) else { continue }
            note("pillar network of '\(graph.name)' computed for points that exist, reference \(offset)")
            return (try addPillarFeatures(weights, decoration), weights.width)
        }
        throw unknownNetwork(model)
    }

    private func cast(_ tensor: Tensor, to type: DataType?) -> Tensor {
        guard type == .int64 else { return tensor }
        return Tensor(tensor.elements(as: Int32.self).map { Int64($0) }, shape: tensor.shape)
    }

    /// All pairs of numbers the pillar network holds as constants.
    private func offsets(in model: EndToEndModel) -> [SIMD3<Float>] {
        let graph = model.graph
        var numbers: [Float] = []
        for id in graph.ancestors(of: [model.features], stoppingAt: []).sorted() {
            for case let input? in graph[id].inputs {
                guard let constant = graph[input].constant, constant.elementCount == 1, constant.dataType == .float32
                else { continue }
                numbers += constant.elements(as: Float.self)
            }
        }
        let z = configuration.referenceOffset.z
        return numbers.prefix(16).flatMap { x in numbers.prefix(16).map { y in SIMD3(x, y, z) } }
    }

    /// Checks that the scatter numbers cells row by row on the configuration's grid.
    private func checkCells(
        _ model: EndToEndModel,
        _ inputs: [Graph.ValueID: OperatorInput],
        _ probe: PillarProbe,
        rows: Int
    ) throws(PointPillarsError) {
        let graph = model.graph
        let columns = configuration.grid.columnCount
        for id in graph.nodes where graph[id].operation is ScatterND {
            guard let index = graph[id].inputs[1], let got = evaluate(graph, index, inputs)?.integers() else {
                continue
            }
            let cells = probe.cellTensor(rows: rows).elements(as: Int32.self).map { Int($0) }
            let expected = (0..<rows).map { cells[2 * $0] * columns + cells[2 * $0 + 1] }
            guard got == expected else {
                throw .mismatch(
                    what: "cells of the bird's-eye-view image",
                    model: "cell \(got.first ?? 0) for row \(cells[0]), column \(cells[1])",
                    configuration: "cell \(expected[0]): \(columns) columns"
                )
            }
        }
    }
}
