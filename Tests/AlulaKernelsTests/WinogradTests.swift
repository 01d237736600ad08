// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// A random 3×3 convolution with its operands and the scalar definition's answer.
struct WinogradProblem: CustomTestStringConvertible {
    let descriptor: WinogradDescriptor
    let src: Tensor
    let weights: Tensor
    let bias: Tensor
    let residual: Tensor

    /// Operands of `descriptor`, repeatable by `seed`.
    init(_ descriptor: WinogradDescriptor, seed: UInt64) {
        self.descriptor = descriptor
        var random = SeededRandom(seed: seed)
        let (rows, columns) = (descriptor.rows, descriptor.columns)
        src = random.tensor([descriptor.batch, descriptor.srcChannels, rows.srcExtent, columns.srcExtent])
        weights = random.tensor([descriptor.dstChannels, descriptor.srcChannels, 3, 3])
        bias = random.tensor([descriptor.dstChannels])
        residual = random.tensor([descriptor.batch, descriptor.dstChannels, rows.dstExtent, columns.dstExtent])
    }

    /// A problem drawn at random: odd extents, any padding, channels that do not fill blocks, any epilogue.
    init(seed: UInt64, lanes: Int) {
        var random = SeededRandom(seed: seed)
        let axis = { (random: inout SeededRandom) in
            let pads = (random.int(0...2), random.int(0...2))
            return Self.axis(srcExtent: random.int(3...19), padBegin: pads.0, padEnd: pads.1)
        }
        let descriptor = WinogradDescriptor(
            srcChannels: random.int(1...(2 * lanes + 1)),
            dstChannels: random.int(1...(5 * lanes)),
            rows: axis(&random),
            columns: axis(&random),
            batch: random.int(1...2),
            hasBias: random.pick([true, false]),
            epilogue: random.pick(Self.epilogues)
        )
        self.init(descriptor, seed: seed)
    }

    /// The window over an axis.
    static func axis(srcExtent: Int, padBegin: Int, padEnd: Int) -> WindowAxis {
        WindowAxis(
            srcExtent: srcExtent,
            dstExtent: srcExtent + padBegin + padEnd - 2,
            kernelExtent: 3,
            padBegin: padBegin,
            padEnd: padEnd
        )
    }

    var testDescription: String { "\(descriptor)" }

    /// Nothing; a residual and ReLU; operands of all extents; one that needs many registers.
    static let epilogues = [
        Epilogue(),
        Epilogue(
            stages: [.combine(.add, operand: 0), .function(.relu)],
            operands: [Epilogue.Operand(input: 3, extent: .full)]
        ),
        Epilogue(
            stages: [.combine(.multiply, operand: 0), .combine(.add, operand: 1), .combine(.maximum, operand: 2)],
            operands: [
                Epilogue.Operand(input: 3, extent: .channel), Epilogue.Operand(input: 4, extent: .full),
                Epilogue.Operand(input: 5, extent: .scalar),
            ]
        ),
        Epilogue(stages: [.function(.mish)]),
    ]

    /// The scalar definition, epilogue included.
    func reference() throws -> [Float] {
        let (rows, columns) = (descriptor.rows, descriptor.columns)
        let conv = Conv(
            window: WindowParameters(
                strides: [1, 1],
                dilations: [1, 1],
                padsBegin: [rows.padBegin, columns.padBegin],
                padsEnd: [rows.padEnd, columns.padEnd]
            ),
            group: 1
        )
        let result = Tensor(zeros: .float32, shape: residual.shape)
        try conv.evaluate([src, weights, descriptor.hasBias ? bias : nil], into: [result])
        if descriptor.epilogue == Self.epilogues[3] {
            try Mish().evaluate([result], into: [result])
        }
        let added = residual.elements(as: Float.self)
        let factors = bias.elements(as: Float.self)
        let plane = rows.dstExtent * columns.dstExtent
        return result.elements(as: Float.self).enumerated().map { index, value in
            switch descriptor.epilogue.nameSuffix {
            case "_residual_relu": max(0, value + added[index])
            case "_mul_residual_max":
                max(value * factors[index / plane % descriptor.dstChannels] + added[index], Self.floor)
            default: value
            }
        }
    }

    /// The scalar operand of an epilogue.
    static let floor: Float = -0.5

    /// How large the sums of random products are: all operands are uniform in ±1.
    var magnitude: Float { Float(9 * descriptor.srcChannels).squareRoot() }
}

/// Targets this machine can run.
private let targets: [VectorTarget] = [(ISA.avx2, 4), (.avx2, 8), (.avx512, 8), (.avx512, 16)]
    .compactMap { VectorTarget(isa: $0.0, lanes: $0.1) }.filter { $0.isSupported() }

extension WinogradVariant {
    /// Allowed difference, relative to how large the sums are.
    ///
    /// The transforms add values of up to 10 (src) times 20 (dst) times the size of the result for F(4×4), 2 times 2 for
    /// F(2×2), each rounded to 2⁻²⁴; the errors of many channels cancel, so a factor of 4 is ample.
    var tolerance: Float { (self == .f4 ? 200 : 4) * 4 * 0x1p-24 }
}

