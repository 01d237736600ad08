// SPDX-License-Identifier: Apache-2.0

/// The operators a builder or engine knows, by name.
///
/// A value: extend ``standard`` with operators of your own and hand it to the builder and the engine.
public struct OperatorRegistry: Sendable {
    private var types: [String: any Operator.Type] = [:]

    /// A registry without operators.
    public init() {}

    /// Adds an operator type, replacing one of the same name.
    public mutating func register<T: Operator>(_ type: T.Type) {
        types[T.name] = type
    }

    /// The names of all registered operators, ascending.
    public var names: [String] { types.keys.sorted() }

    /// Restores an operator from its name and parameters.
    ///
    /// - Throws: ``OperatorError/unknownOperator(name:)``, or what the operator's initialiser throws.
    public func makeOperator(_ description: OperatorDescription) throws(OperatorError) -> any Operator {
        if description.name == Fused.name { return try Fused(attributes: description.attributes, registry: self) }
        guard let type = types[description.name] else { throw .unknownOperator(name: description.name) }
        return try type.init(attributes: description.attributes)
    }

    /// All operators of this module.
    public static let standard: OperatorRegistry = {
        var registry = OperatorRegistry()
        registerElementwise(in: &registry)
        registerNeural(in: &registry)
        registerMovement(in: &registry)
        return registry
    }()
}

extension OperatorRegistry {
    /// Activations, arithmetic, comparison, logic, casts, reductions.
    private static func registerElementwise(in registry: inout OperatorRegistry) {
        registry.register(Relu.self)
        registry.register(Identity.self)
        registry.register(LeakyRelu.self)
        registry.register(PRelu.self)
        registry.register(Sigmoid.self)
        registry.register(Tanh.self)
        registry.register(Clip.self)
        registry.register(Elu.self)
        registry.register(HardSigmoid.self)
        registry.register(HardSwish.self)
        registry.register(Softplus.self)
        registry.register(Gelu.self)
        registry.register(Selu.self)
        registry.register(Celu.self)
        registry.register(ThresholdedRelu.self)
        registry.register(Softsign.self)
        registry.register(Mish.self)
        registry.register(Swish.self)
        registry.register(Erf.self)
        registry.register(Exp.self)
        registry.register(Log.self)
        registry.register(Sqrt.self)
        registry.register(Reciprocal.self)
        registry.register(Abs.self)
        registry.register(Neg.self)
        registry.register(Sign.self)
        registry.register(Floor.self)
        registry.register(Ceil.self)
        registry.register(Round.self)
        registry.register(Sin.self)
        registry.register(Cos.self)
        registry.register(Tan.self)
        registry.register(Asin.self)
        registry.register(Acos.self)
        registry.register(Atan.self)
        registry.register(Sinh.self)
        registry.register(Cosh.self)
        registry.register(Asinh.self)
        registry.register(Acosh.self)
        registry.register(Atanh.self)
        registry.register(Add.self)
        registry.register(Sub.self)
        registry.register(Mul.self)
        registry.register(Div.self)
        registry.register(Mod.self)
        registry.register(Pow.self)
        registry.register(Min.self)
        registry.register(Max.self)
        registry.register(Mean.self)
        registry.register(Sum.self)
        registry.register(CumSum.self)
        registry.register(Equal.self)
        registry.register(Greater.self)
        registry.register(Less.self)
        registry.register(GreaterOrEqual.self)
        registry.register(LessOrEqual.self)
        registry.register(IsNaN.self)
        registry.register(IsInf.self)
        registry.register(And.self)
        registry.register(Or.self)
        registry.register(Xor.self)
        registry.register(Not.self)
        registry.register(BitShift.self)
        registry.register(BitwiseAnd.self)
        registry.register(BitwiseOr.self)
        registry.register(BitwiseXor.self)
        registry.register(BitwiseNot.self)
        registry.register(Where.self)
        registry.register(Cast.self)
        registry.register(CastLike.self)
        registry.register(QuantizeLinear.self)
        registry.register(DequantizeLinear.self)
        registry.register(DynamicQuantizeLinear.self)
        registry.register(ReduceSum.self)
        registry.register(ReduceMean.self)
        registry.register(ReduceMax.self)
        registry.register(ReduceMin.self)
        registry.register(ReduceProd.self)
        registry.register(ReduceL1.self)
        registry.register(ReduceL2.self)
        registry.register(ReduceSumSquare.self)
        registry.register(ReduceLogSum.self)
        registry.register(ReduceLogSumExp.self)
        registry.register(ArgMax.self)
        registry.register(ArgMin.self)
        registry.register(Softmax.self)
        registry.register(LogSoftmax.self)
        registry.register(Hardmax.self)
        registry.register(Dropout.self)
        registry.register(MelWeightMatrix.self)
        registry.register(Det.self)
        registry.register(AffineGrid.self)
        registry.register(DFT.self)
        registry.register(STFT.self)
        registry.register(RNN.self)
        registry.register(GRU.self)
        registry.register(LSTM.self)
        registry.register(Shrink.self)
        registry.register(NegativeLogLikelihoodLoss.self)
        registry.register(HannWindow.self)
        registry.register(HammingWindow.self)
        registry.register(BlackmanWindow.self)
    }

