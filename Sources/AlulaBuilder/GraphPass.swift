// SPDX-License-Identifier: Apache-2.0

package import AlulaGraph
package import AlulaOperators

/// One rewrite of the graph that leaves its meaning as it is.
package struct GraphPass: Sendable {
    /// The name shown in progress and reports, e.g. `fold-constants`.
    package var name: String
    /// Rewrites the graph.
    package var run: @Sendable (inout Graph, inout PassContext) throws(BuilderError) -> Void

    /// All passes in the order they run. A pass is a file in `Passes` and a line here.
    package static let standard: [GraphPass] = [
        .foldConstants,
        .removeUnusedOutputs,
        .removeIdentities,
        .mergeDuplicates,
        .simplifyArithmetic,
        .recogniseRootMeanSquares,
        .recogniseActivations,
        .unflattenProducts,
        .splitProducts,
        .recogniseAttention,
        .unflattenProducts,
        .removeIdentities,
        .foldTransposes,
        .foldConstants,
        .foldChannelAffines,
        .fuseElementwise,
        .mergeSiblingConvolutions,
        .separateOutputs,
    ]
}

/// What a pass may know besides the graph, and where it reports.
package struct PassContext: Sendable {
    /// The shapes to run the shape rules for.
    package let probes: [ShapeProbe]
    /// The operators the engine will know.
    package let registry: OperatorRegistry
    /// The largest constant that folding may make.
    package let maxFoldedByteCount: Int
    /// Rewrites so far.
    package internal(set) var remarks: [BuildReport.Remark] = []
    /// The running pass.
    var passName = ""

    init(probes: [ShapeProbe], configuration: BuilderConfiguration) {
        self.probes = probes
        registry = configuration.registry
        maxFoldedByteCount = configuration.maxFoldedByteCount
    }

    /// Runs the shape rules over `graph` as it is now.
    package func inferTypes(_ graph: Graph) throws(BuilderError) -> InferredTypes {
        try TypeInference(graph: graph, probes: probes).run()
    }

    /// Notes a rewrite.
    package mutating func note(_ text: String) { remarks.append(.init(pass: passName, text: text)) }
}
