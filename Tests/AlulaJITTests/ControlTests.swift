// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import Testing

/// Loops, conditions, tails and integers, on machine code and interpreted.
@Suite struct ControlTests {
    /// `dst[i] = a[i] * 2 + 1` over `number` floats, with a masked tail: the shape of every elementwise kernel.
    private func scaled(_ target: VectorTarget) -> KernelProgram {
        let jit = KernelBuilder(name: "f32_scale", target: target)
        let (src, dst, _) = jit.testArguments()
        let count = jit.testNumber()
        let value = jit.floats("value")
        let vectors = jit.integer("vectors", count)
        jit.shiftRight(vectors, by: jit.lanes.trailingZeroBitCount)
        jit.loop("vectors left", count: vectors) { _ in
            jit.load(value, from: src[0])
            jit.multiply(value, value, Float(2))
            jit.add(value, value, Float(1))
            jit.store(value, to: dst[0])
            jit.advance(src, by: jit.vectorByteCount)
            jit.advance(dst, by: jit.vectorByteCount)
        }
        jit.and(count, jit.lanes - 1)
        jit.when(count, .greater, 0) {
            let tail = jit.mask("tail")
            jit.lanesBelow(tail, count)
            jit.load(value, from: src[0], where: tail)
            jit.multiply(value, value, Float(2))
            jit.add(value, value, Float(1))
            jit.store(value, to: dst[0], where: tail)
        }
        return jit.finish()
    }

    @Test(arguments: allTargets)
    func theInterpreterTouchesNothingBehindATail(target: VectorTarget) throws {
        for count in 0...(2 * target.lanes + 1) {
            let src = (0..<count).map { Float($0).bitPattern }
            let result = try Harness.interpret(
                scaled(target),
                [src, [UInt32](repeating: 0, count: count)],
                number: count
            )
            #expect(result[1] == (0..<count).map { (Float($0) * 2 + 1).bitPattern })
        }
    }

    @Test(.enabled(if: !runnableTargets.isEmpty), arguments: runnableTargets)
    func machineCodeTouchesNothingBehindATail(target: VectorTarget) throws {
        for count in 0...(2 * target.lanes + 1) {
            let sentinel = [UInt32](repeating: 0xDEAD_BEEF, count: target.lanes)
            let src = (0..<count).map { Float($0).bitPattern }
            let result = try Harness.execute(
                scaled(target),
                target: target,
                [src + sentinel, [UInt32](repeating: 0, count: count) + sentinel],
                number: count
            )
            #expect(Array(result[1].prefix(count)) == (0..<count).map { (Float($0) * 2 + 1).bitPattern })
            #expect(Array(result[1].dropFirst(count)) == sentinel)
        }
    }

    /// Nested loops whose accumulator lives across them, a counter that is read, and a condition with both branches.
    private func triangle(_ target: VectorTarget) -> KernelProgram {
        let jit = KernelBuilder(name: "triangle", target: target)
        let (dst, _, _) = jit.testArguments()
        let number = jit.testNumber()
        let sum = jit.integer("sum", 0)
        jit.loop("row", count: number) { row in
            jit.loop("column", count: row) { column in
                jit.when(column, .greater, 3) {
                    jit.advance(sum, by: column)
                } otherwise: {
                    jit.advance(sum, by: 1000)
                }
            }
        }
        jit.store(sum, to: dst[0])
        return jit.finish()
    }

    @Test(arguments: [-3, 0, 1, 2, 7, 20])
    func nestedLoopsAndBranchesCount(number: Int) throws {
        var expected = 0
        for row in stride(from: 1, through: max(0, number), by: 1) {
            for column in 1...row { expected += column > 3 ? column : 1000 }
        }
        let target = VectorTarget.longest(.avx2)
        #expect(try Harness.interpret(triangle(target), [[9, 9]], number: number)[0] == [UInt32(expected), 0])
        for target in runnableTargets {
            #expect(
                try Harness.execute(triangle(target), target: target, [[9, 9]], number: number)[0]
                    == [UInt32(expected), 0]
            )
        }
    }

    @Test(arguments: [5, -7, 1 << 40])
    func integerArithmeticAgreesWithTheInterpreter(number: Int) throws {
        let build = { (target: VectorTarget) in
            let jit = KernelBuilder(name: "integers", target: target)
            let (dst, _, _) = jit.testArguments()
            let value = jit.testNumber()
            let other = jit.integer("other", 3)
            let results = (0..<8).map { jit.integer("result \($0)", value) }
            jit.multiply(results[0], by: 300)
            jit.multiply(results[1], by: other)
            jit.limit(results[2], toAtMost: 4)
            jit.limit(results[3], toAtLeast: other)
            jit.shiftLeft(results[4], by: 5)
            jit.shiftRight(results[5], by: 3)
            jit.subtract(results[6], 1 << 35)
            jit.and(results[7], 0xFF)
            for (index, result) in results.enumerated() { jit.store(result, to: dst[index * 8]) }
            return jit.finish()
        }
        let expected = try Harness.interpret(
            build(.longest(.avx2)),
            [[UInt32](repeating: 0, count: 16)],
            number: number
        )
        for target in runnableTargets {
            let actual = try Harness.execute(
                build(target),
                target: target,
                [[UInt32](repeating: 0, count: 16)],
                number: number
            )
            #expect(actual == expected)
        }
    }

    @Test func theInterpreterNamesAnAccessOutsideItsMemory() throws {
        let jit = KernelBuilder(name: "outside", target: .longest(.avx2))
        let (src, _, _) = jit.testArguments()
        let value = jit.floats("value")
        jit.load(value, from: src[4])
        let program = jit.finish()
        #expect {
            try Harness.interpret(program, [[UInt32](repeating: 0, count: 8)])
        } throws: { error in
            "\(error)".contains("step 3 \"value = word [first + 4]\" reaches 4 bytes")
        }
    }
}