    /// Convolutions, matrix products, pooling, normalisation, resizing, quantisation.
    private static func registerNeural(in registry: inout OperatorRegistry) {
        registry.register(Conv.self)
        registry.register(ConvTranspose.self)
        registry.register(MatMul.self)
        registry.register(Gemm.self)
        registry.register(MaxPool.self)
        registry.register(AveragePool.self)
        registry.register(GlobalAveragePool.self)
        registry.register(GlobalMaxPool.self)
        registry.register(BatchNormalization.self)
        registry.register(LayerNormalization.self)
        registry.register(RMSNormalization.self)
        registry.register(InstanceNormalization.self)
        registry.register(GroupNormalization.self)
        registry.register(LpNormalization.self)
        registry.register(MeanVarianceNormalization.self)
        registry.register(Resize.self)
        registry.register(DepthToSpace.self)
        registry.register(SpaceToDepth.self)
        registry.register(LRN.self)
        registry.register(LpPool.self)
        registry.register(GlobalLpPool.self)
        registry.register(NonMaxSuppression.self)
        registry.register(Einsum.self)
        registry.register(MatMulInteger.self)
        registry.register(QLinearMatMul.self)
        registry.register(ConvInteger.self)
        registry.register(QLinearConv.self)
        registry.register(GridSample.self)
        registry.register(RoiAlign.self)
        registry.register(Attention.self)
        registry.register(RotaryEmbedding.self)
        registry.register(MaxUnpool.self)
        registry.register(DeformConv.self)
    }

    /// Shapes, slices, gathers, scatters, selection.
    private static func registerMovement(in registry: inout OperatorRegistry) {
        registry.register(Concat.self)
        registry.register(Split.self)
        registry.register(Slice.self)
        registry.register(Gather.self)
        registry.register(GatherElements.self)
        registry.register(GatherND.self)
        registry.register(ScatterElements.self)
        registry.register(ScatterND.self)
        registry.register(Transpose.self)
        registry.register(Reshape.self)
        registry.register(Flatten.self)
        registry.register(Squeeze.self)
        registry.register(Unsqueeze.self)
        registry.register(Expand.self)
        registry.register(Tile.self)
        registry.register(Pad.self)
        registry.register(ShapeOf.self)
        registry.register(SizeOf.self)
        registry.register(ConstantOfShape.self)
        registry.register(NumberRange.self)
        registry.register(TopK.self)
        registry.register(NonZero.self)
        registry.register(OneHot.self)
        registry.register(EyeLike.self)
        registry.register(Trilu.self)
        registry.register(Unique.self)
        registry.register(Compress.self)
        registry.register(ReverseSequence.self)
        registry.register(CenterCropPad.self)
        registry.register(Col2Im.self)
    }
}
