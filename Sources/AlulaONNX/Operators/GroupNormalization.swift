// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators

/// ONNX GroupNormalization, opset 18, 21.
@Sendable
func importGroupNormalization(_ context: inout ImportContext) throws(ImportError) {
    guard let groupCount = try context.integer("num_groups") else {
        throw context.unsupported("no attribute 'num_groups'", expected: "the number of groups")
    }
    context.emit(
        GroupNormalization(
            groupCount: groupCount,
            epsilon: try context.float("epsilon", default: 1e-5),
            isScaledPerGroup: context.opset < 21
        )
    )
}
