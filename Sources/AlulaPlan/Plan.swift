// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators
public import AlulaTensor

/// The serialised engine in memory: everything the runtime needs, and no machine code.
///
/// A plan lists steps in execution order. Extents that vary between runs are not stored anywhere: a *plan instance* is
/// made from a plan and concrete input shapes by running the operators' shape rules step by step.
/// TensorRT counterpart: the bytes behind `ICudaEngine`.
public struct Plan: Sendable {
    /// The network's name.
    public var name: String
    /// Whether tensors carry the batch in their shapes.
    public var batchMode: BatchMode
    /// Inputs in network order, then outputs in network order; the index is TensorRT's binding index.
    public var bindings: [Binding]
    /// Allowed shapes of the inputs with dynamic extents; empty when all extents are fixed.
    public var profiles: [OptimizationProfile]
    /// All tensors, by the index steps use.
    package var values: [PlanValue]
    /// What runs, in order.
    package var steps: [Step]
    /// What tactics took where the plan was built: nanoseconds by problem (``KernelProblem/key``) and tactic name. Where a
    /// problem has none, cost models decide.
    package var timings: [String: [String: Double]] = [:]
    /// Whether kernels that trade accuracy for speed are left out.
    package var isStrict = false

    package init(
        name: String,
        batchMode: BatchMode,
        bindings: [Binding],
        profiles: [OptimizationProfile],
        values: [PlanValue],
        steps: [Step]
    ) {
        self.name = name
        self.batchMode = batchMode
        self.bindings = bindings
        self.profiles = profiles
        self.values = values
        self.steps = steps
    }
}

/// How a network treats the batch.
public enum BatchMode: Sendable, Hashable {
    /// The batch is an ordinary extent of the binding shapes.
    case explicit
    /// Binding shapes exclude the batch; each run names a batch from 1 to the maximum.
    case implicit(maxBatchSize: Int)
}

/// A named input or output tensor of an engine.
public struct Binding: Sendable, Hashable {
    /// Whether the caller provides the tensor or receives it.
    public enum Mode: UInt8, Sendable, Hashable {
        /// Read by the engine.
        case input = 0
        /// Written by the engine.
        case output = 1
    }

    /// The tensor's name in the network.
    public var name: String
    /// Input or output.
    public var mode: Mode
    /// The element type.
    public var dataType: DataType
    /// Extents, outermost first; without the batch in implicit batch mode. An output whose rank is not known before it
    /// runs has nil.
    public var dimensions: [Dimension]?

    /// A binding.
    public init(name: String, mode: Mode, dataType: DataType, dimensions: [Dimension]?) {
        self.name = name
        self.mode = mode
        self.dataType = dataType
        self.dimensions = dimensions
    }
}

/// The shapes an engine accepts, and the one it is tuned for, per input with dynamic extents.
///
/// TensorRT counterpart: `IOptimizationProfile`.
public struct OptimizationProfile: Sendable, Hashable {
    /// Minimum, optimum and maximum of one input's shape.
    public struct Range: Sendable, Hashable {
        /// The smallest extents accepted.
        public var min: Shape
        /// The extents the engine is tuned for.
        public var opt: Shape
        /// The largest extents accepted; memory is sized for these.
        public var max: Shape

        /// A range of shapes of one rank.
        public init(min: Shape, opt: Shape, max: Shape) {
            self.min = min
            self.opt = opt
            self.max = max
        }
    }

    /// Ranges by input name.
    public var ranges: [String: Range]

    /// A profile.
    public init(_ ranges: [String: Range] = [:]) { self.ranges = ranges }
}

/// A tensor of a plan.
package struct PlanValue: Sendable {
    /// Where the tensor lives.
    package enum Kind: Sendable {
        /// The caller's memory for this binding.
        case binding(Int)
        /// Weights and other constants; in a loaded plan the tensor points into the mapped file.
        case constant(Tensor)
        /// Made by one step and read by later ones.
        case intermediate
    }

    package var name: String
    package var kind: Kind

    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}

/// One operator application of a plan.
package struct Step: Sendable {
    /// The name shown by profilers: the node's, or those of all nodes fused into it.
    package var name: String
    /// What is computed; ``Fused`` for a producer with elementwise stages.
    package var operation: any Operator
    /// Indices into ``Plan/values``; nil where an optional input is omitted.
    package var inputs: [Int?]
    /// Indices into ``Plan/values``; nil where an output is not wanted. Each value is written by exactly one step.
    package var outputs: [Int?]

    package init(name: String, operation: any Operator, inputs: [Int?], outputs: [Int?]) {
        self.name = name
        self.operation = operation
        self.inputs = inputs
        self.outputs = outputs
    }
}
