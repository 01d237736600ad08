// SPDX-License-Identifier: Apache-2.0

public import AlulaOperators
public import AlulaPlan

/// What to build a network for. TensorRT counterpart: `IBuilderConfig`.
public struct BuilderConfiguration: Sendable {
    /// Whether shapes carry the batch; see ``BatchMode``.
    ///
    /// Implicit batches need the same leading extent, symbolic or 1, on every input and output and fixed others.
    public var batchMode: BatchMode = .explicit
    /// Ranges of the inputs whose extents vary; with several, the execution context chooses one.
    public var profiles: [OptimizationProfile] = []
    /// The operators the engine will know.
    public var registry: OperatorRegistry = .standard
    /// Leaves out kernels that trade accuracy for speed, such as Winograd convolutions.
    public var isStrict = false
    /// Threads to time tactics on; nil takes every core the process may use. Run the engine on as many.
    public var threadCount: Int?
    /// Whether tactics compete on the clock. Without, cost models choose, at once and everywhere alike.
    public var timesTactics = true
    /// Times of earlier builds; ``BuildReport/timingCache`` has those of this build too.
    public var timingCache = TimingCache()
    /// The largest constant that folding may make, in bytes; larger results are computed by the engine.
    public var maxFoldedByteCount = 64 << 20
    /// The passes to run, in order; tests run them one by one.
    package var passes: [GraphPass] = GraphPass.standard

    /// Explicit batch, fixed shapes, all operators of Alula.
    public init() {}
}

/// How far a build is.
public struct BuildProgress: Sendable, Hashable, CustomStringConvertible {
    /// What is done next: a pass, or `lower`.
    public var phase: String
    /// Phases done.
    public var completed: Int
    /// Phases in total.
    public var total: Int

    /// A state of a build.
    public init(phase: String, completed: Int, total: Int) {
        self.phase = phase
        self.completed = completed
        self.total = total
    }

    /// For example `fuse-elementwise (7 of 12)`.
    public var description: String { "\(phase) (\(completed) of \(total))" }
}
