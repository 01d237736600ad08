// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// Reads the messages of an ONNX file. Source: `onnx.proto` of ONNX 1.17, IR version 10.
struct ModelDecoder {
    let source: ModelSource

    /// Reads the whole model.
    func decodeModel() throws(ImportError) -> ModelProto {
        try reporting { () throws in
            let content = source.content
            return try model(WireReader(content.span(of: UInt8.self), range: 0..<content.byteCount))
        }
    }

    /// Reads a file that is one tensor, as ONNX's test data is.
    func decodeTensor() throws(ImportError) -> TensorContent {
        try reporting { () throws in
            let content = source.content
            let reader = WireReader(content.span(of: UInt8.self), range: 0..<content.byteCount)
            return try TensorDecoder(source: source).decode(reader).content
        }
    }

    private func reporting<Result>(_ body: () throws -> Result) throws(ImportError) -> Result {
        do {
            return try body()
        } catch let error as WireError {
            throw .malformed(path: source.path, byteOffset: error.byteOffset, reason: error.reason)
        } catch let error as ImportError {
            throw error
        } catch {
            throw .file(path: source.path, reason: "\(error)")
        }
    }

    // MARK: - Model

    private func model(_ reader: consuming WireReader) throws -> ModelProto {
        var model = ModelProto()
        var hasGraph = false
        while let field = try reader.nextField() {
            switch field.number {
            case 1: model.irVersion = try reader.integer(field)
            case 2: model.producerName = try reader.text(field)
            case 3: model.producerVersion = try reader.text(field)
            case 7:
                model.graph = try graph(reader.message(field))
                hasGraph = true
            case 8: try opset(reader.message(field), into: &model.opsets)
            case 25: model.functions.append(try function(reader.message(field)))
            default: try reader.skip(field)
            }
        }
        guard hasGraph else { throw WireError(byteOffset: 0, reason: "there is no graph") }
        return model
    }

    private func opset(_ reader: consuming WireReader, into opsets: inout [String: Int]) throws(WireError) {
        var domain = ""
        var version = 0
        while let field = try reader.nextField() {
            switch field.number {
            case 1: domain = try reader.string(field)
            case 2: version = try reader.integer(field)
            default: try reader.skip(field)
            }
        }
        opsets[domain == "ai.onnx" ? "" : domain] = version
    }

    private func function(_ reader: consuming WireReader) throws -> FunctionProto {
        var function = FunctionProto()
        while let field = try reader.nextField() {
            switch field.number {
            case 1: function.name = try reader.string(field)
            case 4: function.inputs.append(try reader.string(field))
            case 5: function.outputs.append(try reader.string(field))
            case 7: function.nodes.append(try node(reader.message(field)))
            case 9: try opset(reader.message(field), into: &function.opsets)
            case 10: function.domain = try reader.string(field)
            case 11:
                let (name, value) = try attribute(reader.message(field))
                function.attributeDefaults[name] = value
            case 13: function.overload = try reader.string(field)
            default: try reader.skip(field)
            }
        }
        return function
    }

    private func graph(_ reader: consuming WireReader) throws -> GraphProto {
        var graph = GraphProto()
        let tensors = TensorDecoder(source: source)
        while let field = try reader.nextField() {
            switch field.number {
            case 1: graph.nodes.append(try node(reader.message(field)))
            case 2: graph.name = try reader.text(field)
            case 5:
                let (name, content) = try tensors.decode(reader.message(field))
                graph.initializers.append(InitializerProto(name: name, content: content))
            case 11: graph.inputs.append(try valueInfo(reader.message(field)))
            case 12: graph.outputs.append(try valueInfo(reader.message(field)))
            case 15:
                let name = try sparseTensorName(reader.message(field))
                let content = TensorContent.unsupported("a sparse tensor")
                graph.initializers.append(InitializerProto(name: name, content: content))
            default: try reader.skip(field)
            }
        }
        return graph
    }

    /// A sparse tensor goes by the name of its values.
    private func sparseTensorName(_ reader: consuming WireReader) throws -> String {
        var name = ""
        while let field = try reader.nextField() {
            if field.number == 1 {
                name = try TensorDecoder(source: source).decode(reader.message(field)).name
            } else {
                try reader.skip(field)
            }
        }
        return name
    }

