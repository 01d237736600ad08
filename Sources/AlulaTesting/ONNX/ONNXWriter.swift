// SPDX-License-Identifier: Apache-2.0

package import AlulaONNX
package import AlulaTensor

/// Describes an ONNX model and serialises it, for tests of the reader and importer.
package struct ONNXWriter: Sendable {
    /// How an initializer's elements are stored.
    package enum Form: Sendable {
        /// Little-endian bytes in `raw_data`.
        case raw
        /// The typed field of the element type, packed.
        case typed
        /// The typed field, one key an element, as old writers did.
        case unpacked
        /// Bytes of another file; length left out when nil.
        case external(location: String, byteOffset: Int, byteCount: Int?)
    }

    /// A named constant.
    package struct Initializer: Sendable {
        package var name: String
        package var tensor: Tensor
        package var form: Form
    }

    /// A network input or output; nil dimensions leave the rank open.
    package struct ValueInfo: Sendable {
        package var name: String
        package var elementType: Int
        package var dimensions: [Dimension]?
    }

    /// A function of the model.
    package struct Function: Sendable {
        package var name: String
        package var domain: String
        package var inputs: [String]
        package var outputs: [String]
        package var nodes: [NodeProto]
        package var attributeDefaults: [String: AttributeProto] = [:]
        package var opsets: [String: Int] = ["": 21]

        /// A function.
        package init(name: String, domain: String, inputs: [String], outputs: [String], nodes: [NodeProto]) {
            self.name = name
            self.domain = domain
            self.inputs = inputs
            self.outputs = outputs
            self.nodes = nodes
        }
    }

    package var name = "test"
    package var opsets: [String: Int] = ["": 21]
    package var nodes: [NodeProto] = []
    package var initializers: [Initializer] = []
    package var inputs: [ValueInfo] = []
    package var outputs: [ValueInfo] = []
    package var functions: [Function] = []

    /// An empty model of opset 21.
    package init() {}

    /// Adds a network input.
    package mutating func addInput(_ name: String, _ type: DataType, _ dimensions: [Dimension]?) {
        inputs.append(ValueInfo(name: name, elementType: Int(type.rawValue), dimensions: dimensions))
    }

    /// Adds a network output without declared shape.
    package mutating func addOutput(_ name: String, _ type: DataType = .float32) {
        outputs.append(ValueInfo(name: name, elementType: Int(type.rawValue), dimensions: nil))
    }

    /// Adds a constant.
    package mutating func addInitializer(_ name: String, _ tensor: Tensor, form: Form = .raw) {
        initializers.append(Initializer(name: name, tensor: tensor, form: form))
    }

    /// Adds a node.
    package mutating func addNode(
        _ operatorType: String,
        _ inputs: [String],
        _ outputs: [String],
        domain: String = "",
        attributes: [String: AttributeProto] = [:]
    ) {
        let node = NodeProto(
            name: "node\(nodes.count)",
            operatorType: operatorType,
            domain: domain,
            inputs: inputs,
            outputs: outputs,
            attributes: attributes
        )
        nodes.append(node)
    }

    /// The model file's bytes.
    package func serialized() -> [UInt8] {
        var model = WireWriter()
        model.integer(1, 10)
        model.string(2, "alula-testing")
        model.message(7) { graph in
            for node in nodes { graph.message(1) { $0.write(node) } }
            graph.string(2, name)
            for initializer in initializers { graph.message(5) { $0.write(initializer) } }
            for input in inputs { graph.message(11) { $0.write(input) } }
            for output in outputs { graph.message(12) { $0.write(output) } }
        }
        for (domain, version) in opsets.sorted(by: { $0.key < $1.key }) {
            model.message(8) { $0.writeOpset(domain, version) }
        }
        for function in functions { model.message(25) { $0.write(function) } }
        return model.bytes
    }
}

extension WireWriter {
    fileprivate mutating func writeOpset(_ domain: String, _ version: Int) {
        string(1, domain)
        integer(2, version)
    }

