// SPDX-License-Identifier: Apache-2.0

import AlulaRuntime
import AlulaSystem
import AlulaTesting
import Testing

/// Random programs over several streams and events, checked against the order their calls promise.
///
/// Every command appends its number to one log. The model keeps, for every command, the commands that must come before it:
/// its predecessor on the stream, what the waits before it name, and what the default stream adds.
@Suite struct OrderingTests {
    /// The order that a program of calls promises.
    struct Model {
        /// Edges (before, after) of commands.
        var edges: [(Int, Int)] = []
        private var last: [Int?]
        private var pending: [Set<Int>]
        private var recorded: [Set<Int>?]
        private let legacy: Int?

        /// - Parameter legacy: the index of the default stream, against which all others order.
        init(streamCount: Int, eventCount: Int, legacy: Int? = nil) {
            last = Array(repeating: nil, count: streamCount)
            pending = Array(repeating: [], count: streamCount)
            recorded = Array(repeating: nil, count: eventCount)
            self.legacy = legacy
        }

        mutating func command(_ number: Int, on stream: Int) {
            orderAgainstLegacy(stream)
            if let previous = last[stream] { edges.append((previous, number)) }
            for before in pending[stream] { edges.append((before, number)) }
            pending[stream] = []
            last[stream] = number
        }

        mutating func record(_ event: Int, on stream: Int) {
            orderAgainstLegacy(stream)
            recorded[event] = pending[stream].union(last[stream].map { [$0] } ?? [])
        }

        mutating func wait(_ event: Int, on stream: Int) {
            pending[stream].formUnion(recorded[event] ?? [])
        }

        private mutating func orderAgainstLegacy(_ stream: Int) {
            guard let legacy else { return }
            for other in last.indices where other != stream && (stream == legacy || other == legacy) {
                pending[stream].formUnion(pending[other])
                if let before = last[other] { pending[stream].insert(before) }
            }
        }

        /// The first edge that `log` violates, or a number that is missing or doubled.
        func violation(in log: [Int], commandCount: Int) -> String? {
            guard log.sorted() == Array(0..<commandCount) else { return "\(log.count) of \(commandCount) commands ran" }
            var place = [Int](repeating: 0, count: commandCount)
            for (index, number) in log.enumerated() { place[number] = index }
            for (before, after) in edges where place[before] > place[after] {
                return "command \(after) ran before command \(before)"
            }
            return nil
        }
    }

    /// Issues a random program and returns its model.
    private func issue(
        commandCount: Int,
        on streams: [ExecutionStream],
        events: [ExecutionEvent],
        log: Log<Int>,
        legacy: Int? = nil,
        random: inout SeededRandom,
        afterEach: (inout SeededRandom) -> Void = { _ in }
    ) throws -> Model {
        var model = Model(streamCount: streams.count, eventCount: events.count, legacy: legacy)
        var number = 0
        while number < commandCount {
            let stream = Int.random(in: streams.indices, using: &random)
            let event = Int.random(in: events.indices, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1:
                try streams[stream].record(events[event])
                model.record(event, on: stream)
            case 2, 3:
                try streams[stream].wait(for: events[event])
                model.wait(event, on: stream)
            default:
                let current = number
                try streams[stream].launchHostFunction { log.append(current) }
                model.command(current, on: stream)
                number += 1
            }
            afterEach(&random)
        }
        return model
    }

    @Test(arguments: [UInt64(1), 2, 3, 4]) func threadsKeepTheOrderOfRandomPrograms(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let device = try Device.cpu(threads: 2)
        let streams = try (0..<Int(seed) + 1).map { _ in try device.makeStream(isNonBlocking: true) }
        let events = (0..<6).map { _ in ExecutionEvent(isTimed: false) }
        let log = Log<Int>()
        let model = try issue(commandCount: 4_000, on: streams, events: events, log: log, random: &random)
        for stream in streams { try stream.synchronize() }
        let violation = model.violation(in: log.entries, commandCount: 4_000)
        #expect(violation == nil, "seed \(seed)")
        #expect(model.edges.count > 4_000)
    }

