// SPDX-License-Identifier: Apache-2.0

import AlulaPlan
import AlulaRuntime
import AlulaTensor
import Testing

/// Every wrong binding is refused by name at the enqueue, and nothing is enqueued.
@Suite struct BindingTests {
    let device: Device
    let stream: ExecutionStream
    let context: ExecutionContext
    let input: DeviceMemory
    let output: DeviceMemory

    init() throws {
        device = try Device.cpu(threads: 1)
        stream = .handCranked(on: device, name: "main")
        context = try Engine(Networks.fixed).makeExecutionContext(on: device)
        input = try device.allocate(byteCount: 16)
        output = try device.allocate(byteCount: 16)
    }

    private func refused<Memory: BindingMemory>(
        _ memory: [Memory],
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> String {
        let before = stream.lastSequence
        let text = refusal(
            .invalidArgument,
            { () throws(ExecutionError) in try context.enqueue(bindings: memory, on: stream) },
            sourceLocation: sourceLocation
        )
        #expect(stream.lastSequence == before, "something was enqueued", sourceLocation: sourceLocation)
        return text
    }

    @Test func wrongNumberOfBindings() {
        #expect(refused([input]).contains("got 1, expected 2"))
        #expect(refused([input, output, output]).contains("got 3, expected 2"))
    }

    @Test func shortMemoryNamesNeededAndGivenBytes() throws {
        let short = try device.allocate(byteCount: 12)
        let text = refused([input, short])
        #expect(text.contains("binding 'output'") && text.contains("got 12 bytes") && text.contains("16 bytes"))
        #expect(refused([input.address, short.address]).contains("got 12 bytes"))
        #expect(refused([try output.slice(0..<8), try output.slice(8..<16)]).contains("got 8 bytes"))
    }

    @Test func addressInsideAnAllocationCountsToItsEnd() throws {
        let large = try device.allocate(byteCount: 64)
        #expect(refused([input.address, large.address.advanced(byByteCount: 52)]).contains("got 12 bytes"))
        try context.enqueue(bindings: [input.address, large.address.advanced(byByteCount: 48)], on: stream)
    }

    @Test func freedAddress() throws {
        let freed = try device.allocate(byteCount: 16)
        let address = freed.address
        try freed.free()
        #expect(refused([input.address, address]).contains("freed"))
        #expect(refused([input, freed]).contains("freed"))
    }

    @Test func foreignAddress() throws {
        #expect(refused([DeviceAddress(0x10), output.address]).contains("not memory of this device"))
        let other = try Device.cpu(threads: 1)
        #expect(refused([try other.allocate(byteCount: 16), output]).contains("binding 'input'"))
    }

    @Test func misalignedAddress() throws {
        let large = try device.allocate(byteCount: 64)
        let text = refused([input.address, large.address.advanced(byByteCount: 2)])
        #expect(text.contains("misaligned") && text.contains("multiple of 4"))
    }

    @Test func outputOverlappingAnInput() throws {
        let shared = try device.allocate(byteCount: 28)
        let text = refused([shared.address, shared.address.advanced(byByteCount: 12)])
        #expect(text.contains("output overlaps binding 'input'"))
        try context.enqueue(bindings: [shared.address, output.address], on: stream)
    }

    @Test func streamOfAnotherDevice() throws {
        let foreign = ExecutionStream.handCranked(on: try Device.cpu(threads: 1), name: "foreign")
        let text = refusal(.invalidArgument) { () throws(ExecutionError) in
            try context.enqueue(bindings: [input, output], on: foreign)
        }
        #expect(text.contains("'foreign'"))
    }

    @Test func keptAddressIsCheckedAtEveryEnqueue() throws {
        let kept = try device.allocate(byteCount: 16)
        try context.setAddress(kept.address, for: "input")
        try context.setAddress(output, for: "output")
        try context.enqueue(on: stream)
        try kept.free()
        let text = refusal(.invalidArgument) { () throws(ExecutionError) in try context.enqueue(on: stream) }
        #expect(text.contains("binding 'input'") && text.contains("freed"))
    }

    @Test func pinnedHostMemoryIsBoundDirectly() throws {
        let source = try device.allocateHost(byteCount: 16)
        let destination = try device.allocateHost(byteCount: 16)
        source.withMutableElements(of: Float.self) { elements in
            for index in 0..<4 { elements[index] = Float(index) }
        }
        try context.enqueue(bindings: [source, destination], on: stream)
        crankAll(stream)
        let read = destination.withElements(of: Float.self) { elements in (0..<4).map { elements[$0] } }
        #expect(read == [2, 3, 4, 5])
    }

    @Test func bindingsAreFoundByName() throws {
        let engine = context.engine
        #expect(engine.bindingIndex(named: "input") == 0)
        #expect(engine.bindingIndex(named: "output") == 1)
        #expect(engine.bindingIndex(named: "none") == nil)
        #expect(engine.binding(named: "output")?.mode == .output)
        #expect(engine.binding(named: "input")?.dataType == .float32)
        #expect(try context.shape(of: "output") == [4])
    }
}
