// SPDX-License-Identifier: Apache-2.0

public import Alula

/// Why a detector could not be made or could not run.
@nonexhaustive
public enum PointPillarsError: Error, Sendable, Equatable {
    /// A field of the configuration is out of range.
    case configuration(field: String, got: String, expected: String)
    /// The configuration and the model disagree.
    case mismatch(what: String, model: String, configuration: String)
    /// The model is not a PointPillars network of a known form.
    case unknownModel(model: String, got: String, expected: String)
    /// The ONNX file was refused.
    case importing(model: String, ImportError)
    /// The network could not be built.
    case building(BuilderError)
    /// The plan could not be loaded.
    case loading(PlanError)
    /// The engine refused or failed.
    case running(ExecutionError)

    /// A parameter of the configuration.
    init(_ problem: ParameterProblem) {
        self = .configuration(field: problem.name, got: problem.got, expected: problem.expected)
    }
}

extension PointPillarsError: CustomStringConvertible {
    /// What, where, got, expected, in one sentence.
    public var description: String {
        switch self {
        case .configuration(let field, let got, let expected):
            "configuration: \(field): got \(got), expected \(expected)"
        case .mismatch(let what, let model, let configuration):
            "\(what): the model has \(model), the configuration says \(configuration)"
        case .unknownModel(let model, let got, let expected):
            "model '\(model)': got \(got), expected \(expected)"
        case .importing(let model, let error): "model '\(model)': \(error)"
        case .building(let error): "\(error)"
        case .loading(let error): "\(error)"
        case .running(let error): "\(error)"
        }
    }
}
