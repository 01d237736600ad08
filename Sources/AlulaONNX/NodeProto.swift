// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// One node of an ONNX model, as read from the file.
public struct NodeProto: Sendable {
    /// The node's name; may be empty.
    public var name: String
    /// For example `Conv`.
    public var operatorType: String
    /// The operator set's domain; empty means ONNX's own.
    public var domain: String
    /// Which of several model-local functions of one name is meant; usually empty.
    public var overload: String
    /// Value names; empty where an optional input is omitted.
    public var inputs: [String]
    /// Value names; empty where an output is not wanted.
    public var outputs: [String]
    /// Attributes by name.
    public var attributes: [String: AttributeProto]

    /// A node.
    public init(
        name: String = "",
        operatorType: String,
        domain: String = "",
        overload: String = "",
        inputs: [String],
        outputs: [String],
        attributes: [String: AttributeProto] = [:]
    ) {
        self.name = name
        self.operatorType = operatorType
        self.domain = domain
        self.overload = overload
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
    }
}

/// The value of one ONNX attribute.
@nonexhaustive
public enum AttributeProto: Sendable {
    /// `FLOAT`.
    case float(Float)
    /// `INT`.
    case integer(Int)
    /// `STRING`; bytes that are not UTF-8 become replacement characters.
    case string(String)
    /// `TENSOR`.
    case tensor(Tensor)
    /// `FLOATS`.
    case floats([Float])
    /// `INTS`.
    case integers([Int])
    /// `STRINGS`.
    case strings([String])
    /// A subgraph (`If`, `Loop`, `Scan`), which no importer reads.
    case graph
    /// Inside a model-local function: the value of the caller's attribute of this name.
    case reference(String)
    /// A kind Alula does not read, in words: sparse tensors, tensors of strings, type protos, lists of graphs.
    case unsupported(String)
}
