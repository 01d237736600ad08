// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// A whole ONNX model as read from its file.
struct ModelProto: Sendable {
    var irVersion = 0
    var producerName = ""
    var producerVersion = ""
    /// Operator set versions by domain; the empty domain is ONNX's own.
    var opsets: [String: Int] = [:]
    var graph = GraphProto()
    var functions: [FunctionProto] = []
}

/// The main graph of a model.
struct GraphProto: Sendable {
    var name = ""
    var nodes: [NodeProto] = []
    var initializers: [InitializerProto] = []
    var inputs: [ValueInfoProto] = []
    var outputs: [ValueInfoProto] = []
}

/// A constant of the graph.
struct InitializerProto: Sendable {
    var name: String
    /// The content, or why it cannot be read; models may carry constants that nothing uses.
    var content: TensorContent
}

/// A tensor message as Alula sees it.
enum TensorContent: Sendable {
    case tensor(Tensor)
    /// A well-formed tensor of a kind Alula does not read; the text says which.
    case unsupported(String)
}

/// Name and declared type of a graph input or output.
struct ValueInfoProto: Sendable {
    var name = ""
    var type = ValueType.missing
}

/// The declared type of a value.
enum ValueType: Sendable {
    /// No type was given.
    case missing
    /// A tensor by ONNX's element type number; nil extents when not even the rank is declared.
    case tensor(elementType: Int, dimensions: [Dimension]?)
    /// A sequence, map, optional or sparse tensor.
    case unsupported(String)
}

/// A function defined in the model itself.
struct FunctionProto: Sendable {
    var name = ""
    var domain = ""
    var overload = ""
    var inputs: [String] = []
    var outputs: [String] = []
    /// Default values of attributes.
    var attributeDefaults: [String: AttributeProto] = [:]
    var nodes: [NodeProto] = []
    var opsets: [String: Int] = [:]
}

/// ONNX's names of element types, by number, for messages about those Alula lacks.
func elementTypeName(_ number: Int) -> String {
    let names = [
        0: "undefined", 8: "string", 14: "complex64", 15: "complex128", 16: "bfloat16", 17: "float8e4m3fn",
        18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1",
        24: "float8e8m0", 25: "uint2", 26: "int2",
    ]
    if let type = UInt8(exactly: number).flatMap(DataType.init(rawValue:)) { return type.description }
    return names[number] ?? "element type \(number)"
}
