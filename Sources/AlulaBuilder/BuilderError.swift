// SPDX-License-Identifier: Apache-2.0

public import AlulaGraph
public import AlulaOperators
public import AlulaTensor

/// Why a network could not be built.
@nonexhaustive
public enum BuilderError: Error, Sendable, Equatable {
    /// The network breaks an invariant of graphs.
    case invalidNetwork(GraphError)
    /// A pass left a broken graph; a defect of the builder.
    case brokenByPass(pass: String, GraphError)
    /// A node's operator refused its inputs; `shapes` says for which input shapes.
    case invalidNode(node: String, operator: String, shapes: String, OperatorError)
    /// A node's operator is not in the registry, so that no engine could load the plan.
    case unregisteredOperator(node: String, operator: String)
    /// An input has extents that vary and no profile gives their range.
    case missingProfile(input: String, dimensions: [Dimension])
    /// A profile names an input the network does not have.
    case unknownProfileInput(profile: Int, input: String, known: [String])
    /// A shape of a profile has the wrong rank, a negative extent, or differs from a fixed extent.
    case profileShape(profile: Int, input: String, got: Shape, expected: [Dimension])
    /// Not min ≤ opt ≤ max in every extent.
    case profileOrder(profile: Int, input: String, min: Shape, opt: Shape, max: Shape)
    /// Two extents of one symbol differ within one shape set of a profile.
    case profileSymbol(profile: Int, symbol: String, got: Int, expected: Int, input: String)
    /// A maximum batch size below one.
    case maxBatchSize(got: Int)
    /// Profiles were given for a network in implicit batch mode.
    case profilesWithImplicitBatch
    /// The network cannot run in implicit batch mode because of this binding.
    case implicitBatch(binding: String, got: String)
    /// The element type of an output cannot be told before it runs.
    case unknownOutputType(output: String)
    /// A timing cache file cannot be read, written or understood.
    case timingCache(path: String, reason: String)
    /// The threads to time tactics on could not be started.
    case threads(count: Int, reason: String)
    /// The caller or its task asked to stop.
    case cancelled(BuildProgress)
}

extension BuilderError: CustomStringConvertible {
    /// What, where, got, expected, in one sentence.
    public var description: String {
        switch self {
        case .invalidNetwork(let error): "network: \(error)"
        case .brokenByPass(let pass, let error): "pass '\(pass)' left a broken graph: \(error)"
        case .invalidNode(let node, let name, let shapes, let error):
            "node '\(node)' (\(name)) for \(shapes): \(error)"
        case .unregisteredOperator(let node, let name):
            "node '\(node)': got operator \(name), expected one of the builder's registry"
        case .missingProfile(let input, let dimensions):
            "input '\(input)': got extents \(dimensions) and no profile, expected min, opt and max shapes for it"
        case .unknownProfileInput(let profile, let input, let known):
            "profile \(profile): got input '\(input)', expected one of \(known.joined(separator: ", "))"
        case .profileShape(let profile, let input, let got, let expected):
            "profile \(profile): input '\(input)': got shape \(got), expected \(expected)"
        case .profileOrder(let profile, let input, let min, let opt, let max):
            "profile \(profile): input '\(input)': got min \(min), opt \(opt), max \(max), expected min ≤ opt ≤ max"
        case .profileSymbol(let profile, let symbol, let got, let expected, let input):
            "profile \(profile): input '\(input)': got \(got) for extent '\(symbol)', expected \(expected) as elsewhere"
        case .maxBatchSize(let got): "implicit batch: got a maximum of \(got), expected 1 or more"
        case .profilesWithImplicitBatch:
            "implicit batch: got optimization profiles, expected none: only the batch varies"
        case .implicitBatch(let binding, let got):
            "implicit batch: binding '\(binding)': got \(got), expected a leading batch extent and fixed others"
        case .unknownOutputType(let output):
            "output '\(output)': its element type depends on the content of the inputs, expected one known beforehand"
        case .timingCache(let path, let reason): "timing cache '\(path)': \(reason)"
        case .threads(let count, let reason): "\(count) threads to time tactics on: \(reason)"
        case .cancelled(let progress): "cancelled at \(progress)"
        }
    }
}
