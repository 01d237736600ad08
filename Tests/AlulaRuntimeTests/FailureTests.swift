// SPDX-License-Identifier: Apache-2.0

import AlulaRuntime
import AlulaSystem
import Synchronization
import Testing

/// Execution model §2 row "errors", and §6.
@Suite struct FailureTests {
    let device: Device

    init() throws { device = try Device.cpu(threads: 2) }

    @Test func failureIsReportedOnceByTheNextCallWithItsOrigin() throws {
        let stream = try device.makeStream(name: "sour")
        let line: UInt = #line + 1
        try stream.push(
            StubWork { _, _ throws(ExecutionError) in throw .planted.attributed(toLayer: "conv1") },
            inputConsumed: nil
        )
        let error = #expect(throws: ExecutionError.self) { try stream.synchronize() }
        #expect(error?.code == .failedExecution)
        let origin = try #require(error?.details.origin)
        #expect(origin.command == "execute")
        #expect(origin.stream == "sour")
        #expect(origin.layer == "conv1")
        #expect(origin.callSite == "AlulaRuntimeTests/FailureTests.swift:\(line)")
        try stream.synchronize()  // not reported again
        #expect(stream.failure == error, "but it sticks")
    }

    @Test func everyKindOfCallReportsTheFailure() throws {
        let memory = try device.allocate(byteCount: 8)
        let event = ExecutionEvent()
        let calls: [(String, (ExecutionStream) throws -> Void)] = [
            ("query", { _ = try $0.query() }),
            ("synchronize", { try $0.synchronize() }),
            ("fill", { try $0.fill(memory, with: 1) }),
            ("copy", { try $0.copy(from: memory, to: memory) }),
            ("pageable copy", { try $0.copy(fromPageable: ([1] as [UInt8]).span, to: memory) }),
            ("record", { try $0.record(event) }),
            ("host function", { try $0.launchHostFunction {} }),
            ("allocateAsync", { _ = try $0.allocateAsync(byteCount: 1) }),
            ("execute", { try $0.push(StubWork(), inputConsumed: nil) }),
            ("beginCapture", { try $0.beginCapture() }),
        ]
        for (name, call) in calls {
            let stream = try device.makeStream()
            let before = stream.lastSequence
            try stream.launchHostFunction { () throws(ExecutionError) in throw .planted }
            #expect(eventually { stream.failure != nil })
            let issued = stream.lastSequence
            #expect(issued > before)
            let error = #expect(throws: ExecutionError.self, "\(name)") { try call(stream) }
            #expect(error?.details.what == "planted failure", "\(name)")
            #expect(stream.lastSequence == issued, "\(name) enqueued something although it threw")
        }
    }

    @Test func commandsAfterAFailureAreSkippedUntilItIsCleared() throws {
        let stream = ExecutionStream.handCranked(on: device)
        let log = Log<String>()
        try stream.launchHostFunction { () throws(ExecutionError) in throw .planted }
        try stream.launchHostFunction { log.append("issued before the report") }
        crankAll(stream)
        #expect(throws: ExecutionError.self) { _ = try stream.query() }
        try stream.launchHostFunction { log.append("issued after the report") }
        crankAll(stream)
        try stream.launchHostFunction { log.append("issued before clearError, reached after it") }
        #expect(stream.clearError()?.details.what == "planted failure")
        try stream.launchHostFunction { log.append("after clearError") }
        crankAll(stream)
        #expect(log.entries == ["after clearError"])
        #expect(stream.failure == nil)
        #expect(try stream.query() == .ready)
        #expect(stream.clearError() == nil)
    }

    @Test func clearingAHealthyStreamSkipsNothing() throws {
        let stream = ExecutionStream.handCranked(on: device)
        let log = Log<Int>()
        try stream.launchHostFunction { log.append(1) }
        #expect(stream.clearError() == nil)
        crankAll(stream)
        #expect(log.entries == [1])
    }

    @Test func waitingForSkippedCommandsSaysSo() throws {
        let stream = try device.makeStream()
        let memory = try device.allocate(byteCount: 8)
        try stream.launchHostFunction { () throws(ExecutionError) in throw .planted }
        #expect(throws: ExecutionError.self) { try stream.synchronize() }
        try stream.fill(memory, with: 9)
        let error = #expect(throws: ExecutionError.self) { try stream.synchronize() }
        #expect(error?.code == .invalidState)
        #expect(error?.details.got == "1 commands since planted failure")
        #expect(try bytes(of: memory, on: device) == [UInt8](repeating: 0, count: 8))
    }

