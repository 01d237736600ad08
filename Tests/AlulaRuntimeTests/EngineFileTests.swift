// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaRuntime
import AlulaSystem
import AlulaTensor
import Testing

/// Engines from files and bytes.
@Suite struct EngineFileTests {
    let directory: String

    init() throws {
        directory = "/tmp/alula-engine-file-tests-\(MonotonicClock.nowNanoseconds())"
        try Files.makeDirectory(directory)
    }

    private func error(_ body: () throws(PlanError) -> Void) -> PlanError? {
        do {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test func engineFromAFileRunsLikeThePlan() throws {
        let path = directory + "/network.plan"
        try Networks.fixed.write(to: path)
        #expect(try Files.list(directory) == ["network.plan"])
        let device = try Device.cpu(threads: 1)
        for engine in [try Engine(contentsOf: path), try Engine(try Files.read(path))] {
            let context = try engine.makeExecutionContext(on: device)
            let memory = [try device.memory([Float(1), 2, 3, 4]), try device.allocate(byteCount: 16)]
            try context.executeV2(bindings: memory)
            #expect(try memory[1].floats(4, on: device) == [3, 4, 5, 6])
        }
    }

    @Test func weightsOfAFileStayInTheMapping() throws {
        let path = directory + "/weights.plan"
        var builder = NetworkBuilder()
        let input = builder.input("input", [1024])
        let weights = builder.constant(Tensor([Float](repeating: 2, count: 1024), shape: [1024]))
        let more = builder.constant(Tensor([Float](repeating: 3, count: 1024), shape: [1024]))
        let sum = builder.step("add", Add(), input, weights)
        builder.output(builder.step("again", Add(), sum, more), "output", [1024])
        try builder.plan.write(to: path)
        let engine = try Engine(contentsOf: path)
        var storages: [TensorStorage] = []
        for case .constant(let tensor) in engine.plan.values.map(\.kind) { storages.append(tensor.storage) }
        #expect(storages.count == 2 && storages[0] === storages[1])
        #expect(storages[0].byteCount == (try Files.read(path)).count)
        // The mapping outlives the name.
        try Files.remove(path)
        let device = try Device.cpu(threads: 1)
        let context = try engine.makeExecutionContext(on: device)
        let memory = [try device.memory([Float](repeating: 1, count: 1024)), try device.allocate(byteCount: 4096)]
        try context.executeV2(bindings: memory)
        #expect(try memory[1].floats(1024, on: device) == [Float](repeating: 6, count: 1024))
    }

    @Test func badFilesAreNamed() throws {
        let path = directory + "/bad.plan"
        let bytes = Networks.fixed.serializedBytes()
        func load() -> PlanError? { error { () throws(PlanError) in _ = try Engine(contentsOf: path) } }
        guard case .file(path, let reason)? = load() else {
            Issue.record("a missing file was loaded")
            return
        }
        #expect(reason.contains("No such file"))
        let damaged = Array(bytes.dropLast(100))
        try Files.write(unsafe damaged.span.bytes, to: path)
        #expect(load() == .truncated(byteCount: bytes.count - 100, expectedByteCount: bytes.count))
        try Files.write("", to: path)
        #expect(load() == .notAPlan(guess: "an empty file"))
        try Files.write("solid text, no plan", to: path)
        #expect(load() == .notAPlan(guess: nil))
    }

    @Test func unwritablePathLeavesNothingBehind() throws {
        let error = error { () throws(PlanError) in try Networks.fixed.write(to: directory + "/none/network.plan") }
        guard case .file(let path, _)? = error else {
            Issue.record("written into a directory that does not exist")
            return
        }
        #expect(path.hasSuffix("/none/network.plan"))
        #expect(try Files.list(directory) == [])
    }

    @Test func inconsistentPlanIsRefusedByTheEngine() {
        var plan = Networks.fixed
        plan.steps.swapAt(0, 1)
        let error = error { () throws(PlanError) in _ = try Engine(plan) }
        guard case .malformed("input", let location, _, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(location.contains("relu"))
    }
}
