// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Where a model that goes from pillars or points to heads can be cut: before its pillar features, at its image, at its heads.
struct EndToEndModel {
    /// What the pillar network reads.
    enum Pillars {
        /// Points `[V, S, F]`, counts `[V]`, cells `[V, 2]`.
        case raw(points: Graph.ValueID, counts: Graph.ValueID, cells: Graph.ValueID)
        /// Decorated points `[V, S, D]` or `[1, V, S, D]`.
        case decorated(Graph.ValueID)
    }

    let graph: Graph
    /// What the pillar network reads.
    let pillars: Pillars
    /// What the pillar network gives, and the scatter reads.
    let features: Graph.ValueID
    /// The bird's-eye-view image.
    let image: Graph.ValueID
    /// The heads: the network's outputs, or what a decoding plugin reads.
    let heads: [Graph.ValueID]
    /// The plugin that makes pillars, if the model has one.
    let voxelise: Voxelise?

    /// Finds the cuts.
    ///
    /// - Throws: ``PointPillarsError/unknownModel(model:got:expected:)``.
    init(_ graph: Graph) throws(PointPillarsError) {
        self.graph = graph
        heads = Self.heads(graph)
        var generator: Graph.Node?
        for id in graph.nodes where graph[id].operation is Voxelise { generator = graph[id] }
        voxelise = generator?.operation as? Voxelise
        if let scatter = graph.nodes.first(where: { graph[$0].operation is PillarScatter }) {
            guard let features = graph[scatter].inputs.first ?? nil, let image = graph[scatter].outputs.first ?? nil,
                let points = Self.decoratedPoints(graph)
            else { throw Self.unknown(graph) }
            self.features = features
            self.image = image
            pillars = .decorated(points)
            return
        }
        guard let scatter = graph.nodes.first(where: { graph[$0].operation is ScatterND }),
            let updates = graph[scatter].inputs.last ?? nil, let canvas = graph[scatter].outputs.first ?? nil,
            let inputs = Self.rawPillars(graph)
        else { throw Self.unknown(graph) }
        features = Self.behindMoves(updates, graph)
        image = Self.beforeMoves(canvas, graph)
        pillars = inputs
    }

    private static func unknown(_ graph: Graph) -> PointPillarsError {
        let inputs = graph.inputs.map { "'\(graph[$0].name)' \(graph[$0].dimensions ?? [])" }.joined(separator: ", ")
        return .unknownModel(
            model: graph.name,
            got: "inputs \(inputs)",
            expected:
                "pillars (points [V, S, F], counts [V], cells [V, 2], scattered by ScatterND), decorated pillars with "
                + "PPScatterPlugin, or points with VoxelGeneratorPlugin and PillarScatterPlugin"
        )
    }

    /// What the decoding plugin reads, or the outputs where there is none.
    private static func heads(_ graph: Graph) -> [Graph.ValueID] {
        for id in graph.nodes where graph[id].operation is AnchorDecode {
            return graph[id].inputs.prefix(3).compactMap(\.self)
        }
        return graph.outputs
    }

    /// The generator plugin's points, or the one input of real numbers with three axes.
    private static func decoratedPoints(_ graph: Graph) -> Graph.ValueID? {
        for id in graph.nodes where graph[id].operation is PaddedPillars {
            guard let padded = graph[id].outputs.first ?? nil else { return nil }
            // The plugin's output has a leading extent of 1.
            return graph.readers(of: padded).first.flatMap { graph[$0].outputs.first ?? nil }
        }
        return graph.inputs.first { graph[$0].dataType == .float32 && graph[$0].dimensions?.count == 3 }
    }

    private static func rawPillars(_ graph: Graph) -> Pillars? {
        func input(_ rank: Int, isFloat: Bool) -> Graph.ValueID? {
            graph.inputs.first {
                graph[$0].dimensions?.count == rank && (graph[$0].dataType == .float32) == isFloat
            }
        }
        guard graph.inputs.count == 3, let points = input(3, isFloat: true), let counts = input(1, isFloat: false),
            let cells = input(2, isFloat: false)
        else { return nil }
        return .raw(points: points, counts: counts, cells: cells)
    }

    private static func onlyMoves(_ operation: any Operator) -> Bool {
        switch operation {
        case is Reshape, is Transpose, is Squeeze, is Unsqueeze, is Identity, is Flatten: true
        default: false
        }
    }

    /// The value that `value` is a rearrangement of.
    private static func behindMoves(_ value: Graph.ValueID, _ graph: Graph) -> Graph.ValueID {
        var value = value
        while let producer = graph[value].producer, onlyMoves(graph[producer].operation),
            let source = graph[producer].inputs.first ?? nil
        {
            value = source
        }
        return value
    }

    /// The last rearrangement of `value`.
    private static func beforeMoves(_ value: Graph.ValueID, _ graph: Graph) -> Graph.ValueID {
        var value = value
        while case let readers = graph.readers(of: value), readers.count == 1,
            onlyMoves(graph[readers[0]].operation), let next = graph[readers[0]].outputs.first ?? nil
        {
            value = next
        }
        return value
    }
}
