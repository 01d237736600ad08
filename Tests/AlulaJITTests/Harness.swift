// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaSystem
import AlulaTesting

/// Every target of every instruction set; tests on machine code filter those this machine can run.
let allTargets: [VectorTarget] = [
    (ISA.avx2, 4, true), (.avx2, 8, true), (.avx2, 8, false), (.avx512, 4, true), (.avx512, 8, true),
    (.avx512, 16, true),
].compactMap { VectorTarget(isa: $0.0, lanes: $0.1, hasByteDot: $0.2) }

/// The targets this machine can run.
let runnableTargets = allTargets.filter { $0.isSupported() }

/// The argument structure of test kernels: addresses of up to three buffers and a number.
struct TestArguments: BitwiseCopyable {
    var first = 0
    var second = 0
    var third = 0
    var number = 0
}

/// Runs a program over buffers of words, on machine code or interpreted, and returns the buffers afterwards.
enum Harness {
    /// By the interpreter, in checked memory: an access outside the buffers throws.
    static func interpret(
        _ program: KernelProgram,
        _ buffers: [[UInt32]],
        number: Int = 0
    ) throws -> [[UInt32]] {
        var memory = CheckedMemory()
        let addresses = buffers.map { memory.add(bytes($0)) }
        let fields = (0..<3).map { $0 < addresses.count ? addresses[$0] : 0 } + [number]
        let arguments = memory.add(
            fields.flatMap { field in (0..<8).map { UInt8(truncatingIfNeeded: field >> ($0 * 8)) } }
        )
        var interpreter = try KernelInterpreter(program, memory: memory)
        let result = try interpreter.run(arguments: arguments)
        return addresses.map { words(result.bytes(at: $0)) }
    }

    /// By machine code for `target`, in memory of its own.
    static func execute(
        _ program: KernelProgram,
        target: VectorTarget,
        _ buffers: [[UInt32]],
        number: Int = 0
    ) throws -> [[UInt32]] {
        let code = try KernelCompiler(target: target, poisonsRegisters: true).compile(program)
        return try execute(try ExecutableKernel(code), buffers, number: number)
    }

    /// By a kernel of any kind, in memory of its own.
    static func execute(
        _ kernel: ExecutableKernel,
        _ buffers: [[UInt32]],
        number: Int = 0
    ) throws -> [[UInt32]] {
        let allocations = try buffers.map { try AlignedAllocation(byteCount: max(1, $0.count * 4)) }
        let addresses = allocations.map { Int(bitPattern: $0.region.address) } + [0, 0, 0]
        for (buffer, address) in zip(buffers, addresses) {
            for (index, word) in buffer.enumerated() {
                RawMemoryAccess.store(UInt64(word), UInt(bitPattern: address + index * 4), byteCount: 4)
            }
        }
        kernel(TestArguments(first: addresses[0], second: addresses[1], third: addresses[2], number: number))
        let results = zip(buffers, addresses).map { buffer, address in
            buffer.indices.map { UInt32(RawMemoryAccess.load(UInt(bitPattern: address + $0 * 4), byteCount: 4)) }
        }
        return withExtendedLifetime(allocations) { results }
    }

    private static func bytes(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32($0 * 8)) } }
    }

    private static func words(_ bytes: [UInt8]) -> [UInt32] {
        (0..<bytes.count / 4).map { index in
            bytes[(index * 4)..<(index * 4 + 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
    }
}

extension KernelBuilder {
    /// The test arguments, loaded.
    func testArguments() -> (first: IntegerVariable, second: IntegerVariable, third: IntegerVariable) {
        (
            argument("first", at: MemoryLayout<TestArguments>.offset(of: \.first)),
            argument("second", at: MemoryLayout<TestArguments>.offset(of: \.second)),
            argument("third", at: MemoryLayout<TestArguments>.offset(of: \.third))
        )
    }

    /// The test number, loaded.
    func testNumber() -> IntegerVariable {
        argument("number", at: MemoryLayout<TestArguments>.offset(of: \.number))
    }
}

/// Words that make instructions differ: random floats, signed zeros, infinities, NaN, denormals, edges of integers.
func difficultWords(_ count: Int, seed: UInt64) -> [UInt32] {
    var random = SeededRandom(seed: seed)
    let edges: [UInt32] = [
        0, 0x8000_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 1, 0x8000_0001, 0x007F_FFFF, 0x3F80_0000, 0xBF80_0000,
        0x4F00_0000, 0xCF00_0000, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x4B00_0001, 0x3F00_0000, 0x4020_0000,
    ]
    return (0..<count).map { _ in
        if Int.random(in: 0..<4, using: &random) == 0 { return edges.randomElement(using: &random) ?? 0 }
        return Float.random(in: -100...100, using: &random).bitPattern
    }
}
