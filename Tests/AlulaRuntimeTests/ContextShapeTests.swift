// SPDX-License-Identifier: Apache-2.0

import AlulaKernels
import AlulaOperators
import AlulaPlan
import AlulaRuntime
import AlulaTensor
import Testing

/// Shapes, profiles and workspace of a context.
@Suite struct ContextShapeTests {
    let device: Device
    let stream: ExecutionStream

    init() throws {
        device = try Device.cpu(threads: 1)
        stream = .handCranked(on: device, name: "main")
    }

    // MARK: - Shapes

    @Test func unsetShapesAreNamed() throws {
        let context = try Engine(Networks.dynamic).makeExecutionContext(on: device)
        #expect(try context.inferShapes() == ["input"])
        #expect(try context.shape(of: "output") == nil)
        let memory = try device.allocate(byteCount: 1024)
        let text = refusal(.invalidState) { () throws(ExecutionError) in
            try context.enqueue(bindings: [memory, memory], on: stream)
        }
        #expect(text.contains("'input'"))
        try context.setInputShape([2, 3], for: "input")
        #expect(try context.inferShapes() == [])
        #expect(try context.shape(of: "output") == [2, 3])
    }

    @Test func everyShapeOfAProfileRuns() throws {
        let context = try Engine(Networks.dynamic).makeExecutionContext(on: device)
        for count in [1, 8, 3, 8, 1] {
            try context.setInputShape([count, 3], for: "input")
            let input = try device.memory((0..<count * 3).map { Float($0) - 2 })
            let output = try device.allocate(byteCount: count * 12)
            try context.enqueue(bindings: [input, output], on: stream)
            crankAll(stream)
            #expect(try output.floats(count * 3, on: device) == (0..<count * 3).map { max(Float($0) - 2, 0) + 1 })
        }
    }

    @Test func shapesInFlightAreNotDisturbedByLaterOnes() throws {
        let context = try Engine(Networks.dynamic).makeExecutionContext(on: device)
        let input = try device.memory((0..<24).map { Float($0) })
        let outputs = try (0..<3).map { _ in try device.memory([Float](repeating: -7, count: 24)) }
        for (index, count) in [8, 1, 4].enumerated() {
            try context.setInputShape([count, 3], for: "input")
            try context.enqueue(bindings: [input, outputs[index]], on: stream)
        }
        crankAll(stream)
        for (index, count) in [8, 1, 4].enumerated() {
            let expected = (0..<24).map { $0 < count * 3 ? Float($0) + 1 : -7 }
            #expect(try outputs[index].floats(24, on: device) == expected)
        }
    }

    @Test func wrongShapesAreNamedAndLeaveTheOldOne() throws {
        let context = try Engine(Networks.dynamic).makeExecutionContext(on: device)
        try context.setInputShape([2, 3], for: "input")
        func refused(_ shape: Shape, _ name: String) -> String {
            refusal(.invalidArgument) { () throws(ExecutionError) in try context.setInputShape(shape, for: name) }
        }
        #expect(refused([2, 4], "input").contains("got [2, 4]"))
        #expect(refused([2], "input").contains("binding 'input'"))
        #expect(refused([2, 3], "output").contains("expected an input"))
        #expect(refused([2, 3], "none").contains("'input', 'output'"))
        #expect(refused([9, 3], "input").contains("outside optimization profile 0"))
        #expect(try context.shape(of: "input") == [2, 3])
    }

