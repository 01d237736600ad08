// SPDX-License-Identifier: Apache-2.0

/// TensorRT's `ErrorCode`, number for number, and the `cudaError_t` each maps to.
///
/// Both maps are one to one, so a drop-in can translate in either direction without losing a distinction.
public enum ErrorCode: Int32, CaseIterable, Sendable {
    /// No error: TensorRT `kSUCCESS`, `cudaSuccess`.
    case success = 0
    /// Nothing more is known: `kUNSPECIFIED_ERROR`, `cudaErrorUnknown`.
    case unspecified = 1
    /// A defect of the runtime itself: `kINTERNAL_ERROR`, `cudaErrorApiFailureBase`.
    case internalError = 2
    /// The call's arguments are wrong: `kINVALID_ARGUMENT`, `cudaErrorInvalidValue`.
    case invalidArgument = 3
    /// The network, profile or settings do not fit together: `kINVALID_CONFIG`, `cudaErrorInvalidConfiguration`.
    case invalidConfig = 4
    /// Memory was refused: `kFAILED_ALLOCATION`, `cudaErrorMemoryAllocation`.
    case failedAllocation = 5
    /// A device or component did not start: `kFAILED_INITIALIZATION`, `cudaErrorInitializationError`.
    case failedInitialization = 6
    /// A command failed while it ran: `kFAILED_EXECUTION`, `cudaErrorLaunchFailure`.
    case failedExecution = 7
    /// The data made a computation impossible: `kFAILED_COMPUTATION`, `cudaErrorAssert`.
    case failedComputation = 8
    /// The call is right but not now: `kINVALID_STATE`, `cudaErrorIllegalState`.
    case invalidState = 9
    /// The call is not supported in this situation: `kUNSUPPORTED_STATE`, `cudaErrorNotSupported`.
    case unsupportedState = 10
    /// Outcome of a query, not of TensorRT: `cudaErrorNotReady`.
    case notReady = 11
    /// Outcome of a call out of a host function, not of TensorRT: `cudaErrorNotPermitted`.
    case notPermitted = 12

    /// The number CUDA uses for this outcome.
    public var cudaError: Int32 {
        switch self {
        case .success: 0
        case .unspecified: 999
        case .internalError: 10_000
        case .invalidArgument: 1
        case .invalidConfig: 9
        case .failedAllocation: 2
        case .failedInitialization: 3
        case .failedExecution: 719
        case .failedComputation: 710
        case .invalidState: 401
        case .unsupportedState: 801
        case .notReady: 600
        case .notPermitted: 800
        }
    }

    /// The code with this CUDA number; nil for numbers that no code maps to.
    public init?(cudaError: Int32) {
        guard let code = Self.allCases.first(where: { $0.cudaError == cudaError }) else { return nil }
        self = code
    }
}
