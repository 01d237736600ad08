// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaTensor

/// ONNX Constant, opset 1 to 23; strings and sparse tensors are refused.
@Sendable
func importConstant(_ context: inout ImportContext) throws(ImportError) {
    let supported = "value, value_float, value_floats, value_int or value_ints"
    guard let (name, value) = context.node.attributes.first, context.node.attributes.count == 1 else {
        throw context.unsupported("\(context.node.attributes.count) attributes", expected: "one of \(supported)")
    }
    let tensor: Tensor
    switch value {
    case .tensor(let value): tensor = value
    case .float(let value): tensor = Tensor(scalar: value)
    case .floats(let values): tensor = Tensor(values, shape: [values.count])
    case .integer(let value): tensor = Tensor(scalar: Int64(value))
    case .integers(let values): tensor = Tensor(values.map { Int64($0) }, shape: [values.count])
    case .unsupported(let what): throw context.unsupported("\(name): \(what)", expected: "a tensor of numbers")
    default: throw context.unsupported("attribute '\(name)'", expected: supported)
    }
    context.bindOutput(to: context.graph.addConstant(tensor, name: context.node.outputs.first ?? context.displayName))
}
