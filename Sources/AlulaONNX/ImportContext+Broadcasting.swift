// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators

extension ImportContext {
    /// Appends an operator of two operands that broadcast to each other.
    ///
    /// Before opset 7 an attribute says at which axis of the left operand the right one starts; only where that is what
    /// broadcasting does anyway, at the last axes, it is accepted.
    mutating func emitBroadcasting(_ operation: any Operator) throws(ImportError) {
        if opset < 7, let axis = try integer("axis") {
            guard let left = rank(0), let right = rank(1), (axis < 0 ? axis + left : axis) + right == left else {
                throw unsupported("axis = \(axis)", expected: "the right operand at the last axes of the left one")
            }
        }
        emit(operation)
    }

    /// The declared rank of input `index`; nil where a node's rule decides.
    private func rank(_ index: Int) -> Int? { input(index).flatMap { graph[$0].dimensions?.count } }
}
