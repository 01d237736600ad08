// SPDX-License-Identifier: Apache-2.0

/// Everything that can go wrong from device creation to the last command, one case per TensorRT `ErrorCode`.
///
/// Two more cases are outcomes rather than faults: ``notReady(_:)`` and ``notPermitted(_:)``.
@nonexhaustive
public indirect enum ExecutionError: Error, Equatable, Sendable {
    /// Nothing more is known.
    case unspecified(Details)
    /// A defect of the runtime itself.
    case internalError(Details)
    /// The call's arguments are wrong; nothing was enqueued.
    case invalidArgument(Details)
    /// Network, profile or settings do not fit together.
    case invalidConfig(Details)
    /// Memory was refused.
    case failedAllocation(Details)
    /// A device or component did not start, or belongs to another process.
    case failedInitialization(Details)
    /// A command failed while it ran; ``Details/origin`` says which.
    case failedExecution(Details)
    /// The data made a computation impossible; ``Details/origin`` says where.
    case failedComputation(Details)
    /// The call is right but not now.
    case invalidState(Details)
    /// The call is not supported in this situation.
    case unsupportedState(Details)
    /// The work asked about has not finished.
    case notReady(Details)
    /// The call was made from a host function, which must not call back.
    case notPermitted(Details)

    /// What happened, where, what was got, what was expected.
    public struct Details: Equatable, Sendable {
        /// What went wrong, in a few words.
        public var what: String
        /// The stream, tensor, file or call it happened in.
        public var location: String
        /// What was there.
        public var got: String
        /// What should have been there.
        public var expected: String
        /// The command that failed, when it failed asynchronously.
        public var origin: CommandOrigin?

        /// Collects the four parts; ``origin`` is filled in by the stream.
        public init(_ what: String, in location: String, got: String, expected: String, origin: CommandOrigin? = nil) {
            self.what = what
            self.location = location
            self.got = got
            self.expected = expected
            self.origin = origin
        }
    }

    /// The TensorRT code; its `cudaError` is the CUDA number.
    public var code: ErrorCode {
        switch self {
        case .unspecified: .unspecified
        case .internalError: .internalError
        case .invalidArgument: .invalidArgument
        case .invalidConfig: .invalidConfig
        case .failedAllocation: .failedAllocation
        case .failedInitialization: .failedInitialization
        case .failedExecution: .failedExecution
        case .failedComputation: .failedComputation
        case .invalidState: .invalidState
        case .unsupportedState: .unsupportedState
        case .notReady: .notReady
        case .notPermitted: .notPermitted
        }
    }

    /// The four parts and, for asynchronous failures, the origin.
    public var details: Details {
        switch self {
        case .unspecified(let details), .internalError(let details), .invalidArgument(let details),
            .invalidConfig(let details), .failedAllocation(let details), .failedInitialization(let details),
            .failedExecution(let details), .failedComputation(let details), .invalidState(let details),
            .unsupportedState(let details), .notReady(let details), .notPermitted(let details):
            details
        }
    }

    /// The error with this code; ``ErrorCode/success`` is not an error and becomes ``unspecified(_:)``.
    package init(_ code: ErrorCode, _ details: Details) {
        self =
            switch code {
            case .success, .unspecified: .unspecified(details)
            case .internalError: .internalError(details)
            case .invalidArgument: .invalidArgument(details)
            case .invalidConfig: .invalidConfig(details)
            case .failedAllocation: .failedAllocation(details)
            case .failedInitialization: .failedInitialization(details)
            case .failedExecution: .failedExecution(details)
            case .failedComputation: .failedComputation(details)
            case .invalidState: .invalidState(details)
            case .unsupportedState: .unsupportedState(details)
            case .notReady: .notReady(details)
            case .notPermitted: .notPermitted(details)
            }
    }

    /// The same error with its origin; what is already known more closely (layer, node of a graph) is kept.
    package func attributed(to origin: CommandOrigin) -> ExecutionError {
        var details = self.details
        var origin = origin
        if let known = details.origin {
            origin.layer = known.layer ?? origin.layer
            if !known.command.isEmpty { origin.command = known.command }
            if !known.callSite.isEmpty { origin.callSite = known.callSite }
        }
        details.origin = origin
        return ExecutionError(code, details)
    }

    /// The same error, naming the layer it happened in. For plan execution, before the stream adds the command.
    package func attributed(toLayer layer: String) -> ExecutionError {
        attributed(to: CommandOrigin(command: "", sequence: 0, stream: "", layer: layer, callSite: ""))
    }
}

extension ExecutionError: CustomStringConvertible {
    /// Code, what, where, got, expected, and the origin of an asynchronous failure.
    public var description: String {
        let details = self.details
        var text = "\(code): \(details.what) in \(details.location): got \(details.got), expected \(details.expected)"
        if let origin = details.origin { text += "; \(origin)" }
        return text
    }
}

/// Which command failed asynchronously and who enqueued it.
public struct CommandOrigin: Equatable, Sendable, CustomStringConvertible {
    /// The kind of command: "copy", "execute", "hostFunction"…
    public var command: String
    /// The command's position in its stream.
    public var sequence: UInt64
    /// The stream's name.
    public var stream: String
    /// The layer of the network that failed; nil for commands without layers.
    public var layer: String?
    /// File and line of the call that enqueued the command.
    public var callSite: String

    /// "from execute 12 on stream 'main', layer 'conv1', enqueued at App/main.swift:7".
    public var description: String {
        let layer = self.layer.map { ", layer '\($0)'" } ?? ""
        return "from \(command) \(sequence) on stream '\(stream)'\(layer), enqueued at \(callSite)"
    }
}

/// File and line of a call into the API, kept without allocating.
struct CallSite: Sendable {
    var fileID: StaticString
    var line: UInt

    /// "Module/File.swift:7".
    var text: String { "\(fileID):\(line)" }
}