/// The Winograd convolution against the scalar definition.
@Suite struct WinogradTests {
    /// Floats around every operand that must neither be read nor written.
    private static let margin = 64

    /// `elements` between margins of NaN.
    private func guarded(_ elements: [Float]) -> Tensor {
        let edge = [Float](repeating: .nan, count: Self.margin)
        return Tensor(edge + elements + edge, shape: [elements.count + 2 * Self.margin])
    }

    private func address(_ guarded: Tensor) -> Int { Int(bitPattern: guarded.address) + Self.margin * 4 }

    /// `tensor` in blocks of `lanes`, with NaN behind the last channel.
    private func blocked(_ tensor: Tensor, lanes: Int) -> [Float] {
        let layout = BlockedLayout(lanes: lanes)
        let known = layout.blocked(Tensor([Float](repeating: 1, count: tensor.elementCount), shape: tensor.shape))
        return zip(layout.blocked(tensor).elements(as: Float.self), known.elements(as: Float.self))
            .map { $1 == 1 ? $0 : .nan }
    }

    private func check(
        _ problem: WinogradProblem,
        _ blocking: WinogradBlocking,
        _ target: VectorTarget?,
        _ context: String
    ) throws {
        let descriptor = problem.descriptor
        let convolution = try WinogradConvolution(descriptor, blocking: blocking, target: target, cache: CodeCache())
        let layout = BlockedLayout(lanes: convolution.lanes)
        let dstShape = layout.shape(of: problem.residual.shape)
        let bias = problem.bias.elements(as: Float.self)
        let blockCount = dstShape[1]
        let operands = (
            src: guarded(blocked(problem.src, lanes: layout.lanes)),
            weights: guarded(convolution.packedWeights(problem.weights).elements(as: Float.self)),
            bias: guarded(bias + Array(repeating: 0, count: blockCount * layout.lanes - bias.count)),
            residual: guarded(layout.blocked(problem.residual).elements(as: Float.self)),
            floor: guarded([WinogradProblem.floor]),
            dst: guarded([Float](repeating: .nan, count: dstShape.elementCount)),
            scratch: guarded([Float](repeating: .nan, count: convolution.scratchByteCount / 4))
        )
        var random = SeededRandom(seed: 1)
        for part in (0..<convolution.partCount).shuffled(using: &random) {
            var addresses = WinogradConvolution.Operands(
                src: address(operands.src),
                weights: address(operands.weights),
                bias: address(operands.bias),
                dst: address(operands.dst)
            )
            for (index, operand) in descriptor.epilogue.operands.enumerated() {
                addresses.epilogue[index] =
                    switch operand.extent {
                    case .full: address(operands.residual)
                    case .channel: address(operands.bias)
                    default: address(operands.floor)
                    }
            }
            convolution.run(part: part, addresses, scratch: address(operands.scratch))
        }
        for written in [operands.dst, operands.scratch] {
            let elements = written.elements(as: Float.self)
            #expect((elements.prefix(Self.margin) + elements.suffix(Self.margin)).allSatisfy { $0.isNaN }, "\(context)")
        }
        let stored = Array(operands.dst.elements(as: Float.self).dropFirst(Self.margin).dropLast(Self.margin))
        #expect(stored.allSatisfy { $0.isFinite }, "\(context): \(problem) left an element out")
        let actual = layout.planar(Tensor(stored, shape: dstShape), shape: problem.residual.shape)
        let expected = try problem.reference()
        let difference = zip(actual.elements(as: Float.self), expected).map { ($0 - $1).magnitude }.max() ?? 0
        let range = problem.magnitude
        #expect(
            difference <= blocking.variant.tolerance * range,
            "\(context): \(problem) \(blocking) differs by \(difference) of \(range)"
        )
    }

    @Test(.enabled(if: !targets.isEmpty), arguments: targets)
    func randomProblemsMatchTheReference(target: VectorTarget) throws {
        for seed in UInt64(1)...20 {
            var random = SeededRandom(seed: seed + 1000)
            let variant = random.pick(WinogradVariant.allCases)
            let dstBlocks = random.int(1...2)
            let blocking = WinogradBlocking(
                variant,
                dstBlocks: dstBlocks,
                width: random.int(1...(target.vectorRegisterCount == 16 ? 6 : 14)),
                tilesPerPart: random.int(1...40),
                panelsPerPart: random.int(1...3)
            )
            try check(WinogradProblem(seed: seed, lanes: target.lanes), blocking, target, "seed \(seed)")
        }
    }

    /// Tails of every kind: of tiles in a register tile, in a part and at the ends of dst; of channels; of panels.
    @Test(.enabled(if: !targets.isEmpty), arguments: targets)
    func tailsOfTilesAndPanelsMatchTheReference(target: VectorTarget) throws {
        let descriptor = WinogradDescriptor(
            srcChannels: target.lanes + 3,
            dstChannels: 5 * target.lanes - 1,
            rows: WinogradProblem.axis(srcExtent: 9, padBegin: 1, padEnd: 1),
            columns: WinogradProblem.axis(srcExtent: 13, padBegin: 1, padEnd: 1),
            epilogue: WinogradProblem.epilogues[1]
        )
        let problem = WinogradProblem(descriptor, seed: 7)
        for variant in WinogradVariant.allCases {
            for (dstBlocks, width) in [(1, 5), (2, 4), (3, 3), (4, 2)] {
                for (tilesPerPart, panelsPerPart) in [(width, 1), (7, 2), (100, 9)] {
                    let blocking = WinogradBlocking(
                        variant,
                        dstBlocks: dstBlocks,
                        width: width,
                        tilesPerPart: tilesPerPart,
                        panelsPerPart: panelsPerPart
                    )
                    try check(problem, blocking, target, "tails")
                }
            }
        }
    }

    @Test func anInterpretedConvolutionMatchesTheReference() throws {
        let axis = WinogradProblem.axis(srcExtent: 5, padBegin: 1, padEnd: 1)
        let descriptor = WinogradDescriptor(srcChannels: 3, dstChannels: 9, rows: axis, columns: axis)
        for variant in WinogradVariant.allCases {
            let blocking = WinogradBlocking(variant, dstBlocks: 2, width: 3, tilesPerPart: 4, panelsPerPart: 1)
            try check(WinogradProblem(descriptor, seed: 3), blocking, nil, "interpreted")
        }
    }

    /// More padding than a tile is wide: whole tiles see nothing but zeros.
    @Test(.enabled(if: !targets.isEmpty), arguments: targets)
    func tilesOfPaddingAloneAreTheBias(target: VectorTarget) throws {
        let descriptor = WinogradDescriptor(
            srcChannels: 2,
            dstChannels: 3,
            rows: WinogradProblem.axis(srcExtent: 3, padBegin: 9, padEnd: 7),
            columns: WinogradProblem.axis(srcExtent: 2, padBegin: 7, padEnd: 10)
        )
        for variant in WinogradVariant.allCases {
            let blocking = WinogradBlocking(variant, dstBlocks: 1, width: 4, tilesPerPart: 9, panelsPerPart: 1)
            try check(WinogradProblem(descriptor, seed: 5), blocking, target, "padding")
        }
    }

    /// The bound published for the convolutions: 5·10⁻⁴ of the range of dst.
    @Test(.enabled(if: !targets.isEmpty), arguments: targets)
    func manyChannelsStayWithinAFractionOfTheRange(target: VectorTarget) throws {
        let axis = WinogradProblem.axis(srcExtent: 8, padBegin: 1, padEnd: 1)
        let descriptor = WinogradDescriptor(srcChannels: 512, dstChannels: 8, rows: axis, columns: axis, hasBias: false)
        let problem = WinogradProblem(descriptor, seed: 13)
        let blocking = WinogradBlocking(.f4, dstBlocks: 1, width: 4, tilesPerPart: 4, panelsPerPart: 1)
        let convolution = try WinogradConvolution(descriptor, blocking: blocking, target: target, cache: CodeCache())
        let layout = BlockedLayout(lanes: target.lanes)
        let (src, dst) = (layout.blocked(problem.src), layout.blocked(problem.residual))
        let weights = convolution.packedWeights(problem.weights)
        let scratch = Tensor(zeros: .float32, shape: [convolution.scratchByteCount / 4])
        for part in 0..<convolution.partCount {
            let operands = WinogradConvolution.Operands(
                src: Int(bitPattern: src.address),
                weights: Int(bitPattern: weights.address),
                dst: Int(bitPattern: dst.address)
            )
            convolution.run(part: part, operands, scratch: Int(bitPattern: scratch.address))
        }
        withExtendedLifetime((src, weights, scratch)) {}
        let actual = layout.planar(dst, shape: problem.residual.shape).elements(as: Float.self)
        let expected = try problem.reference()
        let range = (expected.max() ?? 0) - (expected.min() ?? 0)
        let difference = zip(actual, expected).map { ($0 - $1).magnitude }.max() ?? .infinity
        #expect(difference > 0 && difference <= 5e-4 * range, "\(difference) of \(range)")
    }

    @Test func otherWindowsAreRejectedWithTheReason() {
        let axis = WinogradProblem.axis(srcExtent: 5, padBegin: 1, padEnd: 1)
        let strided = WindowAxis(srcExtent: 5, dstExtent: 3, kernelExtent: 3, stride: 2, padBegin: 1, padEnd: 1)
        let descriptor = WinogradDescriptor(srcChannels: 3, dstChannels: 9, rows: axis, columns: strided)
        #expect(descriptor.rejection(lanes: 8) == "a window of 3 with stride 2 and dilation 1 is not 3, 1, 1")
    }
}
