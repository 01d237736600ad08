// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import AlulaSystem
import AlulaTesting
import ArgumentParser
import Foundation
import Testing

@testable import AlulaCLI

@Suite struct CloudFileTests {
    private let folder = temporaryPath("clouds-\(UInt64.random(in: 0..<UInt64.max))")

    /// Four points with intensities.
    private let values: [Float] = [1, 2, 3, 0.5, -4.25, 5, 0.125, 1, 7, -8, 9, 0, 1e-3, 2e3, -0.5, 0.25]

    private func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try Files.makeDirectory(folder)
        try Files.write(bytes, to: "\(folder)/\(name)")
        return "\(folder)/\(name)"
    }

    private func bytes(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) } }
    }

    private func check(
        _ path: String,
        intensities: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let cloud = try CloudFile().read(path)
        var expected = values
        if !intensities { for point in 0..<4 { expected[4 * point + 3] = 0 } }
        #expect(cloud.fieldCount == 4 && cloud.values == expected, sourceLocation: sourceLocation)
    }

    private func cleanUp() { try? FileManager.default.removeItem(atPath: folder) }

    // MARK: - Records

    @Test func kittiRecordsAreRead() throws {
        defer { cleanUp() }
        try check(try write(bytes(values), "a.bin"))
        #expect(try CloudFile().read(try write([], "empty.bin")).count == 0)
    }

    @Test func nuScenesRecordsAreTurnedForOtherNetworks() throws {
        defer { cleanUp() }
        let path = try write(bytes([1, 2, 3, 255, 31, 4, 5, 6, 51, 7]), "a.pcd.bin")
        #expect(try CloudFile().read(path).values == [2, -1, 3, 1, 5, -4, 6, 0.2])
        var reader = CloudFile()
        reader.options.networkFieldCount = 5
        #expect(try reader.read(path).values == [1, 2, 3, 255, 0, 4, 5, 6, 51, 0])
    }

    @Test(arguments: [1, 15, 17, 20, 40])
    func recordsThatDoNotFitAreNamed(byteCount: Int) throws {
        defer { cleanUp() }
        let path = try write([UInt8](repeating: 0, count: byteCount), "a.bin")
        let error = #expect(throws: CommandError.self) { try CloudFile().read(path) }
        #expect(error?.description.contains("\(byteCount) bytes") == true)
        #expect(error?.description.contains("--fields 5") == (byteCount % 20 == 0))
    }

    // MARK: - PCD

    private func pcd(_ encoding: String, _ data: [UInt8], fields: String = "x y z intensity") -> [UInt8] {
        let count = fields.split(separator: " ").count
        func all(_ word: String) -> String { Array(repeating: word, count: count).joined(separator: " ") }
        let header = """
            # .PCD v0.7
            VERSION 0.7
            FIELDS \(fields)
            SIZE \(all("4"))
            TYPE \(all("F"))
            COUNT \(all("1"))
            WIDTH 4
            HEIGHT 1
            VIEWPOINT 0 0 0 1 0 0 0
            POINTS 4
            DATA \(encoding)

            """
        return Array(header.utf8) + data
    }

    private var text: [UInt8] {
        Array(
            (0..<4).map { point in values[4 * point..<4 * point + 4].map { "\($0)" }.joined(separator: " ") + "\n" }
                .joined().utf8
        )
    }

    /// LZF with literal runs and, for the repeats at the end, copies.
    private func packed(_ bytes: [UInt8]) -> [UInt8] {
        var packed: [UInt8] = []
        var position = 0
        while position < bytes.count {
            // A copy of three or more bytes that were written before, if there is one near.
            var best = (length: 0, distance: 0)
            for distance in 1..<min(position, 200) + 1 where position > 0 {
                var length = 0
                while position + length < bytes.count, length < 264,
                    bytes[position + length] == bytes[position + length - distance]
                {
                    length += 1
                }
                if length > best.length { best = (length, distance) }
            }
            if best.length >= 3 {
                let length = best.length - 2
                let place = best.distance - 1
                if length < 7 {
                    packed += [UInt8(length << 5 | place >> 8), UInt8(place & 0xFF)]
                } else {
                    packed += [UInt8(7 << 5 | place >> 8), UInt8(length - 7), UInt8(place & 0xFF)]
                }
                position += best.length
            } else {
                packed += [0, bytes[position]]
                position += 1
            }
        }
        return packed
    }

    private func sized(_ packed: [UInt8], _ byteCount: Int) -> [UInt8] {
        [packed.count, byteCount].flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
            + packed
    }

    @Test func allEncodingsOfPCDAreRead() throws {
        defer { cleanUp() }
        try check(try write(pcd("ascii", text), "a.pcd"))
        try check(try write(pcd("binary", bytes(values)), "b.pcd"))
        let columns = (0..<4).flatMap { field in (0..<4).map { values[4 * $0 + field] } }
        let packed = packed(bytes(columns))
        try check(try write(pcd("binary_compressed", sized(packed, 64)), "c.pcd"))
        let zeros = self.packed([UInt8](repeating: 0, count: 64))
        #expect(zeros.count < 10)
        let path = try write(pcd("binary_compressed", sized(zeros, 64)), "d.pcd")
        #expect(try CloudFile().read(path).values.allSatisfy { $0 == 0 })
    }

    @Test func fieldsOfPCDMayComeInAnyOrderAndType() throws {
        defer { cleanUp() }
        let header = """
            FIELDS ring intensity z rgb y x
            SIZE 2 1 8 4 4 4
            TYPE U U F F F F
            COUNT 1 1 1 3 1 1
            WIDTH 1
            HEIGHT 1
            DATA binary

            """
        let z = (-2.5).bitPattern
        var data: [UInt8] = [1, 0, 200] + (0..<8).map { UInt8(truncatingIfNeeded: z >> (8 * UInt64($0))) }
        data += bytes([9, 9, 9, 4, 3])
        let path = try write(Array(header.utf8) + data, "a.pcd")
        #expect(try CloudFile().read(path).values == [3, 4, -2.5, 200])
        var reader = CloudFile()
        reader.options.intensityScale = 0.005
        #expect(try reader.read(path).values == [3, 4, -2.5, 1])
    }

    @Test func damagedPCDFilesAreNamed() throws {
        defer { cleanUp() }
        let whole = pcd("binary", bytes(values))
        let cases: [([UInt8], String)] = [
            (Array(whole.dropLast()), "bytes of data"), (pcd("ascii", Array(text.dropLast(30))), "lines of data"),
            (pcd("ascii", Array("1 2 x 4\n1 2 3 4\n1 2 3 4\n1 2 3 4\n".utf8)), "'x'"), (pcd("zip", []), "DATA zip"),
            (pcd("binary", bytes(values), fields: "a b c d"), "x, y and z"), (Array("VERSION 0.7\n".utf8), "DATA line"),
            (pcd("binary_compressed", sized([0, 1, 255, 255], 64)), "damaged"),
            (pcd("binary_compressed", sized(packed(bytes(values)), 63)), "63"), ([], "DATA line"),
        ]
        for (bytes, word) in cases {
            let path = try write(bytes, "bad.pcd")
            let error = #expect(throws: CommandError.self) { try CloudFile().read(path) }
            #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        }
    }

    // MARK: - PLY

    private func ply(_ format: String, _ data: [UInt8], intensity: String = "intensity") -> [UInt8] {
        let header = """
            ply
            format \(format) 1.0
            comment made by hand
            element vertex 4
            property float x
            property float y
            property float z
            property float \(intensity)
            element face 0
            property list uchar int vertex_indices
            end_header

            """
        return Array(header.utf8) + data
    }

    @Test func allEncodingsOfPLYAreRead() throws {
        defer { cleanUp() }
        try check(try write(ply("ascii", text), "a.ply"))
        try check(try write(ply("binary_little_endian", bytes(values)), "b.ply"))
        let big = values.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (24 - 8 * UInt32($0))) }
        }
        try check(try write(ply("binary_big_endian", big), "c.ply"))
        try check(try write(ply("ascii", text, intensity: "quality"), "d.ply"), intensities: false)
    }

    @Test func damagedPLYFilesAreNamed() throws {
        defer { cleanUp() }
        for (bytes, word) in [
            (Array("plx".utf8), "ply"), (ply("ascii", Array(text.dropLast(40))), "vertices"),
            (ply("binary_little_endian", Array(bytes(values).dropLast())), "bytes of vertices"),
            (ply("binary_middle_endian", []), "binary_middle_endian"), (Array("ply\nformat ascii 1.0\n".utf8), "end"),
            (Array("ply\nformat ascii 1.0\nelement face 1\nend_header\n".utf8), "vertex"),
        ] {
            let path = try write(bytes, "bad.ply")
            let error = #expect(throws: CommandError.self) { try CloudFile().read(path) }
            #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        }
    }

    // MARK: - NumPy, names

    @Test(arguments: [DataType.float32, .float64])
    func arraysAreRead(type: DataType) throws {
        defer { cleanUp() }
        try Files.makeDirectory(folder)
        let path = "\(folder)/a.npy"
        let tensor =
            type == .float32 ? Tensor(values, shape: [4, 4]) : Tensor(values.map { Double($0) }, shape: [4, 4])
        try NumPyFile.write(tensor, path: path)
        try check(path)
        try NumPyFile.write(Tensor(values, shape: [2, 2, 4]), path: path)
        #expect(throws: CommandError.self) { try CloudFile().read(path) }
    }

    @Test func unknownEndingsAndMissingFilesAreNamed() throws {
        for path in ["/nowhere/a.las", "/nowhere/a.bin", "/nowhere/a.pcd", "/nowhere/a.npy"] {
            let error = #expect(throws: CommandError.self) { try CloudFile().read(path) }
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test(arguments: [
        ("a*.bin", "abc.bin", true), ("a*.bin", "abc.bim", false), ("*", "", true), ("?", "", false), ("?", "x", true),
        ("*a*b*", "xxaxxbxx", true), ("*a*b", "ab", true), ("a?c", "abc", true), ("a?c", "ac", false),
        ("**", "abc", true),
    ])
    func patternsMatchLikeAShells(pattern: String, name: String, isMatch: Bool) {
        #expect(matches(Array(name), Array(pattern)) == isMatch)
    }

    @Test func foldersAndPatternsBecomeFrames() throws {
        defer { cleanUp() }
        for name in ["b.bin", "a.pcd", "c.txt", "a.bin", "d.pcd.bin"] { _ = try write([], name) }
        func names(_ arguments: String...) throws -> [String] {
            let options = try DetectInputOptions.parse(arguments)
            let frames = DetectFrames(options: options, reader: CloudFile())
            #expect(try frames.count() == frames.all().count)
            return try frames.all().map(\.name)
        }
        #expect(try names(folder) == ["a", "a", "b", "d"])
        #expect(try names("\(folder)/*.bin") == ["a", "b", "d"])
        #expect(try names("\(folder)/?.pcd", "\(folder)/b.bin", "--repeat", "2") == ["a", "b", "a", "b"])
        #expect(try names("\(folder)/missing.bin") == ["missing"])
        #expect(try names("--frames", "2") == ["street_0000", "street_0001"])
        #expect(throws: CommandError.self) { try names("\(folder)/*.ply") }
        try Files.makeDirectory("\(folder)/empty")
        #expect(throws: CommandError.self) { try names("\(folder)/empty") }
    }
}
