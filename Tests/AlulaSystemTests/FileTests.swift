// SPDX-License-Identifier: Apache-2.0

import AlulaSystem
import Testing

@Suite struct FileTests {
    @Test func mappedFileShowsTheBytesOfTheFile() throws {
        let directory = try TemporaryDirectory()
        let contents = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try Files.write(unsafe contents.span.bytes, to: directory.path + "/data")
        let file = try MappedFile(path: directory.path + "/data")
        #expect(file.byteCount == contents.count)
        let seen = file.withBytes { bytes in
            (0..<bytes.byteCount).map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        }
        #expect(seen == contents)
    }

    @Test func mappedFileStaysReadableAfterTheFileIsRemoved() throws {
        let directory = try TemporaryDirectory()
        try directory.write("kept", to: "data")
        let file = try MappedFile(path: directory.path + "/data")
        try Files.remove(directory.path + "/data")
        let first = file.withBytes { unsafe $0.unsafeLoad(as: UInt8.self) }
        #expect(first == UInt8(ascii: "k"))
    }

    @Test func emptyFileMapsToNoBytes() throws {
        let directory = try TemporaryDirectory()
        try directory.write("", to: "empty")
        let file = try MappedFile(path: directory.path + "/empty")
        #expect(file.byteCount == 0)
        #expect(file.bytes.byteCount == 0)
    }

    @Test func missingFileErrorNamesPathAndReason() throws {
        let error = #expect(throws: SystemError.self) { _ = try MappedFile(path: "/nonexistent/model.onnx") }
        #expect(error?.description == "cannot open '/nonexistent/model.onnx': No such file or directory (errno 2)")
    }

    @Test func mappingADirectoryIsANamedError() throws {
        let error = #expect(throws: SystemError.self) { _ = try MappedFile(path: "/tmp") }
        #expect(error?.description.contains("'/tmp': Is a directory") == true)
    }

    @Test func filesWithoutAKnownLengthAreReadToTheirEnd() throws {
        #expect(try Files.readText("/proc/self/status").contains("Threads:"))
    }

    @Test func writeReplacesTheFileInOneStepAndLeavesNothingElse() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/out"
        try Files.write("first", to: path)
        try Files.write("second", to: path)
        #expect(try Files.readText(path) == "second")
        #expect(try Files.list(directory.path) == ["out"])
    }

    @Test func abandonedWriterLeavesNoFileAndKeepsTheOldOne() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/out"
        try Files.write("old", to: path)
        do {
            let writer = try FileWriter(path: path)
            let half = Array("half".utf8)
            try writer.append(unsafe half.span.bytes)
            #expect(try Files.list(directory.path).count == 2, "the partial file is beside its destination")
        }
        #expect(try Files.list(directory.path) == ["out"])
        #expect(try Files.readText(path) == "old")
    }

    @Test func unwritablePlaceErrorNamesTheDestination() throws {
        let error = #expect(throws: SystemError.self) { try Files.write("x", to: "/nonexistent/out.plan") }
        #expect(error?.description == "cannot write '/nonexistent/out.plan': No such file or directory (errno 2)")
    }

    @Test func writingOverADirectoryIsRefusedBeforeAnythingIsWritten() throws {
        let directory = try TemporaryDirectory()
        let error = #expect(throws: SystemError.self) { try Files.write("x", to: directory.path) }
        #expect(error?.description.contains("Is a directory") == true)
        #expect(!Files.exists(directory.path + ".partial"))
    }
}