    fileprivate mutating func write(_ function: ONNXWriter.Function) {
        string(1, function.name)
        for input in function.inputs { string(4, input) }
        for output in function.outputs { string(5, output) }
        for (name, value) in function.attributeDefaults.sorted(by: { $0.key < $1.key }) {
            message(11) { $0.write(name, value) }
        }
        for node in function.nodes { message(7) { $0.write(node) } }
        for (domain, version) in function.opsets.sorted(by: { $0.key < $1.key }) {
            message(9) { $0.writeOpset(domain, version) }
        }
        string(10, function.domain)
    }

    fileprivate mutating func write(_ node: NodeProto) {
        for input in node.inputs { string(1, input) }
        for output in node.outputs { string(2, output) }
        string(3, node.name)
        string(4, node.operatorType)
        for (name, value) in node.attributes.sorted(by: { $0.key < $1.key }) { message(5) { $0.write(name, value) } }
        if !node.domain.isEmpty { string(7, node.domain) }
    }

    fileprivate mutating func write(_ name: String, _ value: AttributeProto) {
        string(1, name)
        switch value {
        case .float(let value):
            float(2, value)
            integer(20, 1)
        case .integer(let value):
            integer(3, value)
            integer(20, 2)
        case .string(let value):
            string(4, value)
            integer(20, 3)
        case .tensor(let value):
            message(5) { $0.write(ONNXWriter.Initializer(name: "", tensor: value, form: .raw)) }
            integer(20, 4)
        case .floats(let values):
            packedFloats(7, values)
            integer(20, 6)
        case .integers(let values):
            packedIntegers(8, values)
            integer(20, 7)
        case .strings(let values):
            for value in values { string(9, value) }
            integer(20, 8)
        case .reference(let reference):
            string(21, reference)
            integer(20, 2)
        case .graph:
            message(6) { $0.string(2, "subgraph") }
            integer(20, 5)
        case .unsupported:
            message(22) { $0.packedIntegers(3, [1]) }
            integer(20, 11)
        }
    }

    fileprivate mutating func write(_ value: ONNXWriter.ValueInfo) {
        string(1, value.name)
        message(2) { type in
            type.message(1) { tensor in
                tensor.integer(1, value.elementType)
                guard let dimensions = value.dimensions else { return }
                tensor.message(2) { shape in
                    for dimension in dimensions { shape.message(1) { $0.write(dimension) } }
                }
            }
        }
    }

    private mutating func write(_ dimension: Dimension) {
        switch dimension {
        case .fixed(let extent): integer(1, extent)
        case .symbolic(let name): if !name.isEmpty { string(2, name) }
        }
    }

    package mutating func write(_ initializer: ONNXWriter.Initializer) {
        let tensor = initializer.tensor
        packedIntegers(1, tensor.shape.extents)
        integer(2, Int(tensor.dataType.rawValue))
        string(8, initializer.name)
        switch initializer.form {
        case .raw: bytes(9, tensor.byteArray)
        case .typed: writeTyped(tensor, packed: true)
        case .unpacked: writeTyped(tensor, packed: false)
        case .external(let location, let byteOffset, let byteCount):
            writeEntry("location", location)
            writeEntry("offset", "\(byteOffset)")
            if let byteCount { writeEntry("length", "\(byteCount)") }
            integer(14, 1)
        }
    }

    private mutating func writeEntry(_ key: String, _ value: String) {
        message(13) { entry in
            entry.string(1, key)
            entry.string(2, value)
        }
    }

    private mutating func writeTyped(_ tensor: Tensor, packed: Bool) {
        switch tensor.dataType {
        case .float32:
            let elements = tensor.elements(as: Float.self)
            if packed { return packedFloats(4, elements) }
            for element in elements { float(4, element) }
        case .float64:
            let elements = tensor.elements(as: Double.self)
            if packed { return packedDoubles(10, elements) }
            for element in elements { double(10, element) }
        default:
            let field = [.int64: 7, .uint32: 11, .uint64: 11][tensor.dataType] ?? 5
            let halves = tensor.dataType == .float16 ? tensor.elements(as: Float16.self) : []
            let elements = tensor.integers() ?? halves.map { Int($0.bitPattern) }
            if packed { return packedIntegers(field, elements) }
            for element in elements { integer(field, element) }
        }
    }
}
