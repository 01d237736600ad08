// SPDX-License-Identifier: Apache-2.0

/// The importers by operator name: one line per ONNX operator.
///
/// A value: extend ``standard`` with importers for operators of your own domain, and give the same operators to
/// ``OperatorRegistry``:
/// ```swift
/// var importers = ImporterRegistry.standard
/// importers.register("GridSample", domain: "com.example") { context throws(ImportError) in
///     context.emit(GridSample(alignCorners: try context.bool("align_corners", default: false)))
/// }
/// let graph = try Graph(onnx: "model.onnx", importers: importers)
/// ```
public struct ImporterRegistry: Sendable {
    private var importers: [String: NodeImporter] = [:]

    /// A registry without importers.
    public init() {}

    /// Adds an importer, replacing one of the same name and domain.
    ///
    /// An importer also takes precedence over a model-local function of its name.
    /// - Parameter domain: empty, or `ai.onnx`, for ONNX's own operators.
    public mutating func register(_ name: String, domain: String = "", _ importer: @escaping NodeImporter) {
        importers[Self.key(name, domain)] = importer
    }

    /// The importer of an operator; nil when there is none.
    public func importer(for name: String, domain: String) -> NodeImporter? { importers[Self.key(name, domain)] }

    private static func key(_ name: String, _ domain: String) -> String {
        domain.isEmpty || domain == "ai.onnx" ? name : "\(domain).\(name)"
    }

    /// Importers of all operators of ONNX's own domain that Alula supports.
    public static let standard: ImporterRegistry = {
        var registry = ImporterRegistry()
        registry.register("Constant", importConstant)
        registerElementwise(in: &registry)
        registerNeural(in: &registry)
        registerMovement(in: &registry)
        return registry
    }()
}

extension ImporterRegistry {
    /// Activations, arithmetic, comparison, logic, casts, reductions.
    private static func registerElementwise(in registry: inout ImporterRegistry) {
        registry.register("Relu", importRelu)
    }

    /// Convolutions, matrix products, pooling, normalisation, resizing, quantisation.
    private static func registerNeural(in registry: inout ImporterRegistry) {
        registry.register("Conv", importConv)
        registry.register("ConvTranspose", importConvTranspose)
        registry.register("MatMul", importMatMul)
        registry.register("Gemm", importGemm)
    }

    /// Shapes, slices, gathers, scatters, selection.
    private static func registerMovement(in registry: inout ImporterRegistry) {
        registry.register("Identity", importIdentity)
        registry.register("Concat", importConcat)
        registry.register("Split", importSplit)
        registry.register("Slice", importSlice)
        registry.register("Gather", importGather)
        registry.register("GatherElements", importGatherElements)
        registry.register("GatherND", importGatherND)
        registry.register("ScatterElements", importScatterElements)
        registry.register("ScatterND", importScatterND)
        registry.register("Transpose", importTranspose)
        registry.register("Reshape", importReshape)
        registry.register("Flatten", importFlatten)
        registry.register("Squeeze", importSqueeze)
        registry.register("Unsqueeze", importUnsqueeze)
        registry.register("Expand", importExpand)
        registry.register("Tile", importTile)
        registry.register("Pad", importPad)
        registry.register("Shape", importShape)
        registry.register("Size", importSize)
        registry.register("ConstantOfShape", importConstantOfShape)
        registry.register("Range", importRange)
        registry.register("TopK", importTopK)
        registry.register("NonZero", importNonZero)
        registry.register("OneHot", importOneHot)
        registry.register("Scatter", importScatterElements)
    }
}
