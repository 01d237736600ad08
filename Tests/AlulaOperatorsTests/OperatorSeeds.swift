// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// A call that an operator accepts, from which hostile ones are made by small changes.
struct SeedProblem {
    /// The operator's registered name.
    var name: String
    /// Its parameters, without those that have no default and do not matter here.
    var attributes: Attributes
    /// Its inputs; lists of integers come with their content.
    var inputs: [OperatorInput?]

    private init(_ name: String, _ attributes: Attributes = [:], _ inputs: OperatorInput?...) {
        self.name = name
        self.attributes = attributes
        self.inputs = inputs
    }

    private static func float(_ extents: Int...) -> OperatorInput {
        OperatorInput(TensorType(.float32, Shape(extents)))
    }
    private static func typed(_ type: DataType, _ extents: Int...) -> OperatorInput {
        OperatorInput(TensorType(type, Shape(extents)))
    }
    private static func known(_ values: Int...) -> OperatorInput { OperatorInput(list(values)) }
    private static func one(_ value: Float) -> OperatorInput { OperatorInput(Tensor(scalar: value)) }

    /// Calls of operators whose inputs and parameters must fit together more closely than chance makes them.
    static let all: [SeedProblem] =
        windows + images + normalisations + products + attentions + movements + quantisations

    private static let windows: [SeedProblem] = [
        SeedProblem("Conv", ["pads": .integers([1, 1]), "strides": .integers([2])], float(1, 4, 7), float(6, 4, 3)),
        SeedProblem(
            "Conv",
            ["group": .integer(2), "dilations": .integers([2, 1]), "auto_pad": .string("SAME_UPPER")],
            float(2, 4, 6, 5),
            float(6, 2, 2, 3),
            float(6)
        ),
        SeedProblem(
            "ConvTranspose",
            ["pads": .integers([1, 1]), "strides": .integers([2]), "output_padding": .integers([1])],
            float(1, 4, 7),
            float(4, 3, 3),
            float(3)
        ),
        SeedProblem("ConvTranspose", ["output_shape": .integers([14])], float(1, 2, 7), float(2, 3, 3)),
        SeedProblem(
            "MaxPool",
            ["kernel_shape": .integers([2]), "strides": .integers([2]), "pads": .integers([1, 1])],
            float(1, 2, 7)
        ),
        SeedProblem("MaxPool", ["kernel_shape": .integers([3]), "ceil_mode": .integer(1)], float(1, 2, 7)),
        SeedProblem(
            "AveragePool",
            ["kernel_shape": .integers([2]), "pads": .integers([1, 1]), "ceil_mode": .integer(1)],
            float(1, 2, 7)
        ),
        SeedProblem("LpPool", ["kernel_shape": .integers([2]), "p": .integer(2)], float(1, 2, 7)),
        SeedProblem("GlobalAveragePool", [:], float(1, 2, 7)), SeedProblem("GlobalMaxPool", [:], float(1, 2, 7)),
        SeedProblem("GlobalLpPool", [:], float(1, 2, 7)),
        SeedProblem("Col2Im", [:], float(1, 4, 9), known(4, 4), known(2, 2)),
        SeedProblem(
            "Col2Im",
            ["pads": .integers([1, 1]), "strides": .integers([2])],
            float(1, 2, 3),
            known(4),
            known(2)
        ),
    ]

    private static let images: [SeedProblem] = [
        SeedProblem("GridSample", [:], float(1, 2, 3, 4), float(1, 2, 2, 2)),
        SeedProblem(
            "GridSample",
            ["mode": .string("cubic"), "padding_mode": .string("reflection")],
            float(1, 2, 3, 4),
            float(1, 2, 2, 2)
        ),
        SeedProblem(
            "RoiAlign",
            ["output_height": .integer(2), "output_width": .integer(3), "sampling_ratio": .integer(2)],
            float(1, 2, 5, 5),
            float(2, 4),
            typed(.int64, 2)
        ),
        SeedProblem(
            "Resize",
            ["mode": .string("cubic"), "antialias": .integer(1)],
            float(1, 2, 6),
            nil,
            nil,
            known(1, 2, 3)
        ),
        SeedProblem(
            "Resize",
            ["axes": .integers([2]), "coordinate_transformation_mode": .string("tf_crop_and_resize")],
            float(1, 2, 6),
            float(2),
            nil,
            known(3)
        ),
        SeedProblem(
            "Resize",
            ["axes": .integers([1, 2]), "keep_aspect_ratio_policy": .string("not_larger")],
            float(1, 2, 6),
            nil,
            nil,
            known(3, 3)
        ),
        SeedProblem("HannWindow", [:], OperatorInput(Tensor(scalar: Int32(5)))),
        SeedProblem("BlackmanWindow", [:], OperatorInput(Tensor(scalar: Int64(8)))),
        SeedProblem(
            "NegativeLogLikelihoodLoss",
            ["ignoredClass": .integer(1)],
            float(2, 3, 4),
            typed(.int64, 2, 4),
            float(3)
        ),
        SeedProblem(
            "QLinearMatMul",
            [:],
            typed(.uint8, 2, 3),
            float(),
            typed(.uint8),
            typed(.int8, 3, 2),
            float(),
            typed(.int8),
            float(),
            typed(.uint8)
        ),
        SeedProblem(
            "QLinearConv",
            ["pads": .integers([1, 1])],
            typed(.uint8, 1, 2, 5),
            float(),
            typed(.uint8),
            typed(.uint8, 3, 2, 2),
            float(),
            typed(.uint8),
            float(),
            typed(.uint8),
            typed(.int32, 3)
        ),
    ]

