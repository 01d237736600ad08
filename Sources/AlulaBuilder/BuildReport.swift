// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// What the builder did to a network and how each step of the plan runs.
public struct BuildReport: Sendable {
    /// One rewrite of the network.
    public struct Remark: Sendable, Hashable, CustomStringConvertible {
        /// The pass that made it.
        public var pass: String
        /// What it did to which nodes.
        public var text: String
        /// Pass and text.
        public var description: String { "\(pass): \(text)" }
    }

    /// One step of the plan, measured at the shapes the engine is tuned for.
    public struct Step: Sendable {
        /// The names of the nodes in it, joined with ` + `.
        public var name: String
        /// The operator, and its stages if fused.
        public var operatorName: String
        /// The kernel's identifier; nil when the scalar reference runs.
        public var kernel: String?
        /// The types of the outputs; nil when they depend on the content of the inputs.
        public var outputs: [TensorType]?
        /// Floating-point operations of one run, a multiply-add counting two.
        public var floatingPointOperations: Int
        /// Bytes of all inputs and outputs.
        public var byteCount: Int
    }

    /// All rewrites, in order.
    public var remarks: [Remark] = []
    /// All steps, in order.
    public var steps: [Step] = []

    /// The steps for which there is no kernel: their cost is that of the scalar reference.
    public var referenceSteps: [Step] { steps.filter { $0.kernel == nil } }

    /// Floating-point operations of all steps.
    public var floatingPointOperations: Int { steps.reduce(0) { $0 + $1.floatingPointOperations } }
}

extension BuildReport: CustomStringConvertible {
    /// Rewrites and steps, one a line, then the steps on scalar references.
    public var description: String {
        var lines = remarks.map(\.description)
        for step in steps {
            let cost = "\(step.floatingPointOperations) FLOP, \(step.byteCount) bytes"
            lines.append("\(step.name): \(step.operatorName): \(step.kernel ?? "scalar reference"), \(cost)")
        }
        let slow = referenceSteps
        if !slow.isEmpty {
            let cost = slow.reduce(0) { $0 + $1.floatingPointOperations }
            lines.append("\(slow.count) of \(steps.count) steps run scalar references (\(cost) FLOP)")
        }
        return lines.joined(separator: "\n")
    }
}
