// SPDX-License-Identifier: Apache-2.0

internal import Alula

extension Plan {
    /// Layers and bindings as JSON, in the form of TensorRT's engine inspector.
    ///
    /// Extents are those of fixed shapes, or of the shapes the first profile is tuned for; null where only a run tells.
    var inspectorText: String {
        let types = typicalTypes
        let layers = steps.map { step in
            let operands = [("Inputs", step.inputs), ("Outputs", step.outputs)].map { key, indices in
                let tensors = indices.compactMap(\.self).map { tensorText(values[$0].name, types[$0]) }
                return "\"\(key)\": [\(tensors.joined(separator: ", "))]"
            }
            let parameters = OperatorDescription(step.operation).text
            let head = "\"Name\": \(jsonString(step.name)), \"LayerType\": \(jsonString(step.operation.name))"
            return "{\(head), \(operands.joined(separator: ", ")), \"Operator\": \(jsonString(parameters))}"
        }
        let names = bindings.map { jsonString($0.name) }
        return "{\"Layers\": [\(layers.joined(separator: ",\n"))],\n\"Bindings\": [\(names.joined(separator: ", "))]}"
    }

    /// The type of each value for the shapes the plan is tuned for; nil where it is not known.
    private var typicalTypes: [TensorType?] {
        let inputs = bindings.prefix { $0.mode == .input }
        let shapes = inputs.compactMap { input -> Shape? in
            guard let shape = input.fixedShape ?? profiles.first?.ranges[input.name]?.opt else { return nil }
            guard case .implicit(let maximum) = batchMode else { return shape }
            return Shape([maximum] + shape.extents)
        }
        guard shapes.count == inputs.count, let known = try? PlanShapes(self, inputShapes: shapes) else {
            return Array(repeating: nil, count: values.count)
        }
        return known.types
    }

    private func tensorText(_ name: String, _ type: TensorType?) -> String {
        let extents = type.map { "\($0.shape.extents)" } ?? "null"
        let format = type.map { jsonString("Row major linear \($0.dataType.inspectorName) format") } ?? "\"N/A\""
        return "{\"Name\": \(jsonString(name)), \"Dimensions\": \(extents), \"Format/Datatype\": \(format)}"
    }
}

extension DataType {
    /// The type as TensorRT's inspector writes it.
    fileprivate var inspectorName: String {
        switch self {
        case .float32: "FP32"
        case .float16: "FP16"
        case .bool: "Bool"
        case .int8: "Int8"
        case .int32: "Int32"
        case .int64: "Int64"
        default: "\(self)"
        }
    }
}

/// `text` as a JSON string.
private func jsonString(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