    private static let normalisations: [SeedProblem] = [
        SeedProblem("BatchNormalization", [:], float(2, 3, 4), float(3), float(3), float(3), float(3)),
        SeedProblem("InstanceNormalization", [:], float(2, 3, 4), float(3), float(3)),
        SeedProblem("GroupNormalization", ["num_groups": .integer(2)], float(2, 4, 3), float(4), float(4)),
        SeedProblem("LayerNormalization", ["axis": .integer(-1)], float(2, 3, 4), float(4), float(4)),
        SeedProblem("RMSNormalization", ["axis": .integer(-1)], float(2, 3, 4), float(4)),
        SeedProblem("Softmax", ["axis": .integer(1)], float(2, 3)),
        SeedProblem("LRN", ["size": .integer(3)], float(1, 4, 2)),
    ]

    private static let products: [SeedProblem] = [
        SeedProblem("MatMul", [:], float(2, 3, 4), float(4, 5)), SeedProblem("MatMul", [:], float(4), float(2, 4, 5)),
        SeedProblem("Gemm", ["transA": .integer(1)], float(4, 3), float(4, 5), float(5)),
        SeedProblem("Einsum", ["equation": .string("ij,jk->ik")], float(2, 3), float(3, 4)),
        SeedProblem("Einsum", ["equation": .string("...ii->...i")], float(2, 3, 3)),
        SeedProblem("MatMulInteger", [:], typed(.uint8, 2, 3), typed(.uint8, 3, 4)),
        SeedProblem("ConvInteger", [:], typed(.uint8, 1, 2, 4), typed(.uint8, 2, 2, 2)),
    ]

    private static let attentions: [SeedProblem] = [
        SeedProblem("Attention", [:], float(1, 4, 2, 3), float(1, 2, 5, 3), float(1, 2, 5, 2), float(2, 5)),
        SeedProblem(
            "Attention",
            ["q_num_heads": .integer(2), "kv_num_heads": .integer(1), "is_causal": .integer(1)],
            float(2, 3, 8),
            float(2, 5, 4),
            float(2, 5, 4),
            typed(.bool, 3, 7),
            float(2, 1, 2, 4),
            float(2, 1, 2, 4)
        ),
        SeedProblem("RotaryEmbedding", ["num_heads": .integer(2)], float(1, 3, 8), float(1, 3, 2), float(1, 3, 2)),
        SeedProblem(
            "RotaryEmbedding",
            ["rotary_embedding_dim": .integer(2)],
            float(1, 2, 3, 4),
            float(6, 1),
            float(6, 1),
            OperatorInput(list([0, 5, 2]).reshaped(to: [1, 3]))
        ),
        SeedProblem(
            "MaxUnpool",
            ["kernel_shape": .integers([2]), "strides": .integers([2])],
            float(1, 1, 2),
            OperatorInput(list([0, 3]).reshaped(to: [1, 1, 2])),
            known(1, 1, 5)
        ),
        SeedProblem(
            "DeformConv",
            ["offset_group": .integer(2), "pads": .integers([1, 0, 0, 1])],
            float(1, 4, 3, 3),
            float(2, 4, 2, 2),
            float(1, 16, 3, 3),
            float(2),
            float(1, 8, 3, 3)
        ),
    ]

