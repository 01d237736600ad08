// SPDX-License-Identifier: Apache-2.0

import AlulaJIT
import AlulaOperators
import AlulaTensor
import AlulaTesting
import Testing

@testable import AlulaKernels

/// Generated conversions, against the scalar definition, bit for bit.
@Suite(.enabled(if: !blockedTargets.isEmpty)) struct CastTests {
    private static let pairs: [(from: DataType, to: DataType)] = [
        (.float16, .float32), (.float32, .float16), (.bool, .float32), (.uint8, .float32), (.int8, .float32),
        (.int32, .float32), (.float32, .bool), (.int32, .bool), (.bool, .int32), (.uint8, .int32), (.int8, .int32),
        (.bool, .int64), (.uint8, .int64), (.int32, .int64), (.int64, .int32),
    ]

    private static let specialFloats: [Float] = [
        0, -0.0, .nan, .infinity, -.infinity, 65_504, 65_519.9, 65_520, -1e9, 1e-8, 5.96e-8, 2.98e-8, 6.1e-5, 1.000_49,
        .leastNonzeroMagnitude, 1e-38,
    ]

    private func src(_ type: DataType, count: Int) -> Tensor {
        var random = SeededRandom(seed: UInt64(count))
        func number<T: FixedWidthInteger & Element>(_: T.Type) -> Tensor {
            Tensor(
                (0..<count).map { _ in T.random(in: .min ... .max, using: &random) >> T(random.int(0...7)) },
                shape: [count]
            )
        }
        switch type {
        case .float32:
            return Tensor(
                (0..<count).map {
                    $0 < Self.specialFloats.count ? Self.specialFloats[$0] : Float.random(in: -9...9, using: &random)
                },
                shape: [count]
            )
        case .float16:
            return Tensor(
                (0..<count).map { Float16(bitPattern: UInt16(truncatingIfNeeded: $0 &* 3571)) },
                shape: [count]
            )
        case .bool: return Tensor((0..<count).map { _ in Bool.random(using: &random) }, shape: [count])
        case .uint8: return number(UInt8.self)
        case .int8: return number(Int8.self)
        case .int32: return number(Int32.self)
        default: return number(Int64.self)
        }
    }

    @Test(arguments: blockedTargets, pairs.indices)
    func everyCountMatchesTheReference(target: VectorTarget, pair: Int) throws {
        let (from, to) = Self.pairs[pair]
        for count in tailSizes(target.lanes) + [4 * target.lanes, 5 * target.lanes + 3, 70_001] where count > 0 {
            let src = src(from, count: count)
            let problem = KernelProblem(
                Cast(to: to),
                inputs: [src.type],
                outputs: [TensorType(to, [count])],
                target: target
            )
            let kernel = try #require(CastKernel.tactics(problem).first?.make(), "\(from) to \(to)")
            let expected = Tensor(zeros: to, shape: [count])
            try Cast(to: to).evaluate([src], into: [expected])
            let guarded = try GuardedMemory.copy(src)
            let dst = try GuardedMemory.copy(Tensor(zeros: to, shape: [count]))
            for part in (0..<kernel.partCount).reversed() { kernel.run(part: part, inputs: [guarded], outputs: [dst]) }
            let (left, right) = (dst.doubles(), expected.doubles())
            for index in left.indices where !(left[index] == right[index] || left[index].isNaN && right[index].isNaN) {
                Issue.record("\(from) to \(to), \(count): \(index): got \(left[index]), expected \(right[index])")
                return
            }
        }
    }

    @Test func floatsToIntegersAreLeftToTheOperator() {
        for type in [DataType.int32, .int64, .uint8] {
            let problem = KernelProblem(
                Cast(to: type),
                inputs: [TensorType(.float32, [9])],
                outputs: [TensorType(type, [9])],
                target: blockedTargets.first
            )
            #expect(CastKernel.tactics(problem).isEmpty)
        }
    }
}