    @Test(arguments: [UInt64(11), 12, 13]) func threadsKeepTheOrderAgainstTheDefaultStream(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let device = try Device.cpu(threads: 2)
        let streams = [try device.defaultStream(), try device.makeStream(), try device.makeStream()]
        let events = (0..<4).map { _ in ExecutionEvent(isTimed: false) }
        let log = Log<Int>()
        let model = try issue(commandCount: 3_000, on: streams, events: events, log: log, legacy: 0, random: &random)
        for stream in streams { try stream.synchronize() }
        let violation = model.violation(in: log.entries, commandCount: 3_000)
        #expect(violation == nil, "seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<40) func handCrankedInterleavingsKeepTheOrder(seed: UInt64) throws {
        var random = SeededRandom(seed: 1_000 + seed)
        let device = try Device.cpu(threads: 1)
        let streams = (0..<3).map { _ in ExecutionStream.handCranked(on: device) }
        let events = (0..<3).map { _ in ExecutionEvent(isTimed: false) }
        let log = Log<Int>()
        let model = try issue(
            commandCount: 200,
            on: streams,
            events: events,
            log: log,
            random: &random,
            afterEach: { random in
                // Some streams run while the program is still being issued.
                if Int.random(in: 0..<3, using: &random) == 0 { streams.randomElement(using: &random)?.runNext() }
            }
        )
        while streams.shuffled(using: &random).contains(where: { $0.runNext() }) {}
        let violation = model.violation(in: log.entries, commandCount: 200)
        #expect(violation == nil, "seed \(seed)")
    }

    @Test func sameSeedGivesTheSameInterleaving() throws {
        let logs = try (0..<2).map { _ in
            var random = SeededRandom(seed: 77)
            let device = try Device.cpu(threads: 1)
            let streams = (0..<3).map { _ in ExecutionStream.handCranked(on: device) }
            let events = [ExecutionEvent()]
            let log = Log<Int>()
            _ = try issue(commandCount: 300, on: streams, events: events, log: log, random: &random)
            while streams.shuffled(using: &random).contains(where: { $0.runNext() }) {}
            return log.entries
        }
        #expect(logs[0] == logs[1])
        #expect(logs[0] != Array(0..<300), "streams really overtook each other")
    }

    @Test func manyThreadsMayPushToOneStream() throws {
        let device = try Device.cpu(threads: 1)
        let stream = try device.makeStream()
        let log = Log<(Int, Int)>()
        let pushers = try (0..<4).map { pusher in
            try Thread(name: "pusher-\(pusher)") {
                for index in 0..<1_000 { try? stream.launchHostFunction { log.append((pusher, index)) } }
            }
        }
        for pusher in pushers { pusher.join() }
        try stream.synchronize()
        #expect(log.entries.count == 4_000)
        for pusher in 0..<4 {
            #expect(
                log.entries.filter { $0.0 == pusher }.map(\.1) == Array(0..<1_000),
                "pusher \(pusher) keeps its order"
            )
        }
    }

    @Test func threadsThatPushToDefaultAndBlockingStreamsNeverDeadlock() throws {
        let device = try Device.cpu(threads: 1)
        let streams = [try device.defaultStream(), try device.makeStream(), try device.makeStream()]
        let events = (0..<2).map { _ in ExecutionEvent() }
        let log = Log<Int>()
        let pushers = try streams.indices.map { index in
            try Thread(name: "pusher-\(index)") {
                var random = SeededRandom(seed: UInt64(500 + index))
                for _ in 0..<1_500 {
                    let event = events[Int.random(in: 0..<2, using: &random)]
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: try? streams[index].record(event)
                    case 1: try? streams[index].wait(for: event)
                    default: try? streams[index].launchHostFunction { log.append(index) }
                    }
                }
            }
        }
        for pusher in pushers { pusher.join() }
        for stream in streams { try stream.synchronize() }
        #expect(Set(log.entries) == [0, 1, 2])
    }

    @Test func rereadingDataThroughEventsSeesWhatWasWritten() throws {
        // A ring of buffers between a producer and a consumer stream: the classic double-buffering program.
        let device = try Device.cpu(threads: 1)
        let producer = try device.makeStream(isNonBlocking: true)
        let consumer = try device.makeStream(isNonBlocking: true)
        let buffers = try (0..<3).map { _ in try device.allocate(byteCount: 64) }
        let results = try device.allocateHost(byteCount: 64 * 256)
        let filled = (0..<3).map { _ in ExecutionEvent() }
        let drained = (0..<3).map { _ in ExecutionEvent() }
        for round in 0..<256 {
            let slot = round % 3
            try producer.wait(for: drained[slot])
            try producer.fill(buffers[slot], with: UInt8(round))
            try producer.record(filled[slot])
            try consumer.wait(for: filled[slot])
            try consumer.copy(from: buffers[slot], to: try results.slice(round * 64..<(round + 1) * 64))
            try consumer.record(drained[slot])
        }
        try consumer.synchronize()
        let isRight = results.withElements(of: UInt8.self) { bytes in
            bytes.indices.allSatisfy { bytes[$0] == UInt8($0 / 64) }
        }
        #expect(isRight)
    }
}
