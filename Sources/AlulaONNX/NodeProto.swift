// SPDX-License-Identifier: Apache-2.0

package import AlulaTensor

/// One node of an ONNX model, as read from the file.
package struct NodeProto: Sendable {
    /// The node's name; may be empty.
    package var name: String
    /// For example `Conv`.
    package var operatorType: String
    /// The operator set's domain; empty means ONNX's own.
    package var domain: String
    /// Value names; empty where an optional input is omitted.
    package var inputs: [String]
    /// Value names; empty where an output is not wanted.
    package var outputs: [String]
    /// Attributes by name.
    package var attributes: [String: AttributeProto]

    /// A node.
    package init(
        name: String = "",
        operatorType: String,
        domain: String = "",
        inputs: [String],
        outputs: [String],
        attributes: [String: AttributeProto] = [:]
    ) {
        self.name = name
        self.operatorType = operatorType
        self.domain = domain
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
    }
}

/// The value of one ONNX attribute.
package enum AttributeProto: Sendable {
    case float(Float)
    case integer(Int)
    case string(String)
    case tensor(Tensor)
    case floats([Float])
    case integers([Int])
    case strings([String])
    /// A subgraph (`If`, `Loop`, `Scan`), which no importer reads.
    case graph
    /// Inside a model-local function: the value of the caller's attribute of this name.
    case reference(String)
    /// A kind Alula does not read (sparse tensors, type protos, lists of graphs), by its number.
    case unsupported(kind: Int)
}
