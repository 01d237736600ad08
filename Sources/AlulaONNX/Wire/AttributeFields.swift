// SPDX-License-Identifier: Apache-2.0

/// The fields of an `AttributeProto` while it is read.
struct AttributeFields {
    var name = ""
    var type = 0
    var reference: String?
    var float: Float?
    var integer: Int?
    var string: String?
    var tensor: TensorContent?
    var floats: [Float] = []
    var integers: [Int] = []
    var strings: [String] = []
    /// Numbers of the fields that are present and that Alula does not read.
    var others: [Int] = []

    /// What the attribute is; nil when it claims a type and has no value.
    ///
    /// Writers leave out values that are zero and, before IR version 2, the type.
    var value: AttributeProto? {
        if let reference, !reference.isEmpty { return .reference(reference) }
        switch type {
        case 0: return untyped
        case 1: return .float(float ?? 0)
        case 2: return .integer(integer ?? 0)
        case 3: return .string(string ?? "")
        case 4: return tensor.map(Self.attribute)
        case 5: return others.contains(6) ? .graph : nil
        case 6: return .floats(floats)
        case 7: return .integers(integers)
        case 8: return .strings(strings)
        case 9: return .unsupported("a list of tensors")
        case 10: return .unsupported("a list of graphs")
        case 11: return .unsupported("a sparse tensor")
        case 12: return .unsupported("a list of sparse tensors")
        case 13: return .unsupported("a type")
        case 14: return .unsupported("a list of types")
        default: return .unsupported("attribute type \(type)")
        }
    }

    private var untyped: AttributeProto? {
        if let float { return .float(float) }
        if let integer { return .integer(integer) }
        if let string { return .string(string) }
        if let tensor { return Self.attribute(tensor) }
        if others.contains(6) { return .graph }
        if !floats.isEmpty { return .floats(floats) }
        if !strings.isEmpty { return .strings(strings) }
        return others.isEmpty ? .integers(integers) : .unsupported("field \(others[0])")
    }

    private static func attribute(_ content: TensorContent) -> AttributeProto {
        switch content {
        case .tensor(let tensor): .tensor(tensor)
        case .unsupported(let what): .unsupported(what)
        }
    }
}