    private static let movements: [SeedProblem] = [
        SeedProblem("Slice", [:], float(4, 5), known(1, -2), known(3, 0), known(0, 1), known(1, -1)),
        SeedProblem("Pad", [:], float(2, 3), known(1, 0, 0, 2)),
        SeedProblem("Pad", ["mode": .string("reflect")], float(2, 3), known(1, -1), nil, known(1)),
        SeedProblem("Tile", [:], float(2, 3), known(2, 2)), SeedProblem("Expand", [:], float(2, 1), known(3, 2, 4)),
        SeedProblem("Reshape", [:], float(2, 6), known(0, -1, 3)), SeedProblem("Unsqueeze", [:], float(2), known(0, 2)),
        SeedProblem("Reshape", [:], float(2, 6), known(3, -1)),
        SeedProblem("Split", ["num_outputs": .integer(2)], float(5), known(2, 3)),
        SeedProblem("Gather", ["axis": .integer(1)], float(2, 3), known(0, 2)),
        SeedProblem("GatherElements", [:], float(2, 2), typed(.int64, 1, 2)),
        SeedProblem("GatherND", ["batch_dims": .integer(1)], float(2, 3, 4), typed(.int64, 2, 1)),
        SeedProblem("ScatterElements", ["reduction": .string("add")], float(3), known(1, 2), float(2)),
        SeedProblem("ScatterND", ["reduction": .string("max")], float(3, 2), typed(.int64, 2, 1), float(2, 2)),
        SeedProblem("TopK", [:], float(2, 5), known(3)), SeedProblem("OneHot", [:], known(1, 2), known(4), float(2)),
        SeedProblem("Range", [:], one(0), one(9), one(2)),
        SeedProblem("Compress", [:], float(2), OperatorInput(Tensor([true, false], shape: [2]))),
        SeedProblem("ReverseSequence", [:], float(3, 2, 2), known(1, 3)),
        SeedProblem("CenterCropPad", [:], float(3, 4), known(5, 2)), SeedProblem("Trilu", [:], float(2, 3), known(1)),
        SeedProblem("DepthToSpace", ["blocksize": .integer(2)], float(1, 8, 2, 3)),
        SeedProblem("SpaceToDepth", ["blocksize": .integer(2)], float(1, 2, 4, 6)),
        SeedProblem(
            "Resize",
            [:],
            float(1, 2, 3),
            nil,
            OperatorInput(Tensor([Float](repeating: 2, count: 3), shape: [3]))
        ),
        SeedProblem("Resize", ["mode": .string("linear")], float(1, 2, 3), nil, nil, known(1, 2, 5)),
        SeedProblem("NonMaxSuppression", [:], float(1, 4, 4), float(1, 2, 4), known(2), one(0.5), one(0.1)),
        SeedProblem("Where", [:], typed(.bool, 2, 1), float(3), float(2, 3)),
        SeedProblem("And", [:], typed(.bool, 2), typed(.bool, 2)),
    ]

    private static let quantisations: [SeedProblem] = [
        SeedProblem("QuantizeLinear", ["axis": .integer(1)], float(2, 3), float(3), typed(.int8, 3)),
        SeedProblem("DequantizeLinear", ["axis": .integer(1)], typed(.int8, 2, 3), float(3), typed(.int8, 3)),
        SeedProblem(
            "DequantizeLinear",
            ["axis": .integer(1), "blockExtent": .integer(2)],
            typed(.uint8, 2, 4),
            float(2, 2),
            typed(.uint8, 2, 2)
        ),
        SeedProblem("ReduceSum", [:], float(2, 3), known(1)), SeedProblem("CumSum", [:], float(2, 3), known(1)),
        SeedProblem("ReduceMax", ["keepsDimensions": .integer(0)], float(2, 3), known(-1, 0)),
    ]
}

extension ProblemGenerator {
    private static let hostileExtents = [0, 1, 2, 3, 8, 1 << 20, 1 << 33, 1 << 46]
    private static let hostileNumbers = [0, 1, -1, 2, 7, 1 << 31, 1 << 47, 1 << 62, Int.min, Int.max, -(1 << 32)]

    /// A small number of random changes to a call that was accepted.
    mutating func mutated(_ seed: SeedProblem) -> (attributes: Attributes, inputs: [OperatorInput?]) {
        var attributes = seed.attributes
        for name in attributes.sortedNames where integer(in: 0...3) == 0 {
            switch attributes[name] {
            case .integer?: attributes[name] = .integer(hostileNumber())
            case .integers(var list)? where !list.isEmpty:
                list[integer(in: 0...(list.count - 1))] = hostileNumber()
                attributes[name] = .integers(list)
            default: break
            }
        }
        var inputs = seed.inputs
        for (position, input) in seed.inputs.enumerated() {
            guard var input else { continue }
            switch integer(in: 0...19) {
            case 0...2 where input.shape.rank > 0:
                var extents = input.shape.extents
                extents[integer(in: 0...(extents.count - 1))] = Self.hostileExtents[integer(in: 0...7)]
                input = OperatorInput(TensorType(input.dataType, Shape(checking: extents) ?? input.shape))
            case 3: input = OperatorInput(TensorType(DataType.allCases[integer(in: 0...11)], input.shape))
            case 4...7: input = changedElement(input)
            case 8: inputs[position] = nil
            default: break
            }
            if input.value == nil, input.shape.elementCount <= 256, integer(in: 0...7) != 0 {
                input.value = hostileContent(input.type)
            }
            if inputs[position] != nil { inputs[position] = input }
        }
        return (attributes, inputs)
    }

    private mutating func hostileNumber() -> Int { Self.hostileNumbers[integer(in: 0...10)] }

    private mutating func changedElement(_ input: OperatorInput) -> OperatorInput {
        guard input.dataType == .int64, var values = input.value?.integers(), !values.isEmpty else { return input }
        values[integer(in: 0...(values.count - 1))] = hostileNumber()
        return OperatorInput(list(values).reshaped(to: input.shape))
    }
}
