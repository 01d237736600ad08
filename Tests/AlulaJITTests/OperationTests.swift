// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
import AlulaTesting
internal import Testing

/// One operation under test: reads two vectors from the first buffer, writes one to the second.
struct OperationCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Whether results are compared as floats, where any NaN equals any other.
    var isFloat = true
    let build:
        @Sendable (KernelBuilder, _ dst: FloatVector, _ a: FloatVector, _ b: FloatVector, MemoryReference) -> Void

    /// Every operation with every kind of source.
    static let all: [OperationCase] =
        vectorCases + unaryCases + fusedCases + shiftCases + maskCases + otherCases + shuffleCases

    private static let vectorCases: [OperationCase] = VectorOperator.allCases.flatMap { op in
        let isFloat = op.rawValue.hasSuffix("Float")
        return [
            OperationCase(testDescription: "\(op) of vectors", isFloat: isFloat) { jit, dst, a, b, _ in
                jit.apply(op, dst.bits, a.bits, b.bits)
            },
            OperationCase(testDescription: "\(op) with memory", isFloat: isFloat) { jit, dst, a, _, memory in
                jit.apply(op, dst.bits, a.bits, memory)
            },
            OperationCase(testDescription: "\(op) with a repeated element", isFloat: isFloat) {
                jit,
                dst,
                a,
                _,
                memory in
                jit.apply(op, dst.bits, a.bits, memory.repeated)
            },
            OperationCase(testDescription: "\(op) with a constant", isFloat: isFloat) { jit, dst, a, _, _ in
                jit.apply(op, dst.bits, a.bits, Int32(0x4060_0000))
            },
        ]
    }

    private static let unaryCases: [OperationCase] = UnaryOperator.allCases.map { op in
        OperationCase(testDescription: "\(op)", isFloat: op != .toInteger && op != .toIntegerTruncating) {
            jit,
            dst,
            a,
            _,
            _ in
            jit.apply(op, dst, a)
        }
    }

    private static let fusedCases: [OperationCase] = [
        OperationCase(testDescription: "accumulate") { jit, dst, a, b, memory in
            jit.set(dst, to: 3)
            jit.accumulate(dst, a, b)
            jit.accumulate(dst, b, memory)
            jit.accumulateNegated(dst, a, memory.repeated)
            jit.accumulate(dst, b, Float(0.5))
        },
        OperationCase(testDescription: "multiplyAdd into a third") { jit, dst, a, b, _ in jit.multiplyAdd(dst, a, b, a)
        },
        OperationCase(testDescription: "multiplyAdd into the left factor") { jit, dst, a, b, _ in
            jit.copy(dst, a)
            jit.multiplyAdd(dst, dst, b, Float(1.25))
        },
        OperationCase(testDescription: "multiplyAdd into the right factor") { jit, dst, a, b, memory in
            jit.copy(dst, b)
            jit.multiplyAdd(dst, a, dst, memory)
        },
        OperationCase(testDescription: "multiplyAdd into the addend") { jit, dst, a, b, _ in
            jit.set(dst, to: -2)
            jit.multiplyAdd(dst, a, b, dst)
        },
        OperationCase(testDescription: "multiplyAdd of memory into a third") { jit, dst, a, b, memory in
            jit.multiplyAdd(dst, a, b, memory.repeated)
        },
    ]

    private static let shiftCases: [OperationCase] = ShiftOperator.allCases.map { op in
        OperationCase(testDescription: "shift \(op)", isFloat: false) { jit, dst, a, _, _ in
            jit.shift(op, dst.bits, a.bits, by: 7)
        }
    }

    private static let maskCases: [OperationCase] =
        VectorPredicate.allCases.map { predicate in
            OperationCase(testDescription: "select by \(predicate)") { jit, dst, a, b, memory in
                let (first, second, third) = (jit.mask("first"), jit.mask("second"), jit.mask("third"))
                jit.compare(first, a.bits, predicate, b.bits)
                jit.compare(second, a.bits, predicate, memory.repeated)
                jit.compare(third, b.bits, predicate, Int32(0))
                jit.combine(.or, first, first, second)
                jit.combine(.andNot, first, third, first)
                jit.select(dst, first, a, b)
            }
        }
        + MaskOperator.allCases.map { op in
            OperationCase(testDescription: "mask \(op)") { jit, dst, a, b, memory in
                let (first, second) = (jit.mask("first"), jit.mask("second"))
                jit.compare(first, a, .floatLess, b)
                jit.compare(second, b, .floatGreaterOrEqual, memory)
                jit.combine(op, first, first, second)
                jit.select(dst, first, a, b)
            }
        }

    private static let shuffleCases: [OperationCase] =
        UnpackOperator.allCases.map { op in
            OperationCase(testDescription: "unpack \(op)", isFloat: false) { jit, dst, a, b, _ in
                jit.unpack(op, dst, a, b)
            }
        }
        + [false, true].map { odd in
            OperationCase(testDescription: "\(odd ? "odd" : "even") quarters", isFloat: false) { jit, dst, a, b, _ in
                jit.quarters(dst, a, b, odd: odd)
            }
        }

    private static let otherCases: [OperationCase] =
        ReductionOperator.allCases.map { op in
            OperationCase(testDescription: "reduce \(op)") { jit, dst, a, _, _ in jit.reduce(op, dst, a) }
        } + [
            OperationCase(testDescription: "absolute") { jit, dst, a, _, _ in jit.absolute(dst, a) },
            OperationCase(testDescription: "negate", isFloat: false) { jit, dst, a, _, _ in jit.negate(dst, a) },
            OperationCase(testDescription: "zero") { jit, dst, _, _, _ in jit.set(dst, to: Float(0)) },
            OperationCase(testDescription: "lane index", isFloat: false) { jit, dst, _, _, _ in jit.laneIndex(dst.bits)
            },
            OperationCase(testDescription: "spread", isFloat: false) { jit, dst, _, _, _ in
                jit.spread(dst.bits, jit.integer("value", 0x1234_5678_9ABC))
            },
            OperationCase(testDescription: "even elements", isFloat: false) { jit, dst, a, b, _ in
                jit.evenElements(dst, a, b)
            },
            OperationCase(testDescription: "interleave first halves", isFloat: false) { jit, dst, a, b, _ in
                jit.interleave(dst, a, b, secondHalves: false)
            },
            OperationCase(testDescription: "interleave second halves", isFloat: false) { jit, dst, a, b, _ in
                jit.interleave(dst, a, b, secondHalves: true)
            },
            OperationCase(testDescription: "gather") { jit, dst, _, _, memory in
                let (indices, base) = (jit.integers("indices"), jit.testArguments().first)
                jit.laneIndex(indices)
                jit.multiply(indices, indices, Int32(-1))
                jit.add(indices, indices, Int32(jit.lanes - 1))
                jit.gather(dst, from: base, indices)
            },
            OperationCase(testDescription: "gather where") { jit, dst, a, b, memory in
                let (indices, base, mask) = (jit.integers("indices"), jit.testArguments().first, jit.mask("mask"))
                jit.laneIndex(indices)
                jit.compare(mask, a, .floatLess, b)
                jit.gather(dst, from: base, indices, where: mask)
            },
        ]
}

