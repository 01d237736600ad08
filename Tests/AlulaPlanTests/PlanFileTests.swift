// SPDX-License-Identifier: Apache-2.0

import AlulaOperators
import AlulaPlan
import AlulaTensor
import AlulaTesting
import Testing

@Suite("Plan file")
struct PlanFileTests {
    let bytes = PlanBuilder.everything.serializedBytes()

    func load(_ bytes: [UInt8]) throws(PlanError) -> Plan { try Plan(bytes, operators: .forTests) }

    func error(_ bytes: [UInt8]) -> PlanError? {
        do {
            _ = try load(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test func roundTripKeepsEverything() throws {
        #expect(dump(try load(bytes)) == dump(PlanBuilder.everything))
    }

    @Test func equalPlansGiveEqualBytes() throws {
        #expect(PlanBuilder.everything.serializedBytes() == bytes)
        #expect(try load(bytes).serializedBytes() == bytes)
    }

    @Test func piecesAreTheWholeFileInOrder() {
        var joined: [UInt8] = []
        PlanBuilder.everything.serialize { joined += $0.elements(as: UInt8.self) }
        #expect(joined == bytes)
    }

    @Test func constantsPointIntoTheFile() throws {
        let storage = PlanBuilder.everything.serialized().storage
        let plan = try Plan(from: storage, operators: .forTests)
        var constantCount = 0
        for case .constant(let tensor) in plan.values.map(\.kind) {
            #expect(tensor.storage === storage)
            #expect(tensor.byteOffset % 256 == 0)
            constantCount += 1
        }
        #expect(constantCount == 4)
    }

    @Test func constantsOverOneMemoryAreStoredOnce() {
        let weights = Tensor(zeros: .float32, shape: [1024])
        var once = PlanBuilder()
        _ = once.constant(weights)
        var twice = once
        _ = twice.constant(weights)
        #expect(twice.plan.serializedBytes().count - once.plan.serializedBytes().count < weights.byteCount)
    }

    @Test func stridedConstantIsStoredContiguously() throws {
        let whole = Tensor((0..<12).map(Float.init), shape: [3, 4])
        let columns = try #require(
            Tensor(dataType: .float32, shape: [3, 2], storage: whole.storage, byteOffset: 0, outerStrideElements: 4)
        )
        var builder = PlanBuilder()
        _ = builder.constant(columns)
        guard case .constant(let loaded) = try load(builder.plan.serializedBytes()).values[0].kind else {
            Issue.record("no constant")
            return
        }
        #expect(loaded.elements(as: Float.self) == [0, 1, 4, 5, 8, 9])
    }

    @Test func checksumIsXXH64() {
        // The reference implementation is written from the specification, independently of the module's.
        #expect(storedChecksum(at: 40) == PlanParts.xxh64(Array(bytes[256..<256 + Int(storedChecksum(at: 32))])))
        #expect(storedChecksum(at: 224) == PlanParts.xxh64(Array(bytes[0..<224])))
    }

    private func storedChecksum(at offset: Int) -> UInt64 { word(bytes, at: offset) }

    // MARK: - Damage

    @Test func everyTruncationIsNamed() {
        for count in 0..<bytes.count {
            switch error(Array(bytes[..<count])) {
            case .notAPlan where count == 0: break
            case .truncated(let got, let expected)?:
                #expect(got == count)
                #expect(expected == (count < 256 ? 256 : bytes.count))
            case let other: Issue.record("\(count) bytes: \(String(describing: other))")
            }
        }
    }

    @Test func appendedBytesAreRefused() {
        guard case .malformed(let what, _, _, _)? = error(bytes + [0]) else {
            Issue.record("accepted")
            return
        }
        #expect(what == "file length")
    }

    @Test func everyFlippedByteIsNoticed() {
        let weightsStart = Int(word(bytes, at: 48))
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            let error = error(damaged)
            switch index {
            case 0..<8: #expect(error == .notAPlan(guess: nil))
            case 12..<16: #expect(error != nil)
            case 0..<256: #expect(error == .checksumMismatch(section: "header"))
            case 256..<weightsStart: #expect(error == .checksumMismatch(section: "description"))
            default: #expect(error == .checksumMismatch(section: "weights"))
            }
        }
    }

    @Test func newerVersionIsNamed() {
        var newer = bytes
        newer[12] = 9
        #expect(error(newer) == .newerVersion(got: 9, supported: 2))
        #expect("\(PlanError.newerVersion(got: 9, supported: 1))".contains("format version 9"))
    }

    @Test func otherByteOrderIsNamed() {
        var foreign = bytes
        foreign.replaceSubrange(8..<12, with: bytes[8..<12].reversed())
        guard case .foreign? = error(foreign) else {
            Issue.record("accepted")
            return
        }
    }

    @Test(arguments: [
        ([0x08, 0x07, 0x12, 0x07] + Array("pytorch".utf8), "an ONNX model"),
        (Array("ftrt".utf8) + [0, 0, 0, 0], "a TensorRT engine"),
        ([], "an empty file"),
    ])
    func foreignFilesAreRecognised(bytes: [UInt8], guess: String) {
        guard case .notAPlan(let got)? = error(bytes) else {
            Issue.record("accepted")
            return
        }
        #expect(got?.hasPrefix(guess) == true)
    }

    @Test func unknownOperatorIsNamed() {
        do {
            _ = try Plan(bytes, operators: .standard)
            Issue.record("accepted")
        } catch {
            guard case .unknownOperator(let name, let step) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(OperatorRegistry.forTests.names.contains(name))
            #expect(step == "step0")
        }
    }

    @Test func boolConstantOtherThanZeroAndOneIsRefused() throws {
        var builder = PlanBuilder()
        _ = builder.constant(Tensor([true], shape: [1]))
        var damaged = builder.plan.serializedBytes()
        damaged[Int(word(damaged, at: 48))] = 7
        reseal(&damaged)
        guard case .malformed(let what, _, let got, _)? = error(damaged) else {
            Issue.record("accepted")
            return
        }
        #expect(what == "bool constant")
        #expect(got == "7")
    }
}

/// The little-endian word at `offset`.
func word(_ bytes: [UInt8], at offset: Int) -> UInt64 { PlanParts.word(bytes[offset..<offset + 8]) }

/// Makes checksums fit changed content where the header still says where it is, so that the checks behind are reached.
func reseal(_ bytes: inout [UInt8]) {
    func store(_ value: UInt64, at offset: Int) {
        for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    guard bytes.count >= 256 else { return }
    for table in [24, 48] {
        let (start, count) = (word(bytes, at: table), word(bytes, at: table + 8))
        guard start <= UInt64(bytes.count), count <= UInt64(bytes.count) - start, count % 32 == 0 else { continue }
        store(PlanParts.xxh64(Array(bytes[Int(start)..<Int(start + count)])), at: table + 16)
    }
    store(PlanParts.xxh64(Array(bytes[0..<224])), at: 224)
}
