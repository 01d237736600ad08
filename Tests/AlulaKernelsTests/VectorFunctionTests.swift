// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaKernels
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

/// A function, its operator, and how far the emitted code may be from the operator evaluated in `float64`.
struct FunctionCase: Sendable, CustomTestStringConvertible {
    let operation: any FloatUnaryOperator
    /// In units in the last place of the result, for normal results.
    let maximumULP: Double
    /// Absolute error that is allowed where the result is smaller than `maximumULP` units reach, e.g. where it is denormal.
    var absolute: Double = 0
    var range: ClosedRange<Float> = -110...110

    var testDescription: String { "\(operation.described.name)" }

    static let all: [FunctionCase] = [
        FunctionCase(operation: Exp(), maximumULP: 1.5),
        FunctionCase(operation: Log(), maximumULP: 2, range: 0...4),
        FunctionCase(operation: Sigmoid(), maximumULP: 3, absolute: 3e-39),
        FunctionCase(operation: Swish(), maximumULP: 3, absolute: 3e-37),
        FunctionCase(operation: Swish(alpha: 1.7), maximumULP: 70, absolute: 3e-37),
        FunctionCase(operation: Tanh(), maximumULP: 3, range: -10...10),
        FunctionCase(operation: Erf(), maximumULP: 7, range: -5...5),
        FunctionCase(operation: Gelu(), maximumULP: 0, absolute: 1e-6, range: -7...7),
        FunctionCase(operation: Gelu(usesTanh: true), maximumULP: 0, absolute: 4e-7, range: -12...12),
        FunctionCase(operation: Softplus(), maximumULP: 3, absolute: 0),
        FunctionCase(operation: Mish(), maximumULP: 5, absolute: 3e-37),
        FunctionCase(operation: Elu(alpha: 1.3), maximumULP: 3),
        FunctionCase(operation: Selu(), maximumULP: 3),
        FunctionCase(operation: Celu(alpha: 2), maximumULP: 3),
        FunctionCase(operation: HardSigmoid(), maximumULP: 2, absolute: 6e-8, range: -6...6),
        FunctionCase(operation: HardSwish(), maximumULP: 3, absolute: 4e-7, range: -6...6),
        FunctionCase(operation: LeakyRelu(alpha: 0.2), maximumULP: 0.5),
        FunctionCase(operation: LeakyRelu(alpha: -1.5), maximumULP: 0.5),
        FunctionCase(operation: LeakyRelu(alpha: 0), maximumULP: 0.5),
        FunctionCase(operation: ThresholdedRelu(alpha: 0.7), maximumULP: 0),
        FunctionCase(operation: Clip(minimum: -1.5, maximum: 6), maximumULP: 0),
        FunctionCase(operation: Clip(maximum: 2), maximumULP: 0),
        FunctionCase(operation: Softsign(), maximumULP: 2),
        FunctionCase(operation: Sqrt(), maximumULP: 0.5, range: 0...1000),
        FunctionCase(operation: Reciprocal(), maximumULP: 0.5),
        FunctionCase(operation: Floor(), maximumULP: 0),
        FunctionCase(operation: Ceil(), maximumULP: 0),
        FunctionCase(operation: Round(), maximumULP: 0),
    ]
}

/// ±0, denormals, the edges of the normal range, infinities, NaN, and numbers too large for integer conversions.
private let specials: [Float] = [
    0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 0x1p-135, -0x1p-135, .leastNormalMagnitude,
    -.leastNormalMagnitude, 1e-20, -1e-20, 1, -1, 1e10, -1e10, 3e38, -3e38, .greatestFiniteMagnitude,
    -.greatestFiniteMagnitude, .infinity, -.infinity, .nan,
]

@Suite struct VectorFunctionTests {
    @Test(arguments: FunctionCase.all, runnableTargets)
    func staysWithinStatedError(_ problem: FunctionCase, _ target: VectorTarget) throws {
        try check(problem, samples: 60_000) { program in
            try ExecutableKernel(try KernelCompiler(target: target, poisonsRegisters: true).compile(program))
        } target: {
            target
        }
    }

    @Test(arguments: FunctionCase.all)
    func interpretedStaysWithinStatedError(_ problem: FunctionCase) throws {
        try check(problem, samples: 300) {
            ExecutableKernel(interpreting: $0)
        } target: {
            .longest(.avx2)
        }
    }

