// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaSystem
import AlulaTesting
import ArgumentParser
import Testing

@testable import AlulaCLI

@Suite struct NumPyFileTests {
    @Test(arguments: DataType.allCases)
    func everyTypeSurvivesARoundTrip(type: DataType) throws {
        let path = temporaryPath("round-trip-\(type).npy")
        defer { try? Files.remove(path) }
        let tensor = randomTensor(TensorType(type, [3, 1, 5]), seed: 7)
        try NumPyFile.write(tensor, path: path)
        let read = try NumPyFile.read(path: path)
        #expect(read.type == tensor.type)
        #expect(read.byteArray == tensor.byteArray)
    }

    @Test(arguments: [Shape.scalar, [0], [4], [2, 0, 3]])
    func scalarsAndEmptyShapesSurviveARoundTrip(shape: Shape) throws {
        let path = temporaryPath("shape-\(shape.rank)-\(shape.elementCount).npy")
        defer { try? Files.remove(path) }
        try NumPyFile.write(Tensor(zeros: .float32, shape: shape), path: path)
        #expect(try NumPyFile.read(path: path).shape == shape)
    }

    @Test func everyTruncationIsANamedError() throws {
        let path = temporaryPath("truncated.npy")
        defer { try? Files.remove(path) }
        try NumPyFile.write(randomTensor(TensorType(.float32, [4, 4]), seed: 1), path: path)
        let whole = try Files.read(path)
        for count in stride(from: 0, to: whole.count, by: 3) {
            try Files.write(Array(whole.prefix(count)), to: path)
            let error = #expect(throws: CommandError.self) { try NumPyFile.read(path: path) }
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test func fortranOrderAndForeignTypesAreRefusedByName() throws {
        let path = temporaryPath("foreign.npy")
        defer { try? Files.remove(path) }
        for (old, new, word) in [("False", "True ", "Fortran"), ("<f4", ">f4", ">f4")] {
            try NumPyFile.write(Tensor(zeros: .float32, shape: [2]), path: path)
            let text = String(decoding: try Files.read(path).dropFirst(10).prefix(60), as: UTF8.self)
            var bytes = try Files.read(path)
            let replaced = text.replacing(old, with: new)
            bytes.replaceSubrange(10..<70, with: Array(replaced.utf8))
            try Files.write(bytes, to: path)
            let error = #expect(throws: CommandError.self) { try NumPyFile.read(path: path) }
            #expect(error?.description.contains(word) == true)
        }
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: CommandError.self) { try NumPyFile.read(path: "/nowhere/x.npy") }
        #expect(error?.description.contains("/nowhere/x.npy") == true)
    }
}

@Suite struct OptionParsingTests {
    @Test func shapesAreReadUpToTheLastColon() throws {
        let shapes = try parseShapes(["input:0:1x3x4,s:scalar", "b:7"], option: "--shapes")
        #expect(shapes == ["input:0": [1, 3, 4], "s": .scalar, "b": [7]])
    }

    @Test(arguments: ["a", "a:", ":1x2", "a:1x", "a:-1x2", "a:1xb", "a:99999999999999999999", "a:1,a:2"])
    func malformedShapesAreRefused(text: String) {
        #expect(throws: CommandError.self) { try parseShapes([text], option: "--shapes") }
    }

    @Test(arguments: [
        ["--threads", "0"], ["--streams", "0"], ["--iterations", "0"], ["--batch", "0"], ["--warmup", "-1"],
        ["--duration", "-1"], ["--duration", "nan"], ["--api", "v4"],
    ])
    func outOfRangeOptionsAreRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try BenchOptions.parse(arguments) }
    }
}

@Suite struct LatencySummaryTests {
    @Test func percentilesFollowTheDocumentedIndex() {
        var generator = SeededRandom(seed: 3)
        for count in [1, 2, 9, 10, 11, 100, 257] {
            let values = (0..<count).map { _ in Double.random(in: 0..<10, using: &generator) }
            let sorted = values.sorted()
            let summary = LatencySummary(values)
            for (percent, got) in [(90.0, summary.p90), (95, summary.p95), (99, summary.p99)] {
                let excluded = Int((1 - percent / 100) * Double(count))
                #expect(got == sorted[max(count - 1 - excluded, 0)])
            }
            #expect(summary.min == sorted.first && summary.max == sorted.last)
            #expect(sorted.filter { $0 <= summary.median }.count >= (count + 1) / 2)
            #expect(sorted.filter { $0 >= summary.median }.count >= (count + 1) / 2)
        }
    }

    @Test(arguments: [(0.0, 3, "0.000"), (1.23456, 2, "1.23"), (-0.05, 1, "-0.1"), (12, 0, "12"), (0.009, 2, "0.01")])
    func numbersAreRoundedToTheirDigits(value: Double, digits: Int, text: String) {
        #expect(format(value, digits: digits) == text)
    }
}

/// A path in the temporary directory that no other test uses.
func temporaryPath(_ name: String) -> String { "/tmp/alula-cli-tests-\(ProcessIdentity.processNumber)-\(name)" }

@Suite struct ModelLoaderTests {
    @Test func extentsFollowEqualSymbolsAndFiles() throws {
        var graph = Graph(name: "symbols")
        let a = graph.addInput("a", .float32, [.symbolic("P"), 4])
        let b = graph.addInput("b", .float32, [.symbolic("P"), .symbolic("Q")])
        graph.markOutput(graph.append(Add(), a, b, name: "c"))
        let options = try BuildOptions.parse(["--shapes", "a:7x4"])
        let ranges = try ModelLoader(options: options).configuration(for: graph).profiles.first?.ranges
        #expect(ranges?["a"]?.max == [7, 4])
        #expect(ranges?["b"]?.max == [7, 1])
        let fromFiles = try ModelLoader(options: try BuildOptions.parse([]))
            .configuration(for: graph, loaded: ["b": [5, 4]]).profiles.first?.ranges
        #expect(fromFiles?["a"]?.opt == [5, 4])
        #expect(fromFiles?["b"]?.opt == [5, 4])
    }

    @Test func repeatedFlagsAddUp() throws {
        let options = try BuildOptions.parse(["--shapes", "a:1x2", "--shapes", "b:3x4"])
        #expect(try parseShapes(options.shapes, option: "--shapes") == ["a": [1, 2], "b": [3, 4]])
    }
}
