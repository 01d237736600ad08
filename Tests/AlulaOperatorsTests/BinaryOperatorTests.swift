// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Foundation
internal import Testing

/// The elements of `tensor` read as if it had shape `target`, index by index.
private func broadcast<T: Element>(_ tensor: Tensor, to target: Shape, as _: T.Type) -> [T] {
    let elements = tensor.elements(as: T.self)
    let strides = tensor.shape.contiguousStrides
    let missing = target.rank - tensor.shape.rank
    return indices(target.extents).map { index in
        var position = 0
        for axis in 0..<tensor.shape.rank where tensor.shape[axis] != 1 {
            position += index[axis + missing] * strides[axis]
        }
        return elements[position]
    }
}

/// Two shapes that broadcast, and their joint shape.
private func randomShapes(_ random: inout ProblemGenerator, count: Int) -> (operands: [Shape], joint: Shape) {
    let joint = (0..<random.integer(in: 0...5)).map { _ in
        random.integer(in: 0...20) == 0 ? 0 : random.integer(in: 1...4)
    }
    let operands = (0..<count).map { _ in
        let rank = random.integer(in: 0...joint.count)
        return Shape(joint.suffix(rank).map { random.integer(in: 0...2) == 0 ? 1 : $0 })
    }
    let shape = operands.dropFirst().reduce(operands[0]) { $0.broadcast(with: $1) ?? $0 }
    return (operands, shape)
}

@Suite struct BinaryOperatorTests {
    @Test(arguments: 0..<60)
    func broadcastOperandsMeetIndexByIndex(seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let (shapes, joint) = randomShapes(&random, count: 2)
        let (left, right) = (random.floats(shapes[0]), random.floats(shapes[1]))
        let dst = try evaluateFirst(Sub(), left, right)
        let x = broadcast(left, to: joint, as: Float.self)
        let y = broadcast(right, to: joint, as: Float.self)
        #expect(dst.shape == joint, "seed \(seed)")
        #expect(dst.elements(as: Float.self) == zip(x, y).map { $0 - $1 }, "seed \(seed): \(shapes)")
    }

    @Test(arguments: 0..<40)
    func whereSelectsIndexByIndex(seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let (shapes, joint) = randomShapes(&random, count: 3)
        let condition = Tensor((0..<shapes[0].elementCount).map { _ in Bool.random(using: &random) }, shape: shapes[0])
        let left = random.integers(shapes[1], in: -9...9, as: Int32.self)
        let right = random.integers(shapes[2], in: -9...9, as: Int32.self)
        let dst = try evaluateFirst(Where(), condition, left, right)
        let chosen = broadcast(condition, to: joint, as: Bool.self)
        let x = broadcast(left, to: joint, as: Int32.self)
        let y = broadcast(right, to: joint, as: Int32.self)
        #expect(dst.elements(as: Int32.self) == chosen.indices.map { chosen[$0] ? x[$0] : y[$0] }, "seed \(seed)")
    }

    @Test(arguments: 1...4, 0..<10)
    func variadicOperatorsFoldAllOperands(count: Int, seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let (shapes, joint) = randomShapes(&random, count: count)
        let operands = shapes.map { random.integers($0, in: -50...50, as: Int32.self).converted32() }
        let columns = operands.map { broadcast($0, to: joint, as: Float.self) }
        func expect(_ operation: any Operator, _ fold: ([Float]) -> Float) throws {
            let expected = (0..<joint.elementCount).map { index in fold(columns.map { $0[index] }) }
            #expect(try evaluateAll(operation, operands)[0].elements(as: Float.self) == expected, "\(operation.name)")
        }
        try expect(Sum()) { $0.reduce(0, +) }
        try expect(Mean()) { $0.reduce(0, +) / Float(count) }
        try expect(Max()) { $0.max() ?? 0 }
        try expect(Min()) { $0.min() ?? 0 }
    }

    @Test func integerArithmeticWrapsAndNeverTraps() throws {
        let left = Tensor([Int8.min, .max, 7, -7, 5], shape: [5])
        let right = Tensor([-1, 1, -2, 2, 0] as [Int8], shape: [5])
        #expect(try evaluateFirst(Add(), left, right).elements(as: Int8.self) == [127, -128, 5, -5, 5])
        #expect(try evaluateFirst(Sub(), left, right).elements(as: Int8.self) == [-127, 126, 9, -9, 5])
        #expect(try evaluateFirst(Mul(), left, right).elements(as: Int8.self) == [-128, 127, -14, -14, 0])
        #expect(try evaluateFirst(Div(), left, right).elements(as: Int8.self) == [-128, 127, -3, -3, 0])
        #expect(try evaluateFirst(Mod(), left, right).elements(as: Int8.self) == [0, 0, -1, 1, 0])
        let dividend = Mod(keepsDividendSign: true)
        #expect(try evaluateFirst(dividend, left, right).elements(as: Int8.self) == [0, 0, 1, -1, 0])
    }

    @Test func halfPrecisionSumsAreRoundedOnce() throws {
        // Rounded after each step, 2048 + 1 + 1 would stay 2048.
        let terms = [2048, 1, 1].map { Tensor(scalar: Float16($0)) }
        #expect(try evaluateAll(Sum(), terms)[0].elements(as: Float16.self) == [2050])
    }

