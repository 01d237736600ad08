// SPDX-License-Identifier: Apache-2.0

internal import AlulaBuilder
internal import AlulaGraph
internal import AlulaONNX
internal import AlulaPlan
internal import AlulaRuntime
internal import AlulaSystem
internal import AlulaTensor
internal import AlulaTesting
internal import Testing

/// Damaged plans of real networks are refused, or load and run; they never crash, hang or take memory without bound.
///
/// `ALULA_FUZZ_COUNT` sets the number of plans, `ALULA_FUZZ_SEED` the first seed, `ALULA_FUZZ_TRACE` keeps the last plan.
@Suite(.enabled(if: ConformanceData.directory != nil, "ONNX's test data is not installed: run `make venv`"))
struct PlanFuzzTests {
    static let count = Environment.value("ALULA_FUZZ_COUNT").flatMap { Int($0) } ?? 1500
    static let firstSeed = Environment.value("ALULA_FUZZ_SEED").flatMap { UInt64($0) } ?? 1

    @Test func damagedPlansOfOperatorCasesNeverCrash() throws {
        let plans = try Self.plans()
        let device = try Device.cpu(threads: 1)
        print("damaging \(plans.count) plans, \(Self.count) files, first seed \(Self.firstSeed)")
        for plan in plans { #expect(throws: Never.self) { try Engine(plan, warn: { _ in }) } }
        var refused = 0
        var ran = 0
        for index in 0..<Self.count {
            var mutator = ByteMutator(seed: Self.firstSeed + UInt64(index))
            var parts = PlanParts(plans[index % plans.count])
            let other = PlanParts(plans[(index / plans.count + index) % plans.count])
            if index % 4 == 0 {
                parts.description = mutator.mutate(parts.description, other: other.description)
            } else {
                Self.nudge(&parts.description, seed: Self.firstSeed + UInt64(index))
            }
            let bytes = parts.sealed
            if let path = Environment.value("ALULA_FUZZ_TRACE") { try Files.write(unsafe bytes.span.bytes, to: path) }
            do {
                if try Self.load(bytes, on: device) { ran += 1 }
            } catch is PlanError {
                refused += 1
            } catch is ExecutionError {
                refused += 1
            }
        }
        print("\(refused) refused, \(ran) ran")
        #expect(refused > Self.count / 10, "mutations do damage")
        #expect(ran > 0, "and leave some plans whole")
    }

    /// Changes one number a little or to an extreme: most such plans pass the reader and reach the operators.
    private static func nudge(_ bytes: inout [UInt8], seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = bytes[place] &+ 1
        case 1: bytes[place] = bytes[place] &- 1
        case 2: bytes[place] = [0, 1, 2, 7, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
        default:
            // A whole 8-byte field: fields are not aligned, so look for one that holds a small number.
            let fields = bytes.indices.dropLast(8).filter { start in
                bytes[start] > 0 && bytes[start + 1..<start + 8].allSatisfy { $0 == 0 }
            }
            guard let field = fields.randomElement(using: &random) else { return }
            let value = [-1, 0, 1, 3, 1 << 20, 1 << 33, 1 << 62, .max, .min].randomElement(using: &random) ?? 0
            for index in 0..<8 { bytes[field + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
        }
    }

    /// Plans of ONNX's operator cases, as far as they build.
    private static func plans() throws -> [[UInt8]] {
        let directory = try #require(ConformanceData.directory)
        let cases = try ConformanceCase.discover(in: directory)
        // All of them only where many files are asked for: building takes longer than damaging.
        let stride = count > 5000 ? 1 : 12
        return try cases.enumerated().compactMap { index, testCase in
            guard index % stride == 0, try Files.read(testCase.modelPath).count < 20_000,
                let graph = try? Graph(onnx: testCase.modelPath), let plan = try? Builder().build(graph)
            else { return nil }
            return plan.serializedBytes()
        }
    }

    /// Loads a plan and, if it is small, runs it once; whether it ran.
    private static func load(_ bytes: [UInt8], on device: Device) throws -> Bool {
        let engine = try Engine(bytes, warn: { _ in })
        let shapes = engine.bindings.filter { $0.mode == .input }.map { binding in
            Shape(checking: (binding.dimensions ?? []).map { $0.extent ?? 3 }) ?? [0]
        }
        guard !engine.hasImplicitBatchDimension else { return false }
        let instance = try PlanInstance(engine.plan, inputShapes: shapes)
        let types = instance.shapes.types.compactMap(\.self)
        guard types.allSatisfy({ $0.shape.elementCount < 1 << 16 }), types.count < 200 else { return false }
        let context = try engine.makeExecutionContext(on: device)
        for (binding, shape) in zip(engine.bindings, shapes) { try context.setInputShape(shape, for: binding.name) }
        var memory: [DeviceMemory] = []
        for (binding, type) in zip(engine.bindings, instance.bindingTypes) {
            memory.append(try device.allocate(byteCount: max(1 << 12, type?.byteCount ?? 0)))
            if let last = memory.last { try context.setAddress(last, for: binding.name) }
        }
        try context.executeV2(bindings: memory)
        return true
    }
}