    @Test func otherStreamsAndTheDeviceLiveOn() throws {
        let failing = try device.makeStream()
        let healthy = try device.makeStream()
        let event = ExecutionEvent()
        try failing.launchHostFunction { () throws(ExecutionError) in throw .planted }
        try? failing.record(event)
        #expect(eventually { failing.failure != nil })
        let memory = try device.allocate(byteCount: 4)
        try healthy.wait(for: event)  // a failed stream holds up nobody
        try healthy.fill(memory, with: 5)
        try healthy.synchronize()
        #expect(healthy.failure == nil)
        #expect(try bytes(of: memory, on: device) == [5, 5, 5, 5])
    }

    @Test func eventsOfFailedWorkTellOfTheFailureAndEarlierOnesDoNot() throws {
        let stream = ExecutionStream.handCranked(on: device)
        let before = ExecutionEvent()
        let after = ExecutionEvent()
        try stream.record(before)
        try stream.launchHostFunction { () throws(ExecutionError) in throw .planted }
        try stream.record(after)
        crankAll(stream)
        try before.synchronize()
        let error = #expect(throws: ExecutionError.self) { try after.synchronize() }
        #expect(error?.details.what == "planted failure")
        let own = #expect(throws: ExecutionError.self) { _ = try stream.query() }
        #expect(own == error, "the stream still reports it itself")
    }

    @Test func failedAndSkippedWorkIsFinishedAndConsumesItsInputs() throws {
        let stream = try device.makeStream()
        let consumed = ExecutionEvent()
        let failing = StubWork { _, _ throws(ExecutionError) in throw .planted }
        let skipped = StubWork { _, _ in Issue.record("skipped work ran") }
        let gate = Gate()
        try stream.launchHostFunction { gate.wait() }
        try stream.push(failing, inputConsumed: nil)
        try stream.push(skipped, inputConsumed: consumed)
        gate.open()
        #expect(throws: ExecutionError.self) { try stream.synchronize() }
        #expect(failing.finishCount.load(ordering: .relaxed) == 1)
        #expect(skipped.finishCount.load(ordering: .relaxed) == 1)
        #expect(throws: ExecutionError.self) { _ = try consumed.query() }
    }

    @Test func pageableCopyOutOfAFailedStreamThrowsInsteadOfReturningStaleBytes() throws {
        let stream = try device.makeStream()
        let memory = try device.allocate(byteCount: 4)
        let gate = Gate()
        try stream.launchHostFunction { () throws(ExecutionError) in
            gate.wait()
            throw .planted
        }
        let opener = try Thread(name: "opener") { gate.open() }
        var host: [UInt8] = [1, 2, 3, 4]
        let error = #expect(throws: ExecutionError.self) { try stream.copy(from: memory, toPageable: &host) }
        opener.join()
        #expect(error?.details.what == "planted failure")
    }

    // MARK: §6

    @Test func errorCodesMapOneToOneToTensorRTAndCUDA() {
        let tensorRT: [ErrorCode: Int32] = [
            .success: 0, .unspecified: 1, .internalError: 2, .invalidArgument: 3, .invalidConfig: 4,
            .failedAllocation: 5,
            .failedInitialization: 6, .failedExecution: 7, .failedComputation: 8, .invalidState: 9,
            .unsupportedState: 10,
        ]
        for (code, number) in tensorRT { #expect(code.rawValue == number) }
        let all = ErrorCode.allCases
        #expect(Set(all.map(\.cudaError)).count == all.count)
        for code in all { #expect(ErrorCode(cudaError: code.cudaError) == code) }
        #expect(ErrorCode.notReady.cudaError == 600)
        #expect(ErrorCode.notPermitted.cudaError == 800)
        #expect(ErrorCode(cudaError: 12_345) == nil)
    }

    @Test func everyErrorCaseKeepsItsCodeAndDetails() {
        let details = ExecutionError.Details("what", in: "where", got: "this", expected: "that")
        for code in ErrorCode.allCases where code != .success {
            let error = ExecutionError(code, details)
            #expect(error.code == code)
            #expect(error.details == details)
            #expect(error.description == "\(code): what in where: got this, expected that")
        }
    }
}