    @Test func comparisonsWithNaNAreFalse() throws {
        let left = Tensor([1, 2, 3, .nan, .nan, -0.0] as [Float], shape: [6])
        let right = Tensor([2, 2, 2, 1, .nan, 0] as [Float], shape: [6])
        func run(_ operation: any Operator) throws -> [Bool] {
            try evaluateFirst(operation, left, right).elements(as: Bool.self)
        }
        #expect(try run(Less()) == [true, false, false, false, false, false])
        #expect(try run(Greater()) == [false, false, true, false, false, false])
        #expect(try run(LessOrEqual()) == [true, true, false, false, false, true])
        #expect(try run(GreaterOrEqual()) == [false, true, true, false, false, true])
        #expect(try run(Equal()) == [false, true, false, false, false, true])
    }

    @Test func extremesPropagateNaN() throws {
        let operands = [Tensor([1, .nan, 3] as [Float], shape: [3]), Tensor([.nan, 2, 2] as [Float], shape: [3])]
        for (operation, last) in [(Max(), 3), (Min(), 2)] as [(any Operator, Float)] {
            let dst = try evaluateAll(operation, operands)[0].elements(as: Float.self)
            #expect(dst[0].isNaN && dst[1].isNaN && dst[2] == last)
        }
    }

    @Test func logicFollowsItsTruthTables() throws {
        let left = Tensor([false, false, true, true], shape: [4])
        let right = Tensor([false, true, false, true], shape: [4])
        #expect(try evaluateFirst(And(), left, right).elements(as: Bool.self) == [false, false, false, true])
        #expect(try evaluateFirst(Or(), left, right).elements(as: Bool.self) == [false, true, true, true])
        #expect(try evaluateFirst(Xor(), left, right).elements(as: Bool.self) == [false, true, true, false])
        #expect(try evaluateFirst(Not(), right).elements(as: Bool.self) == [true, false, true, false])
        #expect(try evaluateFirst(Equal(), left, right).elements(as: Bool.self) == [true, false, false, true])
    }

    @Test func bitsShiftOutOfTheType() throws {
        let left = Tensor([1, 0x81, 0xff, 4] as [UInt8], shape: [4])
        let right = Tensor([1, 1, 8, 200] as [UInt8], shape: [4])
        #expect(try evaluateFirst(BitShift(shiftsLeft: true), left, right).elements(as: UInt8.self) == [2, 2, 0, 0])
        #expect(
            try evaluateFirst(BitShift(shiftsLeft: false), left, right).elements(as: UInt8.self) == [0, 0x40, 0, 0]
        )
        #expect(try evaluateFirst(BitwiseNot(), left).elements(as: UInt8.self) == [0xfe, 0x7e, 0, 0xfb])
    }

    @Test(arguments: 0..<20)
    func powersMatchThePlatformForMixedTypes(seed: Int) throws {
        var random = ProblemGenerator(seed: UInt64(seed))
        let base = random.integers([3, 1], in: -5...5, as: Int32.self)
        let exponent = random.integers([1, 4], in: 0...6, as: Int64.self)
        let exact = broadcast(base, to: [3, 4], as: Int32.self)
        let powers = broadcast(exponent, to: [3, 4], as: Int64.self)
        let expected = zip(exact, powers).map { pow(Double($0), Double($1)) }
        #expect(try evaluateFirst(Pow(), base, exponent).doubles() == expected, "seed \(seed)")
        #expect(try evaluateFirst(Pow(), base.converted32(), exponent).doubles() == expected, "seed \(seed)")
    }

    @Test(arguments: [2, 3, -1, 0.5, 1.5, 0] as [Float])
    func scalarExponentsMatchThePlatform(exponent: Float) throws {
        let base: [Float] = [0, 0.25, 1, 3.5, 1e10, .infinity, .nan]
        let dst = try evaluateFirst(Pow(), Tensor(base, shape: [7]), Tensor(scalar: exponent)).elements(as: Float.self)
        for (x, got) in zip(base, dst) {
            let expected = Float(pow(Double(x), Double(exponent)))
            #expect(got == expected || abs(got - expected) <= expected.ulp || got.isNaN && expected.isNaN, "\(x)")
        }
    }

    @Test func slopesOfAChannelApplyToAxisOne() throws {
        let src = Tensor([Float](repeating: -1, count: 12), shape: [1, 2, 2, 3])
        let slope = Tensor([2, 3] as [Float], shape: [2])
        let channelwise = try evaluateFirst(PRelu(isChannelwise: true), src, slope)
        #expect(
            channelwise.elements(as: Float.self) == [Float](repeating: -2, count: 6) + [Float](repeating: -3, count: 6)
        )
        #expect(throws: OperatorError.self) { try evaluateFirst(PRelu(), src, slope) }
    }

    @Test func shapesThatDoNotBroadcastAreNamed() throws {
        let error = #expect(throws: OperatorError.self) {
            try evaluateFirst(Add(), Tensor(zeros: .float32, shape: [2, 3]), Tensor(zeros: .float32, shape: [2, 4]))
        }
        let text = "Add: input 1: got shape [2, 4], expected a shape that broadcasts with [2, 3]"
        #expect(error?.description == text)
        let mixed = #expect(throws: OperatorError.self) {
            try evaluateFirst(Mul(), Tensor(zeros: .float32, shape: [2]), Tensor(zeros: .int32, shape: [2]))
        }
        #expect(mixed?.description == "Mul: input 1: got int32, expected float32, as input 0")
    }
}

extension Tensor {
    /// The numbers as float32.
    func converted32() -> Tensor { Tensor(doubles().map { Float($0) }, shape: shape) }
}