    // MARK: - Nodes

    private func node(_ reader: consuming WireReader) throws -> NodeProto {
        var node = NodeProto(operatorType: "", inputs: [], outputs: [])
        while let field = try reader.nextField() {
            switch field.number {
            case 1: node.inputs.append(try reader.string(field))
            case 2: node.outputs.append(try reader.string(field))
            case 3: node.name = try reader.text(field)
            case 4: node.operatorType = try reader.string(field)
            case 5:
                let (name, value) = try attribute(reader.message(field))
                node.attributes[name] = value
            case 7: node.domain = try reader.string(field)
            case 8: node.overload = try reader.string(field)
            default: try reader.skip(field)
            }
        }
        return node
    }

    private func attribute(_ reader: consuming WireReader) throws -> (String, AttributeProto) {
        var fields = AttributeFields()
        let start = reader.position
        while let field = try reader.nextField() {
            switch field.number {
            case 1: fields.name = try reader.string(field)
            case 2: fields.float = try reader.float(field)
            case 3: fields.integer = try reader.integer(field)
            case 4: fields.string = try reader.text(field)
            case 5: fields.tensor = try TensorDecoder(source: source).decode(reader.message(field)).content
            case 6, 10, 11, 14, 15, 22, 23:
                fields.others.append(field.number)
                try reader.skip(field)
            case 7: try reader.appendFloats(field, to: &fields.floats)
            case 8: try reader.appendIntegers(field, to: &fields.integers)
            case 9: fields.strings.append(try reader.text(field))
            case 20: fields.type = try reader.integer(field)
            case 21: fields.reference = try reader.string(field)
            default: try reader.skip(field)
            }
        }
        guard let value = fields.value else {
            throw WireError(byteOffset: start, reason: "attribute '\(fields.name)' of type \(fields.type) has no value")
        }
        return (fields.name, value)
    }

    // MARK: - Types

    private func valueInfo(_ reader: consuming WireReader) throws -> ValueInfoProto {
        var info = ValueInfoProto()
        while let field = try reader.nextField() {
            switch field.number {
            case 1: info.name = try reader.string(field)
            case 2: info.type = try valueType(reader.message(field))
            default: try reader.skip(field)
            }
        }
        return info
    }

    private func valueType(_ reader: consuming WireReader) throws -> ValueType {
        let kinds = [4: "a sequence", 5: "a map", 7: "an opaque type", 8: "a sparse tensor", 9: "an optional"]
        var type = ValueType.missing
        while let field = try reader.nextField() {
            if field.number == 1 {
                type = try tensorType(reader.message(field))
            } else {
                if let kind = kinds[field.number] { type = .unsupported(kind) }
                try reader.skip(field)
            }
        }
        return type
    }

    private func tensorType(_ reader: consuming WireReader) throws -> ValueType {
        var elementType = 0
        var dimensions: [Dimension]?
        while let field = try reader.nextField() {
            switch field.number {
            case 1: elementType = try reader.integer(field)
            case 2: dimensions = try shape(reader.message(field))
            default: try reader.skip(field)
            }
        }
        return .tensor(elementType: elementType, dimensions: dimensions)
    }

    private func shape(_ reader: consuming WireReader) throws -> [Dimension] {
        var dimensions: [Dimension] = []
        while let field = try reader.nextField() {
            guard field.number == 1 else {
                try reader.skip(field)
                continue
            }
            dimensions.append(try dimension(reader.message(field)))
        }
        return dimensions
    }

    private func dimension(_ reader: consuming WireReader) throws -> Dimension {
        var dimension = Dimension.symbolic("")
        while let field = try reader.nextField() {
            switch field.number {
            case 1:
                let extent = try reader.integer(field)
                // Exporters write -1 where they mean "any".
                dimension = extent < 0 ? .symbolic("") : .fixed(extent)
            case 2: dimension = .symbolic(try reader.text(field))
            default: try reader.skip(field)
            }
        }
        return dimension
    }
}
