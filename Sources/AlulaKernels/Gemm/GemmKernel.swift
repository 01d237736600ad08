// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaSystem
internal import AlulaTensor

/// `MatMul` or `Gemm`, alone or fused, in generated code.
struct GemmKernel: AddressedKernel {
    let identifier: String
    private let schedule: GemmSchedule
    /// By ``GemmSchedule/Variant/index`` and ``GemmSchedule/PanelKind``.
    private let multiply: [ExecutableKernel?]
    private let pack: [ExecutableKernel?]
    /// Which inputs the epilogue's operands in memory are.
    private let operandInputs: [Int]
    /// Stages the generated code does not do, run on finished rows that are still in cache.
    private let chain: StageChain
    /// Constant weights, ready to read.
    private var packed: HeldConstant?

    /// Compiles the code of `schedule`, or takes it from `cache`.
    init(_ schedule: GemmSchedule, chain: StageChain, target: VectorTarget, cache: CodeCache) throws(JITError) {
        self.schedule = schedule
        self.chain = chain
        let epilogue = schedule.epilogue
        operandInputs = epilogue.memoryOperands.map { epilogue.operands[$0].input }
        multiply = try schedule.multiplyKernels(target: target, cache: cache)
        pack = try schedule.packKernels(target: target, cache: cache)
        identifier = multiply.lazy.compactMap(\.self).first?.name ?? "f32_gemm"
    }

    var partCount: Int { schedule.partCount }

    // MARK: Weights

    func prepared(constants: [Tensor?], packed cache: PackedConstants) -> any Kernel {
        guard schedule.blocking.weights == .packed, let weights = constants[1] else { return self }
        let key = GemmPacking(schedule)
        var copy = self
        copy.packed = HeldConstant(cache.tensor(weights, as: key) { pack($0) })
        return copy
    }

    /// All matrices of `weights`, panel after panel.
    private func pack(_ weights: Tensor) -> Tensor {
        let matrixElementCount = schedule.descriptor.n * schedule.descriptor.k
        let matrixCount = weights.elementCount / matrixElementCount
        let result = Tensor(uninitialized: .float32, shape: [matrixCount, schedule.packedByteCount / 4])
        for matrix in 0..<matrixCount {
            schedule.forEachPacking(
                weights: address(weights) + matrix * matrixElementCount * 4,
                packed: address(result) + matrix * schedule.packedByteCount
            ) { kind, arguments in
                pack[kind.rawValue]?(arguments)
            }
        }
        withExtendedLifetime((weights, result)) {}
        return result
    }

    // MARK: Running

    /// Whether no stage needs the tensors.
    var runsOnAddresses: Bool { chain.isEmpty }

    func run(parts: Range<Int>, inputs: [Tensor?], outputs: [Tensor?]) {
        guard let operands = KernelOperands(inputs: inputs, outputs: outputs), let dst = outputs[0] else { return }
        run(parts: parts, operands: operands)
        for part in parts { finish(part, dst, inputs) }
        withExtendedLifetime((inputs, outputs)) {}
    }

    func run(parts: Range<Int>, operands places: KernelOperands) {
        var operands = GemmSchedule.Operands()
        operands.src = places.input(0).address
        operands.weights = places.input(1).address
        operands.packed = packed?.address ?? 0
        operands.packedStrideByteCount = schedule.packedByteCount
        operands.dst = places.output.address
        for (position, input) in operandInputs.enumerated() {
            operands.epilogue[position] = places.input(input).address
        }
        if schedule.blocking.weights == .inPlace || packed != nil {
            for part in parts { run(part, operands) }
        } else {
            ThreadScratch.with(byteCount: schedule.packedBlockByteCount) { scratch in
                operands.scratch = scratch
                for part in parts { run(part, operands) }
            }
        }
    }

    private func run(_ part: Int, _ operands: GemmSchedule.Operands) {
        let (pack, multiply) = (pack.span, multiply.span)
        schedule.forEachCall(of: part, operands) { kind, arguments in
            pack[kind.rawValue]?(arguments)
        } multiply: { variant, arguments in
            multiply[variant.index]?(arguments)
        }
    }

    private func address(_ tensor: Tensor?) -> Int { tensor.map { Int(bitPattern: $0.address) } ?? 0 }

    /// Runs the stages without generated code on the rows of a part.
    private func finish(_ part: Int, _ dst: Tensor, _ inputs: [Tensor?]) {
        guard !chain.isEmpty else { return }
        let (rows, columns) = schedule.extents(of: part)
        var elements = dst.mutableSpan(of: Float.self)
        for row in rows {
            let first = row * schedule.descriptor.n + columns.lowerBound
            var piece = elements._mutatingExtracting(first..<(first + columns.count))
            chain.apply(to: &piece, startingAt: first, inputs: inputs)
        }
    }
}

extension GemmSchedule {
    /// The compiled inner loops, by ``Variant/index``.
    func multiplyKernels(target: VectorTarget, cache: CodeCache) throws(JITError) -> [ExecutableKernel?] {
        var kernels: [ExecutableKernel?] = Array(repeating: nil, count: Variant.count)
        for variant in variants {
            let descriptor = tileDescriptor(variant)
            kernels[variant.index] = try cache.kernel(for: descriptor, target: target) { target in
                GemmF32Generator.program(descriptor, target: target)
            }
        }
        return kernels
    }

    /// The compiled packing of weights, by ``PanelKind``; none where weights are read as they are.
    func packKernels(target: VectorTarget, cache: CodeCache) throws(JITError) -> [ExecutableKernel?] {
        var kernels: [ExecutableKernel?] = Array(repeating: nil, count: PanelKind.allCases.count)
        for kind in panelKinds where blocking.weights != .inPlace {
            let descriptor = packDescriptor(kind)
            kernels[kind.rawValue] = try cache.kernel(for: descriptor, target: target) { target in
                GemmPackGenerator.program(descriptor, target: target)
            }
        }
        return kernels
    }
}

/// What packed weights depend on besides their content.
private struct GemmPacking: Hashable, Sendable {
    let n: Int
    let k: Int
    let strides: MatrixStrides
    let vectors: Int
    let lanes: Int

    init(_ schedule: GemmSchedule) {
        n = schedule.descriptor.n
        k = schedule.descriptor.k
        strides = schedule.descriptor.weights
        vectors = schedule.blocking.tile.vectors
        lanes = schedule.lanes
    }
}