    @Test func shapesSetOneAfterTheOtherMayDisagreeInBetween() throws {
        let context = try Engine(Networks.twoDynamicInputs).makeExecutionContext(on: device)
        try context.setInputShape([4], for: "left")
        try context.setInputShape([4], for: "right")
        try context.setInputShape([6], for: "left")
        let memory = try device.allocate(byteCount: 64)
        #expect(
            refusal(.invalidArgument) { () throws(ExecutionError) in _ = try context.inferShapes() }
                .contains("N = 6")
        )
        refusal(.invalidArgument) { () throws(ExecutionError) in
            try context.enqueue(bindings: [memory, memory, memory], on: stream)
        }
        try context.setInputShape([6], for: "right")
        #expect(try context.inferShapes() == [])
        #expect(try context.shape(of: "output") == [6])
    }

    // MARK: - Profiles

    @Test func profileChangesRangesAndForgetsShapes() throws {
        let engine = try Engine(Networks.dynamic)
        #expect(engine.optimizationProfiles.count == 2)
        let context = try engine.makeExecutionContext(on: device)
        try context.setInputShape([2, 3], for: "input")
        try context.setOptimizationProfile(1)
        #expect(context.optimizationProfile == 1)
        #expect(try context.inferShapes() == ["input"])
        refusal(.invalidArgument) { () throws(ExecutionError) in try context.setInputShape([2, 3], for: "input") }
        try context.setInputShape([20, 3], for: "input")
        refusal(.invalidArgument) { () throws(ExecutionError) in try context.setOptimizationProfile(2) }
    }

    @Test func anyNumberOfContextsUseOneProfile() throws {
        let engine = try Engine(Networks.dynamic)
        let contexts = try (0..<3).map { _ in try engine.makeExecutionContext(on: device) }
        let input = try device.memory([Float](repeating: 1, count: 24))
        for (index, context) in contexts.enumerated() {
            try context.setInputShape([index + 1, 3], for: "input")
            let output = try device.allocate(byteCount: 96)
            let stream = ExecutionStream.handCranked(on: device)
            try context.enqueue(bindings: [input, output], on: stream)
            crankAll(stream)
            #expect(try output.floats(3, on: device) == [2, 2, 2])
        }
    }

    // MARK: - Workspace

    @Test func workspaceGrowsWithTheShapes() throws {
        let engine = try Engine(Networks.dynamic)
        let context = try engine.makeExecutionContext(on: device)
        #expect(context.workspaceByteCount == 0)
        try context.setInputShape([8, 3], for: "input")
        #expect(context.workspaceByteCount == 256)
        #expect(try engine.deviceMemoryByteCount(forProfile: 1) == 512)
        refusal(.invalidArgument) { () throws(ExecutionError) in _ = try engine.deviceMemoryByteCount(forProfile: 2) }
    }

    @Test func suppliedWorkspaceIsUsedAndChecked() throws {
        // Portable kernels overwrite nothing, so that the size is the same on every machine.
        let engine = try Engine(Networks.fixed, kernels: .portable)
        let neededByteCount = try engine.deviceMemoryByteCount()
        #expect(neededByteCount == 512)
        let short = try device.allocate(byteCount: neededByteCount - 1)
        let text = refusal(.invalidArgument) { () throws(ExecutionError) in
            _ = try engine.makeExecutionContext(on: device, workspace: short)
        }
        #expect(text.contains("workspace") && text.contains("512"))
        let before = device.allocatedByteCount
        let workspace = try device.allocate(byteCount: neededByteCount)
        let context = try engine.makeExecutionContext(on: device, workspace: workspace)
        #expect(device.allocatedByteCount == before + neededByteCount)
        let input = try device.memory([Float(1), 2, 3, 4])
        let output = try device.allocate(byteCount: 16)
        try context.enqueue(bindings: [input, output], on: stream)
        crankAll(stream)
        #expect(try output.floats(4, on: device) == [3, 4, 5, 6])
        // The intermediate `input + 1` was computed in the caller's memory.
        #expect(try workspace.floats(4, on: device) == [2, 3, 4, 5])
    }

    @Test func suppliedWorkspaceMustHoldEveryShapeThatIsSet() throws {
        let engine = try Engine(Networks.dynamic)
        let workspace = try device.allocate(byteCount: 256)
        let context = try engine.makeExecutionContext(on: device, workspace: workspace)
        try context.setInputShape([8, 3], for: "input")
        try context.setOptimizationProfile(1)
        let text = refusal(.invalidArgument) { () throws(ExecutionError) in
            try context.setInputShape([32, 3], for: "input")
        }
        #expect(text.contains("got 256 bytes") && text.contains("512 bytes"))
    }

    // MARK: - Outputs sized by the run

    @Test func outputShapesAreKnownAfterTheRun() throws {
        let context = try Engine(Networks.contentSized).makeExecutionContext(on: device)
        #expect(try context.shape(of: "indices") == nil)
        let input = try device.memory([Float(0), 5, 0, -1, 2, 0])
        let indices = try device.allocate(byteCount: 64)
        let positive = try device.allocate(byteCount: 24)
        try context.enqueue(bindings: [input, indices, positive], on: stream)
        crankAll(stream)
        #expect(try context.shape(of: "indices") == [1, 3])
        #expect(try indices.elements(Int64(0), count: 3, on: device) == [1, 3, 4])
        #expect(try positive.floats(6, on: device) == [0, 5, 0, 0, 2, 0])
    }

    @Test func shortMemoryForASizedOutputFailsTheStreamNamingTheLayer() throws {
        let context = try Engine(Networks.contentSized).makeExecutionContext(on: device)
        let input = try device.memory([Float](repeating: 1, count: 6))
        let indices = try device.allocate(byteCount: 16)
        let positive = try device.allocate(byteCount: 24)
        try context.enqueue(bindings: [input, indices, positive], on: stream)
        crankAll(stream)
        let error = try #require(stream.failure)
        #expect(error.details.origin?.layer == "copy")
        #expect(error.description.contains("got 16 bytes") && error.description.contains("48 bytes"))
        stream.clearError()
        let nearlyEmpty = try device.memory([Float(0), 0, 0, 0, 0, 3])
        try context.enqueue(bindings: [nearlyEmpty, indices, positive], on: stream)
        crankAll(stream)
        #expect(stream.failure == nil)
        #expect(try indices.elements(Int64(0), count: 1, on: device) == [5])
    }

    private final class Allocator: OutputAllocator {
        let device: Device
        let log = Log<String>()
        let memory = Log<DeviceMemory>()

        init(_ device: Device) { self.device = device }

        func reallocateOutput(tensor: String, byteCount: Int) -> MemoryRange? {
            log.append("\(tensor) \(byteCount)")
            guard let memory = try? device.allocate(byteCount: byteCount) else { return nil }
            self.memory.append(memory)
            return try? memory.memoryRange()
        }

        func notifyShape(tensor: String, shape: Shape) { log.append("\(tensor) \(shape)") }
    }

    @Test func outputAllocatorIsAskedWhenTheSizeIsKnown() throws {
        let context = try Engine(Networks.contentSized).makeExecutionContext(on: device)
        let allocator = Allocator(device)
        let input = try device.memory([Float(0), 5, 0, -1, 2, 0])
        try context.setAddress(input, for: "input")
        for name in ["indices", "positive"] { try context.setOutputAllocator(allocator, for: name) }
        refusal(.invalidArgument) { () throws(ExecutionError) in
            try context.setOutputAllocator(allocator, for: "input")
        }
        try context.enqueue(on: stream)
        crankAll(stream)
        #expect(stream.failure == nil)
        #expect(allocator.log.entries == ["positive 24", "positive [6]", "indices 24", "indices [1, 3]"])
        let indices = try #require(allocator.memory.entries.last)
        #expect(try indices.elements(Int64(0), count: 3, on: device) == [1, 3, 4])
    }
}
