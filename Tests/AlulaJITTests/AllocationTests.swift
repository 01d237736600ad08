// SPDX-License-Identifier: Apache-2.0

internal import AlulaX86
internal import Testing

@testable internal import AlulaJIT

/// Register allocation: pressure, loops, determinism, and failing by name.
@Suite struct AllocationTests {
    /// `count` vectors that are all alive at once.
    private func crowded(_ count: Int, _ target: VectorTarget) -> KernelProgram {
        let jit = KernelBuilder(name: "crowded", target: target)
        let (src, dst, _) = jit.testArguments()
        let values = (0..<count).map { jit.floats("value \($0)") }
        for (index, value) in values.enumerated() { jit.load(value, from: src[index * 4]) }
        for (index, value) in values.enumerated() { jit.store(value, to: dst[index * 4]) }
        return jit.finish()
    }

    @Test(arguments: allTargets)
    func exactlyAllVectorRegistersFit(target: VectorTarget) throws {
        _ = try KernelCompiler(target: target).compile(crowded(target.vectorRegisterCount, target))
    }

    @Test(arguments: allTargets)
    func oneVectorTooManyIsRefusedByName(target: VectorTarget) {
        let count = target.vectorRegisterCount
        #expect {
            try KernelCompiler(target: target).compile(crowded(count + 1, target))
        } throws: { error in
            guard case .outOfRegisters("crowded", "vector", count + 1, count, let position) = error as? JITError else {
                return false
            }
            return position == "step \(3 + count): value \(count) = word [first + \(4 * count)]"
        }
    }

    @Test func scratchRegistersAreTakenFromThePool() {
        let target = VectorTarget.longest(.avx2)
        let jit = KernelBuilder(name: "scratch", target: target)
        let (src, dst, _) = jit.testArguments()
        let values = (0..<16).map { jit.floats("value \($0)") }
        for value in values { jit.load(value, from: src[0]) }
        for value in values { jit.add(value, value, src[4].repeated) }
        for value in values { jit.store(value, to: dst[0]) }
        #expect {
            try KernelCompiler(target: target).compile(jit.finish())
        } throws: { error in
            if case .outOfRegisters(_, "vector", 16, 15, _) = error as? JITError { true } else { false }
        }
    }

    @Test func integersRunOutByName() {
        let jit = KernelBuilder(name: "integers", target: .longest(.avx2))
        let values = (0..<14).map { jit.integer("value \($0)", $0) }
        for value in values { jit.store(value, to: jit.arguments[0]) }
        #expect {
            try KernelCompiler(target: .longest(.avx2)).compile(jit.finish())
        } throws: { error in
            if case .outOfRegisters(_, "integer", 15, 14, _) = error as? JITError { true } else { false }
        }
    }

    @Test func aValueUsedInALoopKeepsItsRegisterUntilTheLoopEnds() throws {
        let jit = KernelBuilder(name: "loop", target: .longest(.avx512))
        let (src, dst, _) = jit.testArguments()
        let (early, late) = (jit.floats("early"), jit.floats("late"))
        jit.load(early, from: src[0])
        jit.loop("times", count: 3) { _ in
            jit.store(early, to: dst[0])
            jit.load(late, from: src[64])  // must not take over early's register: the next round reads it
            jit.store(late, to: dst[64])
        }
        let program = jit.finish()
        let allocation = try RegisterAllocation(
            program,
            pools: RegisterPools(target: jit.target, vectorScratchCount: 0)
        )
        #expect(allocation[early.variable] != allocation[late.variable])
    }

    @Test func aDestinationMayTakeOverASourceThatDies() throws {
        let jit = KernelBuilder(name: "reuse", target: .longest(.avx512))
        let (src, dst, _) = jit.testArguments()
        let (a, b) = (jit.floats("a"), jit.floats("b"))
        jit.load(a, from: src[0])
        jit.add(b, a, Float(1))
        jit.store(b, to: dst[0])
        let program = jit.finish()
        let allocation = try RegisterAllocation(
            program,
            pools: RegisterPools(target: jit.target, vectorScratchCount: 0)
        )
        #expect(allocation[a.variable] == allocation[b.variable])
    }

    @Test func aGatherNeverSharesRegistersWithItsIndices() throws {
        let jit = KernelBuilder(name: "gather", target: .longest(.avx2))
        let (src, dst, _) = jit.testArguments()
        let (indices, result) = (jit.integers("indices"), jit.floats("result"))
        jit.laneIndex(indices)
        jit.gather(result, from: src, indices)
        jit.store(result, to: dst[0])
        let program = jit.finish()
        let allocation = try RegisterAllocation(
            program,
            pools: RegisterPools(target: jit.target, vectorScratchCount: 1)
        )
        #expect(allocation[indices.variable] != allocation[result.variable])
    }

    @Test func aValueReadBeforeItIsWrittenIsNamed() {
        let jit = KernelBuilder(name: "unwritten", target: .longest(.avx2))
        let (_, dst, _) = jit.testArguments()
        jit.store(jit.floats("never"), to: dst[0])
        #expect {
            try KernelCompiler(target: .longest(.avx2)).compile(jit.finish())
        } throws: { error in
            "\(error)" == "never is read before it is written, in unwritten at step 3: word [second] = never"
        }
    }

    @Test func equalProgramsGetEqualCode() throws {
        let target = VectorTarget.longest(.avx512)
        let codes = try (0..<3).map { _ in try KernelCompiler(target: target).compile(crowded(20, target)).code.bytes }
        #expect(codes[0] == codes[1] && codes[1] == codes[2])
    }

    @Test func aProgramForOtherVectorsIsRefused() {
        #expect {
            try KernelCompiler(target: .longest(.avx2)).compile(crowded(1, .longest(.avx512)))
        } throws: { error in
            "\(error)" == "invalid program crowded: written for 16 lanes, compiled for avx2×8"
        }
    }

    @Test func anOperationWithoutInstructionsIsNamed() throws {
        let target = VectorTarget.longest(.avx2)
        let jit = KernelBuilder(name: "dot", target: target)
        let (src, _, _) = jit.testArguments()
        let a = jit.integers("a")
        jit.load(a, from: src[0])
        jit.accumulateBytes(a, a, src[0])
        #expect {
            try KernelCompiler(target: target).compile(jit.finish())
        } throws: { error in
            "\(error)" == "no instructions for \"a = a + dot(a, [first])\" on avx2×8, in dot"
        }
    }
}
