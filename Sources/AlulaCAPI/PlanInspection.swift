// SPDX-License-Identifier: Apache-2.0

internal import Alula

extension Plan {
    /// Layers and bindings as JSON, in the form of TensorRT's engine inspector.
    var inspectorText: String {
        let layers = steps.map { step in
            let operands = [("Inputs", step.inputs), ("Outputs", step.outputs)].map { key, indices in
                let tensors = indices.compactMap(\.self).map { "{\"Name\": \(jsonString(values[$0].name))}" }
                return "\"\(key)\": [\(tensors.joined(separator: ", "))]"
            }
            let parameters = OperatorDescription(step.operation).text
            let head = "\"Name\": \(jsonString(step.name)), \"LayerType\": \(jsonString(step.operation.name))"
            return "{\(head), \(operands.joined(separator: ", ")), \"Operator\": \(jsonString(parameters))}"
        }
        let names = bindings.map { jsonString($0.name) }
        return "{\"Layers\": [\(layers.joined(separator: ",\n"))],\n\"Bindings\": [\(names.joined(separator: ", "))]}"
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
