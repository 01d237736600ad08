// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaSystem
import AlulaTesting
import ArgumentParser
import Foundation
import Testing

@testable import AlulaCLI

/// Whole commands on a small model: what they write, and that a refused call writes nothing.
@Suite struct CommandTests {
    private let folder = temporaryPath("commands-\(UInt64.random(in: 0..<UInt64.max))")

    /// `y = relu(x)` with `x` of `[N, 4]`.
    private func writeModel() throws -> String {
        try Files.makeDirectory(folder)
        var model = ONNXWriter()
        model.addInput("x", .float32, [.symbolic("N"), 4])
        model.addNode("Relu", ["x"], ["y"])
        model.addOutput("y")
        let path = "\(folder)/model.onnx"
        try Files.write(model.serialized(), to: path)
        return path
    }

    private func run(_ arguments: String...) throws {
        var command = try AlulaCommand.parseAsRoot(arguments)
        try command.run()
    }

    @Test(arguments: ["v1", "v2", "v3"])
    func benchWritesTheReportAndTheOutputs(call: String) throws {
        let model = try writeModel()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let src = Tensor([-1, 2, -3, 4, 5, -6, 7, -8] as [Float], shape: [2, 4])
        try NumPyFile.write(src, path: "\(folder)/x.npy")
        try run(
            "bench",
            "--onnx",
            model,
            "--api",
            call,
            "--batch",
            call == "v1" ? "2" : "1",
            "--iterations",
            "3",
            "--warmup",
            "1",
            "--load-inputs",
            "x:\(folder)/x.npy",
            "--save-outputs",
            "\(folder)/out",
            "--json",
            "\(folder)/r.json"
        )
        let dst = try NumPyFile.read(path: "\(folder)/out/y.npy")
        #expect(dst.shape == src.shape)
        #expect(dst.elements(as: Float.self) == src.elements(as: Float.self).map { max($0, 0) })
        let json = try JSONSerialization.jsonObject(with: Data(try Files.read("\(folder)/r.json")))
        let report = try #require(json as? [String: Any])
        for key in ["computeMs", "latencyMs", "enqueueMs", "h2dMs", "d2hMs"] {
            #expect((report[key] as? [Double])?.count == 3, "\(key) has one entry an inference")
        }
    }

    @Test(arguments: [["--streams", "1"], ["--streams", "3", "--threads", "2"]])
    func aStreamMayRunBehindTheHost(flags: [String]) throws {
        let model = try writeModel()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var command = try AlulaCommand.parseAsRoot(
            ["bench", "--onnx", model, "--sync", "off", "--iterations", "7", "--json", "\(folder)/r.json"] + flags
        )
        try command.run()
        let json = try JSONSerialization.jsonObject(with: Data(try Files.read("\(folder)/r.json")))
        let report = try #require(json as? [String: Any])
        #expect((report["computeMs"] as? [Double])?.count == 7)
        let streams = try #require(report["stream"] as? [Int])
        #expect(Set(streams) == Set(0..<(Int(flags[1]) ?? 0)))
    }

    @Test func profiledLayersAreReported() throws {
        let model = try writeModel()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try run("bench", "--onnx", model, "--iterations", "1", "--profile-layers", "--json", "\(folder)/r.json")
        let json = try JSONSerialization.jsonObject(with: Data(try Files.read("\(folder)/r.json")))
        let layers = try #require((json as? [String: Any])?["layers"] as? [[String: Any]])
        #expect(layers.map { $0["operation"] as? String } == ["Relu"])
        #expect(layers[0]["bytes"] as? Int == 32)
        #expect((layers[0]["milliseconds"] as? Double ?? 0) > 0)
        #expect((layers[0]["kernel"] as? String)?.isEmpty == false)
    }

    @Test func inspectionNamesTheKernels() throws {
        let model = try writeModel()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try run("build", model, "-o", "\(folder)/model.plan", "--shapes", "x:3x4")
        let plan = try Plan(contentsOf: "\(folder)/model.plan")
        let inspection = try Inspection(of: plan, path: model, shapes: ["x:3x4"])
        #expect(inspection.layers.map(\.operation) == ["Relu"])
        #expect(inspection.layers.allSatisfy { !$0.kernel.isEmpty && $0.layouts == ["planar"] })
        #expect(inspection.layers[0].activationBytes == 96)
    }

    @Test func aPlanRunsLikeItsModel() throws {
        let model = try writeModel()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let plan = "\(folder)/model.plan"
        try run("build", model, "-o", plan, "--min-shapes", "x:1x4", "--opt-shapes", "x:2x4", "--max-shapes", "x:8x4")
        try NumPyFile.write(Tensor([-1, 0, 1, 2] as [Float], shape: [1, 4]), path: "\(folder)/x.npy")
        try run(
            "bench",
            "--plan",
            plan,
            "--iterations",
            "1",
            "--load-inputs",
            "x:\(folder)/x.npy",
            "--save-outputs",
            folder
        )
        #expect(try NumPyFile.read(path: "\(folder)/y.npy").elements(as: Float.self) == [0, 0, 1, 2])
    }

    @Test(arguments: [
        ["--batch", "3", "--max-batch", "2"], ["--shapes", "z:1x4"], ["--shapes", "x:1x5"],
        ["--load-inputs", "x:/nowhere.npy"],
        ["--api", "v2", "--max-batch", "2"], ["--plan", "model.plan"],
    ])
    func aRefusedBenchWritesNothing(flags: [String]) throws {
        let model = try writeModel()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(throws: (any Error).self) {
            var command = try AlulaCommand.parseAsRoot(
                [
                    "bench", "--onnx", model, "--iterations", "1", "--save-outputs", "\(folder)/out", "--json",
                    "\(folder)/r.json",
                ]
                    + flags
            )
            try command.run()
        }
        #expect(try Files.list(folder) == ["model.onnx"])
    }

    @Test func anUnwritablePlanLeavesNothing() throws {
        let model = try writeModel()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Files.makeDirectory("\(folder)/taken.plan")
        #expect(throws: (any Error).self) { try run("build", model, "-o", "\(folder)/taken.plan") }
        #expect(try Files.list(folder) == ["model.onnx", "taken.plan"])
    }
}
