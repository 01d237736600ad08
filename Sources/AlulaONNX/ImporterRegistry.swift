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

    /// The names of all operators with an importer, ascending; those outside ONNX's own domain with their domain in front.
    public var names: [String] { importers.keys.sorted() }

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
        registry.register("LeakyRelu", importLeakyRelu)
        registry.register("PRelu", importPRelu)
        registry.register("Sigmoid", importSigmoid)
        registry.register("Tanh", importTanh)
        registry.register("Clip", importClip)
        registry.register("Elu", importElu)
        registry.register("HardSigmoid", importHardSigmoid)
        registry.register("HardSwish", importHardSwish)
        registry.register("Softplus", importSoftplus)
        registry.register("Gelu", importGelu)
        registry.register("Selu", importSelu)
        registry.register("Celu", importCelu)
        registry.register("ThresholdedRelu", importThresholdedRelu)
        registry.register("Softsign", importSoftsign)
        registry.register("Mish", importMish)
        registry.register("Swish", importSwish)
        registry.register("Erf", importErf)
        registry.register("Exp", importExp)
        registry.register("Log", importLog)
        registry.register("Sqrt", importSqrt)
        registry.register("Reciprocal", importReciprocal)
        registry.register("Abs", importAbs)
        registry.register("Neg", importNeg)
        registry.register("Sign", importSign)
        registry.register("Floor", importFloor)
        registry.register("Ceil", importCeil)
        registry.register("Round", importRound)
        registry.register("Sin", importSin)
        registry.register("Cos", importCos)
        registry.register("Tan", importTan)
        registry.register("Asin", importAsin)
        registry.register("Acos", importAcos)
        registry.register("Atan", importAtan)
        registry.register("Sinh", importSinh)
        registry.register("Cosh", importCosh)
        registry.register("Asinh", importAsinh)
        registry.register("Acosh", importAcosh)
        registry.register("Atanh", importAtanh)
        registry.register("Add", importAdd)
        registry.register("Sub", importSub)
        registry.register("Mul", importMul)
        registry.register("Div", importDiv)
        registry.register("Mod", importMod)
        registry.register("Pow", importPow)
        registry.register("Min", importMin)
        registry.register("Max", importMax)
        registry.register("Mean", importMean)
        registry.register("Sum", importSum)
        registry.register("CumSum", importCumSum)
        registry.register("Equal", importEqual)
        registry.register("Greater", importGreater)
        registry.register("Less", importLess)
        registry.register("GreaterOrEqual", importGreaterOrEqual)
        registry.register("LessOrEqual", importLessOrEqual)
        registry.register("IsNaN", importIsNaN)
        registry.register("IsInf", importIsInf)
        registry.register("And", importAnd)
        registry.register("Or", importOr)
        registry.register("Xor", importXor)
        registry.register("Not", importNot)
        registry.register("BitShift", importBitShift)
        registry.register("BitwiseAnd", importBitwiseAnd)
        registry.register("BitwiseOr", importBitwiseOr)
        registry.register("BitwiseXor", importBitwiseXor)
        registry.register("BitwiseNot", importBitwiseNot)
        registry.register("Where", importWhere)
        registry.register("Cast", importCast)
        registry.register("CastLike", importCastLike)
        registry.register("QuantizeLinear", importQuantizeLinear)
        registry.register("DequantizeLinear", importDequantizeLinear)
        registry.register("DynamicQuantizeLinear", importDynamicQuantizeLinear)
        registry.register("ReduceSum", importReduceSum)
        registry.register("ReduceMean", importReduceMean)
        registry.register("ReduceMax", importReduceMax)
        registry.register("ReduceMin", importReduceMin)
        registry.register("ReduceProd", importReduceProd)
        registry.register("ReduceL1", importReduceL1)
        registry.register("ReduceL2", importReduceL2)
        registry.register("ReduceSumSquare", importReduceSumSquare)
        registry.register("ReduceLogSum", importReduceLogSum)
        registry.register("ReduceLogSumExp", importReduceLogSumExp)
        registry.register("ArgMax", importArgMax)
        registry.register("ArgMin", importArgMin)
        registry.register("Softmax", importSoftmax)
        registry.register("LogSoftmax", importLogSoftmax)
        registry.register("Hardmax", importHardmax)
        registry.register("Dropout", importDropout)
        registry.register("MelWeightMatrix", importMelWeightMatrix)
        registry.register("Det", importDet)
        registry.register("AffineGrid", importAffineGrid)
        registry.register("DFT", importDFT)
        registry.register("STFT", importSTFT)
        registry.register("RNN", importRNN)
        registry.register("GRU", importGRU)
        registry.register("LSTM", importLSTM)
        registry.register("Shrink", importShrink)
        registry.register("NegativeLogLikelihoodLoss", importNegativeLogLikelihoodLoss)
        registry.register("HannWindow", importHannWindow)
        registry.register("HammingWindow", importHammingWindow)
        registry.register("BlackmanWindow", importBlackmanWindow)
        registry.register("SoftmaxCrossEntropyLoss", importSoftmaxCrossEntropyLoss)
    }

    /// Convolutions, matrix products, pooling, normalisation, resizing, quantisation.
    private static func registerNeural(in registry: inout ImporterRegistry) {
        registry.register("Conv", importConv)
        registry.register("ConvTranspose", importConvTranspose)
        registry.register("MatMul", importMatMul)
        registry.register("Gemm", importGemm)
        registry.register("MaxPool", importMaxPool)
        registry.register("AveragePool", importAveragePool)
        registry.register("GlobalAveragePool", importGlobalAveragePool)
        registry.register("GlobalMaxPool", importGlobalMaxPool)
        registry.register("BatchNormalization", importBatchNormalization)
        registry.register("LayerNormalization", importLayerNormalization)
        registry.register("RMSNormalization", importRMSNormalization)
        registry.register("InstanceNormalization", importInstanceNormalization)
        registry.register("GroupNormalization", importGroupNormalization)
        registry.register("LpNormalization", importLpNormalization)
        registry.register("MeanVarianceNormalization", importMeanVarianceNormalization)
        registry.register("Resize", importResize)
        registry.register("Upsample", importUpsample)
        registry.register("DepthToSpace", importDepthToSpace)
        registry.register("SpaceToDepth", importSpaceToDepth)
        registry.register("LRN", importLRN)
        registry.register("LpPool", importLpPool)
        registry.register("GlobalLpPool", importGlobalLpPool)
        registry.register("NonMaxSuppression", importNonMaxSuppression)
        registry.register("Einsum", importEinsum)
        registry.register("MatMulInteger", importMatMulInteger)
        registry.register("QLinearMatMul", importQLinearMatMul)
        registry.register("ConvInteger", importConvInteger)
        registry.register("QLinearConv", importQLinearConv)
        registry.register("GridSample", importGridSample)
        registry.register("RoiAlign", importRoiAlign)
        registry.register("Attention", importAttention)
        registry.register("RotaryEmbedding", importRotaryEmbedding)
        registry.register("MaxUnpool", importMaxUnpool)
        registry.register("DeformConv", importDeformConv)
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
        registry.register("EyeLike", importEyeLike)
        registry.register("Trilu", importTrilu)
        registry.register("Unique", importUnique)
        registry.register("Compress", importCompress)
        registry.register("ReverseSequence", importReverseSequence)
        registry.register("CenterCropPad", importCenterCropPad)
        registry.register("Col2Im", importCol2Im)
        registry.register("Bernoulli", refuseRandom)
        registry.register("Multinomial", refuseRandom)
        registry.register("RandomNormal", refuseRandom)
        registry.register("RandomNormalLike", refuseRandom)
        registry.register("RandomUniform", refuseRandom)
        registry.register("RandomUniformLike", refuseRandom)
    }
}
