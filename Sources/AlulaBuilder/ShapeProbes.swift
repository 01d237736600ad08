// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaPlan
internal import AlulaTensor

extension BuilderConfiguration {
    /// The name of the batch extent of implicit-batch networks.
    static let batchSymbol = "batch"

    /// Checks batch mode and profiles against the graph's inputs and lists the shapes to run the shape rules for.
    ///
    /// In implicit batch mode the leading extent of every input becomes symbolic, unless it can only be 1.
    /// - Returns: the shapes to tune for first, then minimum and maximum.
    func prepareProbes(_ graph: inout Graph) throws(BuilderError) -> [ShapeProbe] {
        switch batchMode {
        case .implicit(let maxBatchSize): try implicitProbes(&graph, maxBatchSize: maxBatchSize)
        case .explicit: try explicitProbes(graph)
        }
    }

    private func implicitProbes(_ graph: inout Graph, maxBatchSize: Int) throws(BuilderError) -> [ShapeProbe] {
        guard maxBatchSize >= 1 else { throw .maxBatchSize(got: maxBatchSize) }
        guard profiles.isEmpty else { throw .profilesWithImplicitBatch }
        var inner: [[Int]] = []
        var symbols = Set<String>()
        for input in graph.inputs {
            let dimensions = graph[input].dimensions ?? []
            let rest = dimensions.dropFirst().compactMap(\.extent)
            guard let leading = dimensions.first, rest.count == dimensions.count - 1 else {
                throw .implicitBatch(binding: graph[input].name, got: "extents \(dimensions)")
            }
            switch leading {
            case .fixed(1): break
            case .fixed: throw .implicitBatch(binding: graph[input].name, got: "extents \(dimensions)")
            case .symbolic(let symbol): symbols.insert(symbol)
            }
            guard symbols.count <= 1 else {
                throw .implicitBatch(binding: graph[input].name, got: "several batch symbols, \(symbols.sorted())")
            }
            let batch: Dimension = maxBatchSize == 1 ? 1 : .symbolic(Self.batchSymbol)
            graph.setDimensions([batch] + dimensions.dropFirst(), ofInput: input)
            inner.append(rest)
        }
        let batches = Set([maxBatchSize, 1, min(3, maxBatchSize)]).sorted(by: >)
        return batches.map { batch in
            ShapeProbe(label: "batch \(batch)", shapes: inner.map { Shape([batch] + $0) })
        }
    }

    private func explicitProbes(_ graph: Graph) throws(BuilderError) -> [ShapeProbe] {
        let known = graph.inputs.map { graph[$0].name }
        for (index, profile) in profiles.enumerated() {
            for name in profile.ranges.keys.sorted() where !known.contains(name) {
                throw .unknownProfileInput(profile: index, input: name, known: known)
            }
        }
        let fixed = graph.inputs.compactMap { fixedShape(graph[$0].dimensions ?? []) }
        if fixed.count == graph.inputs.count, profiles.isEmpty {
            return [ShapeProbe(label: "the declared shapes", shapes: fixed)]
        }
        if profiles.isEmpty, let input = graph.inputs.first(where: { fixedShape(graph[$0].dimensions ?? []) == nil }) {
            throw .missingProfile(input: graph[input].name, dimensions: graph[input].dimensions ?? [])
        }
        var probes: [ShapeProbe] = []
        for index in profiles.indices { probes += try probesOfProfile(index, graph) }
        return probes
    }

    private func fixedShape(_ dimensions: [Dimension]) -> Shape? {
        let extents = dimensions.compactMap(\.extent)
        return extents.count == dimensions.count ? Shape(extents) : nil
    }

    private func probesOfProfile(_ index: Int, _ graph: Graph) throws(BuilderError) -> [ShapeProbe] {
        var ranges: [OptimizationProfile.Range] = []
        for input in graph.inputs {
            let name = graph[input].name
            let dimensions = graph[input].dimensions ?? []
            guard let range = profiles[index].ranges[name] else {
                guard let shape = fixedShape(dimensions) else {
                    throw .missingProfile(input: name, dimensions: dimensions)
                }
                ranges.append(.init(min: shape, opt: shape, max: shape))
                continue
            }
            for shape in [range.min, range.opt, range.max] where !fits(shape, dimensions) {
                throw .profileShape(profile: index, input: name, got: shape, expected: dimensions)
            }
            for axis in 0..<dimensions.count
            where !(range.min[axis] <= range.opt[axis] && range.opt[axis] <= range.max[axis]) {
                throw .profileOrder(profile: index, input: name, min: range.min, opt: range.opt, max: range.max)
            }
            ranges.append(range)
        }
        let sets = [("opt", ranges.map(\.opt)), ("min", ranges.map(\.min)), ("max", ranges.map(\.max))]
        for (_, shapes) in sets { try checkSymbols(shapes, profile: index, graph) }
        return sets.map { ShapeProbe(label: "profile \(index), \($0.0)", shapes: $0.1) }
    }

    private func fits(_ shape: Shape, _ dimensions: [Dimension]) -> Bool {
        shape.rank == dimensions.count
            && zip(shape, dimensions).allSatisfy { extent, dimension in dimension.extent.map { $0 == extent } ?? true }
    }

    private func checkSymbols(_ shapes: [Shape], profile: Int, _ graph: Graph) throws(BuilderError) {
        var extents: [String: Int] = [:]
        for (input, shape) in zip(graph.inputs, shapes) {
            for (dimension, extent) in zip(graph[input].dimensions ?? [], shape) {
                guard case .symbolic(let symbol) = dimension, !symbol.isEmpty else { continue }
                if let expected = extents[symbol], expected != extent {
                    throw .profileSymbol(
                        profile: profile,
                        symbol: symbol,
                        got: extent,
                        expected: expected,
                        input: graph[input].name
                    )
                }
                extents[symbol] = extent
            }
        }
    }
}