/// Machine code and interpreter agree bit for bit on every operation.
@Suite(.enabled(if: !runnableTargets.isEmpty)) struct OperationTests {
    private func program(_ operation: OperationCase, _ target: VectorTarget) -> KernelProgram {
        let jit = KernelBuilder(name: "operation", target: target)
        let (src, dst, _) = jit.testArguments()
        let (a, b, result) = (jit.floats("a"), jit.floats("b"), jit.floats("result"))
        jit.load(a, from: src[0])
        jit.load(b, from: src[jit.vectorByteCount])
        operation.build(jit, result, a, b, src[2 * jit.vectorByteCount])
        jit.store(result, to: dst[0])
        return jit.finish()
    }

    @Test(arguments: runnableTargets, OperationCase.all)
    func machineCodeAgreesWithTheInterpreter(target: VectorTarget, operation: OperationCase) throws {
        let program = program(operation, target)
        let kernel = try ExecutableKernel(KernelCompiler(target: target, poisonsRegisters: true).compile(program))
        for seed in UInt64(1)...8 {
            let buffers = [difficultWords(target.lanes * 3, seed: seed), [UInt32](repeating: 7, count: target.lanes)]
            let expected = try Harness.interpret(program, buffers)[1]
            let actual = try Harness.execute(kernel, buffers)[1]
            for lane in 0..<target.lanes {
                let (e, a) = (Float(bitPattern: expected[lane]), Float(bitPattern: actual[lane]))
                let isSame = expected[lane] == actual[lane] || (operation.isFloat && e.isNaN && a.isNaN)
                #expect(isSame, "seed \(seed) lane \(lane): got \(a) \(actual[lane]), expected \(e) \(expected[lane])")
            }
        }
    }

    @Test(arguments: runnableTargets.filter(\.hasByteDot))
    func byteDotProductsAgreeWithTheInterpreter(target: VectorTarget) throws {
        let jit = KernelBuilder(name: "dot", target: target)
        let (src, dst, _) = jit.testArguments()
        let (sum, a) = (jit.integers("sum"), jit.integers("a"))
        jit.load(a, from: src[0])
        jit.set(sum, to: Int32(100))
        jit.accumulateBytes(sum, a, src[jit.vectorByteCount])
        jit.accumulateBytes(sum, a, src[4].repeated)
        jit.store(sum, to: dst[0])
        var random = SeededRandom(seed: 5)
        let words = (0..<target.lanes * 2).map { _ in UInt32.random(in: .min ... .max, using: &random) }
        let buffers = [words, [UInt32](repeating: 0, count: target.lanes)]
        let program = jit.finish()
        #expect(try Harness.execute(program, target: target, buffers) == Harness.interpret(program, buffers))
    }

    @Test(arguments: allTargets)
    func transposingASquareSwapsRowsAndColumns(target: VectorTarget) throws {
        let jit = KernelBuilder(name: "transpose", target: target)
        let (src, dst, _) = jit.testArguments()
        let rows = (0..<jit.lanes).map { jit.floats("row[\($0)]") }
        for (index, row) in rows.enumerated() { jit.load(row, from: src[index * jit.vectorByteCount]) }
        for (index, column) in jit.transposed(rows).enumerated() {
            jit.store(column, to: dst[index * jit.vectorByteCount])
        }
        let program = jit.finish()
        let lanes = target.lanes
        let square = (0..<UInt32(lanes * lanes)).map(\.self)
        let expected = square.map { $0 % UInt32(lanes) * UInt32(lanes) + $0 / UInt32(lanes) }
        #expect(try Harness.interpret(program, [square, square])[1] == expected)
        guard target.isSupported() else { return }
        #expect(try Harness.execute(program, target: target, [square, square])[1] == expected)
    }

    @Test(arguments: runnableTargets, ElementType.allCases)
    func elementsOfEveryTypeAgreeWithTheInterpreter(target: VectorTarget, type: ElementType) throws {
        let jit = KernelBuilder(name: "elements", target: target)
        let (src, dst, _) = jit.testArguments()
        let (value, repeated) = (jit.floats("value"), jit.floats("repeated"))
        jit.load(value, from: src[0], as: type)
        jit.broadcast(repeated, from: src[type.byteCount], as: type)
        jit.store(value, to: dst[0])
        jit.store(repeated, to: dst[jit.vectorByteCount])
        if type != .bfloat16 { jit.store(value, to: dst[2 * jit.vectorByteCount], as: type) }
        let program = jit.finish()
        for seed in UInt64(1)...8 {
            var random = SeededRandom(seed: seed)
            // Halves without NaN: their payloads are not part of the contract.
            let words = (0..<target.lanes).map { _ in UInt32.random(in: .min ... .max, using: &random) & 0xBBFF_BBFF }
            let buffers = [words, [UInt32](repeating: 0, count: target.lanes * 3)]
            #expect(
                try Harness.execute(program, target: target, buffers) == Harness.interpret(program, buffers),
                "seed \(seed)"
            )
        }
    }

    @Test(arguments: runnableTargets, ElementType.allCases)
    func maskedElementsOfEveryTypeAgreeWithTheInterpreter(target: VectorTarget, type: ElementType) throws {
        let jit = KernelBuilder(name: "masked", target: target)
        let (src, dst, _) = jit.testArguments()
        let (value, mask) = (jit.floats("value"), jit.mask("mask"))
        jit.lanesBelow(mask, jit.testNumber())
        jit.load(value, from: src[0], as: type, where: mask)
        jit.store(value, to: dst[0])
        if type != .bfloat16 { jit.store(value, to: dst[jit.vectorByteCount], as: type, where: mask) }
        let program = jit.finish()
        for count in 0...target.lanes {
            var random = SeededRandom(seed: UInt64(count))
            // As many elements as are read, so that the interpreter's memory notices one more; halves without NaN.
            let words = (0..<(count * type.byteCount + 3) / 4).map { _ in
                UInt32.random(in: .min ... .max, using: &random) & 0xBBFF_BBFF
            }
            let buffers = [words, [UInt32](repeating: 7, count: target.lanes * 2)]
            #expect(
                try Harness.execute(program, target: target, buffers, number: count)
                    == Harness.interpret(program, buffers, number: count),
                "\(count) lanes"
            )
        }
    }

    @Test(arguments: runnableTargets)
    func narrowStoresRoundAndSaturateLikeTheInterpreter(target: VectorTarget) throws {
        let jit = KernelBuilder(name: "narrow", target: target)
        let (src, dst, _) = jit.testArguments()
        let (value, integer) = (jit.floats("value"), jit.integers("integer"))
        jit.load(value, from: src[0])
        jit.store(value, to: dst[0], as: .float16)
        jit.convert(integer, value)
        jit.store(integer, to: dst[64], as: .int8)
        jit.store(integer, to: dst[96], as: .uint8)
        let program = jit.finish()
        let edges: [Float] = [65519, 65520, 1e-8, 5.9e-8, -2.98e-8, 1023.75, 2049, -131, 129, 300, -1e9, 1e9]
        for seed in UInt64(1)...8 {
            var random = SeededRandom(seed: seed)
            let words = (0..<target.lanes).map { _ in
                Bool.random(using: &random)
                    ? (edges.randomElement(using: &random) ?? 0).bitPattern
                    : Float.random(in: -300...300, using: &random).bitPattern
            }
            let buffers = [words, [UInt32](repeating: 0, count: 32)]
            #expect(
                try Harness.execute(program, target: target, buffers) == Harness.interpret(program, buffers),
                "seed \(seed)"
            )
        }
    }
}
