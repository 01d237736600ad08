// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaSystem
import AlulaTensor
import AlulaTesting
import Testing

/// Damaged plans are refused or load; they never trap. `ALULA_FUZZ_COUNT` sets how many are tried.
@Suite("Plan fuzzing")
struct PlanFuzzTests {
    static let count = Environment.value("ALULA_FUZZ_COUNT").flatMap { Int($0) } ?? 2000
    static let seed = Environment.value("ALULA_FUZZ_SEED").flatMap { UInt64($0) } ?? 20_261_123

    @Test func mutatedPlansNeverTrap() {
        print("plan fuzz: \(Self.count) plans, seed \(Self.seed)")
        var generator = SeededRandom(seed: Self.seed)
        let originals = [PlanBuilder.everything.serializedBytes(), Self.chain.serializedBytes()]
        var refused = 0
        for round in 0..<Self.count {
            var bytes = originals[round % 2]
            mutate(&bytes, &generator)
            if round % 8 != 0 { reseal(&bytes) }
            do throws(PlanError) {
                let plan = try Plan(bytes, operators: .forTests)
                let shapes = plan.bindings.filter { $0.mode == .input }.map(Self.shape)
                let instance = try PlanInstance(plan, inputShapes: shapes) { _, _ in true }
                #expect(instance.workspaceByteCount >= 0)
            } catch {
                refused += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(refused > Self.count / 4)
    }

    private static func shape(of binding: Binding) -> Shape {
        let dimensions = binding.dimensions ?? []
        return Shape(dimensions.map { $0.extent ?? 3 })
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededRandom) {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
        case 1:
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            bytes.removeSubrange(start..<min(bytes.count, start + Int.random(in: 1...64, using: &generator)))
        case 2:
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            let inserted = (0..<Int.random(in: 1...64, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            bytes.insert(contentsOf: inserted, at: start)
        case 3:
            // A whole field at once: lengths, counts and offsets are 8 bytes.
            let start = Int.random(in: 0..<bytes.count - 8, using: &generator)
            let values: [UInt64] = [0, 1, 255, 1 << 31, 1 << 32, 1 << 62, .max, .max >> 1, UInt64(bytes.count)]
            let value = values[Int.random(in: 0..<values.count, using: &generator)]
            for index in 0..<8 { bytes[start + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        default:
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                // Most damage goes where structure is: header and description.
                let bound = Bool.random(using: &generator) ? bytes.count : min(bytes.count, 1400)
                bytes[Int.random(in: 0..<bound, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
        }
    }

    /// Convolution-like steps whose parameters are integers, implicit batch.
    static var chain: Plan {
        var builder = PlanBuilder()
        builder.batchMode = .explicit
        let input = builder.input("input", [1, 4, 8, 8])
        let first = builder.step(TestResample(channels: 8, denominator: 2), input)
        let second = builder.step(TestResample(channels: 4), first)
        let third = builder.step(TestConcat(axis: 1), first, second)
        builder.output(third, "output", [1, 12, 4, 4])
        return builder.plan
    }
}
