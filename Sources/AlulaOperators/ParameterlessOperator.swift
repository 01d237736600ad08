// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// An operator without parameters.
public protocol ParameterlessOperator: Operator {
    /// The operator.
    init()
}

extension ParameterlessOperator {
    /// Restores the operator; there is nothing to restore.
    public init(attributes: Attributes) throws(OperatorError) { self.init() }
    /// Empty.
    public var attributes: Attributes { [:] }
}

extension [Tensor?] {
    /// Operand `position`; nil when it is omitted or past the end.
    func operand(_ position: Int) -> Tensor? { position < count ? self[position] : nil }
}
