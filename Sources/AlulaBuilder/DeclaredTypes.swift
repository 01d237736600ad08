// SPDX-License-Identifier: Apache-2.0

package import AlulaGraph
package import AlulaTensor

/// What can be said of a graph's values while it is being made, before anybody has set the shapes of its inputs.
///
/// The shape rules are run for two choices of the varying extents; what differs between them varies.
package struct DeclaredTypes: Sendable {
    /// Element type and extents of one value.
    package struct Entry: Sendable {
        /// The element type.
        package var dataType: DataType
        /// Extents, outermost first, `.symbolic` where they vary; nil where the rank depends on content.
        package var dimensions: [Dimension]?

        /// What is declared.
        package init(dataType: DataType, dimensions: [Dimension]?) {
            self.dataType = dataType
            self.dimensions = dimensions
        }
    }

    private var entries: [Graph.ValueID: Entry] = [:]

    /// What is known of a value; nil when not even its element type is.
    package subscript(value: Graph.ValueID) -> Entry? { entries[value] }

    /// Pairs of extents to try for everything that varies. Networks halve images a few times, so powers of two come first.
    private static let trials = [(64, 128), (224, 448), (16, 32), (1, 2)]

    /// Runs the shape rules of all nodes.
    ///
    /// - Throws: ``BuilderError/invalidNode(node:operator:shapes:_:)`` when a node refuses its inputs for every choice.
    package init(_ graph: Graph) throws(BuilderError) {
        var failure: BuilderError?
        for (first, second) in Self.trials {
            do throws(BuilderError) {
                let probes = [first, second].map { extent in
                    ShapeProbe(label: "varying extents of \(extent)", shapes: graph.inputShapes(varying: extent))
                }
                let types = try TypeInference(graph: graph, probes: probes).run()
                entries = Self.entries(of: graph, types)
                return
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private static func entries(of graph: Graph, _ types: InferredTypes) -> [Graph.ValueID: Entry] {
        var entries: [Graph.ValueID: Entry] = [:]
        for index in graph.valueTable.indices {
            let id = Graph.ValueID(index: index)
            guard let dataType = types.dataType(of: id) ?? graph[id].dataType else { continue }
            entries[id] = Entry(
                dataType: dataType,
                dimensions: graph[id].dimensions ?? dimensions(types.shapes(of: id))
            )
        }
        return entries
    }

    private static func dimensions(_ shapes: [Shape]?) -> [Dimension]? {
        guard let first = shapes?.first, let last = shapes?.last, first.rank == last.rank else { return nil }
        return zip(first, last).map { $0 == $1 ? .fixed($0) : .symbolic("") }
    }
}

extension Graph {
    /// The inputs' shapes with `extent` for every extent that varies.
    fileprivate func inputShapes(varying extent: Int) -> [Shape] {
        inputs.map { input in Shape((self[input].dimensions ?? []).map { $0.extent ?? extent }) }
    }
}
