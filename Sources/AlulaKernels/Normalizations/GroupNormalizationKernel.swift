// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// `InstanceNormalization` and `GroupNormalization`, planar or blocked, in generated code.
struct GroupNormalizationKernel: Kernel {
    private let kernel: ExecutableKernel
    private let layout: Layout
    private let split: PartSplit
    /// In blocked layout: scale and bias, padded to whole blocks with zeros.
    private var packedScale: Tensor?
    private var packedBias: Tensor?

    /// How groups lie in memory.
    private struct Layout: Sendable {
        var configuration: NormalizationGenerator.Configuration
        var imageCount: Int
        /// Groups, or blocks of channels normalised one by one, in an image.
        var groupsPerImage: Int
        /// From one to the next.
        var groupByteCount: Int
        /// Bytes of scale, or of bias, that belong to one.
        var scaleByteCount: Int
        /// Lanes of a block; nil: planar.
        var lanes: Int?
    }

    let inputsThatMayBeOverwritten = [0]
    var identifier: String { kernel.name }
    var partCount: Int { split.partCount }

    private init(_ layout: Layout, target: VectorTarget) throws(JITError) {
        let configuration = layout.configuration
        kernel = try CodeCache.shared.kernel(for: configuration, target: target) { target in
            NormalizationGenerator.program(configuration, target: target)
        }
        self.layout = layout
        split = PartSplit(count: layout.imageCount * layout.groupsPerImage, cost: layout.groupByteCount / 4 * 4)
    }

    func prepared(constants: [Tensor?], packed: PackedConstants) -> any Kernel {
        guard let lanes = layout.lanes, let scale = constants[1], let bias = constants[2] else { return self }
        var kernel = self
        kernel.packedScale = packed.tensor(scale, as: Packing(lanes: lanes)) { Self.padded($0, lanes) }
        kernel.packedBias = packed.tensor(bias, as: Packing(lanes: lanes)) { Self.padded($0, lanes) }
        return kernel
    }

    private struct Packing: Hashable, Sendable {
        let lanes: Int
    }

    private static func padded(_ tensor: Tensor, _ lanes: Int) -> Tensor {
        let count = (tensor.elementCount + lanes - 1) / lanes * lanes
        let result = Tensor(zeros: .float32, shape: [count])
        result.copyRun(at: 0, from: tensor, at: 0, count: tensor.elementCount)
        return result
    }

    func run(part: Int, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let src = inputs[0], let dst = outputs[0], let scale = packedScale ?? inputs[1],
            let bias = packedBias ?? inputs[2]
        else { return }
        let groups = split.range(part)
        var group = groups.lowerBound
        while group < groups.upperBound {
            let place = group % layout.groupsPerImage
            let count = min(layout.groupsPerImage - place, groups.upperBound - group)
            let arguments = NormalizationArguments(
                src: Int(bitPattern: src.address) + group * layout.groupByteCount,
                dst: Int(bitPattern: dst.address) + group * layout.groupByteCount,
                scale: Int(bitPattern: scale.address) + place * layout.scaleByteCount,
                bias: Int(bitPattern: bias.address) + place * layout.scaleByteCount,
                groupCount: count
            )
            kernel(arguments)
            group += count
        }
        withExtendedLifetime((src, dst, scale, bias)) {}
    }

    // MARK: Tactics

    /// One tactic on planar tensors, and one on blocked tensors where groups are whole blocks, or single channels.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let src = problem.inputs.first ?? nil, src.dataType == .float32,
            src.shape.rank >= 2, src.shape.elementCount > 0, problem.inputs.count == 3
        else { return [] }
        let shape = src.shape
        let (groupCount, epsilon, scaleCount): (Int, Float, Int)
        switch problem.operation {
        case let instance as InstanceNormalization:
            (groupCount, epsilon, scaleCount) = (shape[1], instance.epsilon, shape[1])
        case let group as GroupNormalization:
            (groupCount, epsilon) = (group.groupCount, group.epsilon)
            scaleCount = group.isScaledPerGroup ? groupCount : shape[1]
        default: return []
        }
        let bytesPerNanosecond = 8.0
        let estimate = Double(3 * src.byteCount) / bytesPerNanosecond + 300
        func tactic(_ name: String, _ layout: Layout, _ stored: TensorLayout) -> KernelTactic {
            KernelTactic(
                name,
                inputLayouts: [stored],
                outputLayout: stored,
                estimatedNanoseconds: estimate
            ) { try? GroupNormalizationKernel(layout, target: target) }
        }
        let planar = planar(shape, groupCount, scaleCount, epsilon)
        var tactics = [tactic("normalization", planar, .planar)]
        if let layout = problem.blockedLayout, problem.isConstant(1), problem.isConstant(2),
            let blocked = blocked(shape, groupCount, scaleCount, epsilon, target.lanes)
        {
            tactics.append(tactic("normalization blocked", blocked, layout))
        }
        return tactics
    }

    private static func planar(_ shape: Shape, _ groupCount: Int, _ scaleCount: Int, _ epsilon: Float) -> Layout {
        let count = shape.elementCount(in: 1..<shape.rank) / groupCount
        let runCount = scaleCount / groupCount
        return Layout(
            configuration: .init(count: count, runCount: runCount, epsilon: epsilon),
            imageCount: shape[0],
            groupsPerImage: groupCount,
            groupByteCount: count * 4,
            scaleByteCount: runCount * 4
        )
    }

    private static func blocked(
        _ shape: Shape,
        _ groupCount: Int,
        _ scaleCount: Int,
        _ epsilon: Float,
        _ lanes: Int
    ) -> Layout? {
        // Lanes behind the last channel divide by the deviation of whatever they hold.
        guard shape.rank > 2, scaleCount == shape[1], epsilon > 0 else { return nil }
        let positions = shape.elementCount(in: 2..<shape.rank)
        let isLanewise = groupCount == shape[1]
        let channels = shape[1] / groupCount
        guard isLanewise || channels % lanes == 0 else { return nil }
        let blocks = isLanewise ? 1 : channels / lanes
        return Layout(
            configuration: .init(
                count: isLanewise ? positions : positions * channels,
                runCount: blocks,
                epsilon: epsilon,
                isLanewise: isLanewise,
                isBlocked: true
            ),
            imageCount: shape[0],
            groupsPerImage: isLanewise ? (shape[1] + lanes - 1) / lanes : groupCount,
            groupByteCount: blocks * positions * lanes * 4,
            scaleByteCount: blocks * lanes * 4,
            lanes: lanes
        )
    }
}