    private func check(
        _ problem: FunctionCase,
        samples: Int,
        _ make: (KernelProgram) throws -> ExecutableKernel,
        target: () -> VectorTarget
    ) throws {
        let function = try #require(VectorFunction(problem.operation))
        let epilogue = Epilogue(stages: [.function(function)])
        let width = problem.range.upperBound - problem.range.lowerBound
        let dense = (0...samples).map { problem.range.lowerBound + width * Float($0) / Float(samples) }
        var random = SeededRandom(seed: 11)
        // All exponents, so that what happens at tiny and huge arguments shows too.
        let wild = (0..<samples).map { _ in Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random)) }
            .filter { problem.operation is Log ? $0 > 0 : true }
        let src = padded(specials + dense + wild, to: 16)
        let dst = try apply(epilogue, to: src, target: target(), make)
        var worst = (error: 0.0, x: Float(0))
        for (x, y) in zip(src, dst) {
            let exact = problem.operation.apply(Double(x))
            let rounded = Float(exact)
            if rounded.isNaN || rounded.isInfinite || y.isNaN || y.isInfinite {
                let isSame = rounded == y || rounded.isNaN && y.isNaN
                // A value whose float32 neighbour is infinite may be infinite.
                let isEdge = rounded.magnitude > 3.4e38 && y.magnitude > 3.4e38
                #expect(isSame || isEdge, "\(problem.testDescription)(\(x)) = \(y), expected \(rounded)")
                continue
            }
            let difference = abs(Double(y) - exact)
            if difference <= problem.absolute * max(1, abs(exact)) { continue }
            let error = difference / Double(rounded.ulp)
            if error > worst.error { worst = (error, x) }
        }
        #expect(
            worst.error <= problem.maximumULP + 0.51,
            "\(problem.testDescription): \(worst.error) ULP at \(worst.x), allowed \(problem.maximumULP)"
        )
    }
}

/// The targets this machine can run.
let runnableTargets: [VectorTarget] = [VectorTarget.longest(.avx2), .longest(.avx512)].filter { $0.isSupported() }

/// `elements` with zeros behind, so that their count is a multiple of `count`.
func padded(_ elements: [Float], to count: Int) -> [Float] {
    elements + Array(repeating: 0, count: (count - elements.count % count) % count)
}

/// Addresses and a count for ``apply(_:to:operands:target:_:)``.
private struct ApplyArguments: BitwiseCopyable {
    var src = 0
    var dst = 0
    var operand = 0
    var vectorCount = 0
}

/// Runs a kernel that takes whole vectors through an epilogue.
///
/// - Parameter operand: as many elements as `src`, for all memory operands.
func apply(
    _ epilogue: Epilogue,
    to src: [Float],
    operand: [Float] = [0],
    target: VectorTarget,
    _ make: (KernelProgram) throws -> ExecutableKernel
) throws -> [Float] {
    let jit = KernelBuilder(name: "f32_epilogue" + epilogue.nameSuffix, target: target)
    let source = jit.argument("src", at: MemoryLayout<ApplyArguments>.offset(of: \.src))
    let result = jit.argument("dst", at: MemoryLayout<ApplyArguments>.offset(of: \.dst))
    let second = jit.argument("operand", at: MemoryLayout<ApplyArguments>.offset(of: \.operand))
    let count = jit.argument("vectors", at: MemoryLayout<ApplyArguments>.offset(of: \.vectorCount))
    let emitter = EpilogueEmitter(epilogue, jit)
    jit.loop("vectors left", count: count) { _ in
        let value = jit.floats("value")
        jit.load(value, from: source[0])
        emitter.emit(value) { _ in second[0] }
        jit.store(value, to: result[0])
        for pointer in [source, result, second] { jit.advance(pointer, by: jit.vectorByteCount) }
    }
    let kernel = try make(jit.finish())
    let (input, other) = (Tensor(src, shape: [src.count]), Tensor(operand, shape: [operand.count]))
    let output = Tensor(zeros: .float32, shape: [src.count])
    func address(_ tensor: Tensor) -> Int { Int(bitPattern: tensor.address) }
    kernel(
        ApplyArguments(
            src: address(input),
            dst: address(output),
            operand: address(other),
            vectorCount: src.count / target.lanes
        )
    )
    return withExtendedLifetime((input, other)) { output.elements(as: Float.self) }
}
