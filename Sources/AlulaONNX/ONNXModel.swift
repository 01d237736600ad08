// SPDX-License-Identifier: Apache-2.0

public import AlulaGraph
public import AlulaTensor

/// An ONNX model as read from its file: checked for form, not yet for meaning.
///
/// The file is mapped, and constants point into the mapping: it must not be changed while the model, or a graph made
/// from it, is in use.
/// ```swift
/// let graph = try ONNXModel(path: "model.onnx").makeGraph()
/// ```
/// TensorRT counterpart: `nvonnxparser::IParser`.
public struct ONNXModel: Sendable {
    let proto: ModelProto

    /// Opset versions of ONNX's own domain that Alula reads; for most operators also older ones are the same.
    public static let supportedOpsets = 7...23

    /// Maps and reads the model at `path`, and its external data files, which must lie in the same folder.
    ///
    /// - Throws: ``ImportError/file(path:reason:)``, ``ImportError/malformed(path:byteOffset:reason:)``.
    public init(path: String) throws(ImportError) {
        proto = try ModelDecoder(source: ModelSource(path: path)).decodeModel()
    }

    /// Reads a model from bytes in memory.
    ///
    /// - Parameter folder: where external data files are looked up; nil refuses models with such files.
    /// - Throws: as ``init(path:)``.
    public init(bytes: [UInt8], folder: String? = nil) throws(ImportError) {
        proto = try ModelDecoder(source: ModelSource(bytes: bytes, folder: folder)).decodeModel()
    }

    /// The graph's name.
    public var name: String { proto.graph.name }
    /// The tool that wrote the model, with its version.
    public var producer: String { "\(proto.producerName) \(proto.producerVersion)" }
    /// Operator set versions by domain; the empty domain is ONNX's own.
    public var opsets: [String: Int] { proto.opsets }
    /// The operator types of the main graph's nodes, in the file's order.
    public var operatorTypes: [String] { proto.graph.nodes.map(\.operatorType) }

    /// Translates the model into a graph.
    ///
    /// Inputs with an initializer of the same name are constants. Model-local functions are replaced by their bodies.
    /// - Throws: ``ImportError``, which names node, operator and opset where one is to blame.
    public func makeGraph(importers: ImporterRegistry = .standard) throws(ImportError) -> Graph {
        var importer = GraphImporter(model: proto, importers: importers)
        return try importer.makeGraph()
    }
}

extension Graph {
    /// The graph of the ONNX model at `path`.
    ///
    /// - Throws: as ``ONNXModel/init(path:)`` and ``ONNXModel/makeGraph(importers:)``.
    public init(onnx path: String, importers: ImporterRegistry = .standard) throws(ImportError) {
        self = try ONNXModel(path: path).makeGraph(importers: importers)
    }
}

extension Tensor {
    /// The tensor in a file that is one ONNX `TensorProto`, as ONNX's test data is.
    ///
    /// - Throws: ``ImportError``; element types Alula lacks are ``ImportError/unsupportedValue(name:got:expected:)``.
    public init(onnxTensorFile path: String) throws(ImportError) {
        switch try ModelDecoder(source: ModelSource(path: path)).decodeTensor() {
        case .tensor(let tensor): self = tensor
        case .unsupported(let what): throw .unsupportedValue(name: path, got: what, expected: "a tensor of numbers")
        }
    }
}
