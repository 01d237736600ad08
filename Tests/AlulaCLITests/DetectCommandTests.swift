// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaSystem
import ArgumentParser
import Foundation
import Testing

@testable import AlulaCLI

/// Whole runs of `alula detect` on a small made-up network.
@Suite struct DetectCommandTests {
    private let folder = temporaryPath("detect-\(UInt64.random(in: 0..<UInt64.max))")

    private func prepare() throws -> String {
        try Files.makeDirectory("\(folder)/clouds")
        let configuration = """
            CLASS_NAMES: ['Car']
            DATA_CONFIG:
                POINT_CLOUD_RANGE: [0, -8, -3, 16, 8, 1]
                DATA_PROCESSOR:
                    - {NAME: transform_points_to_voxels, VOXEL_SIZE: [0.5, 0.5, 4], MAX_POINTS_PER_VOXEL: 8,
                       MAX_NUMBER_OF_VOXELS: 400}
            MODEL:
                DENSE_HEAD:
                    USE_DIRECTION_CLASSIFIER: True
                    ANCHOR_GENERATOR_CONFIG:
                        - {class_name: Car, anchor_sizes: [[3.9, 1.6, 1.56]], anchor_rotations: [0, 1.57],
                           anchor_bottom_heights: [-1.78], feature_map_stride: 2}
                POST_PROCESSING:
                    SCORE_THRESH: 0.01
                    NMS_CONFIG: {NMS_THRESH: 0.1, NMS_PRE_MAXSIZE: 100, NMS_POST_MAXSIZE: 10}
            """
        try Files.write(configuration, to: "\(folder)/small.yaml")
        return "\(folder)/small.yaml"
    }

    private func run(_ arguments: String...) async throws { try await run(arguments) }

    private func run(_ arguments: [String]) async throws {
        var command = try #require(try AlulaCommand.parseAsRoot(["detect"] + arguments) as? DetectCommand)
        try await command.run()
    }

    private func cleanUp() { try? FileManager.default.removeItem(atPath: folder) }

    private func lines(_ path: String) throws -> [[String: Any]] {
        try Files.readText(path).split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    @Test func aMadeUpStreetGivesEveryKindOfOutput() async throws {
        let configuration = try prepare()
        defer { cleanUp() }
        try await run(
            "--config",
            configuration,
            "--frames",
            "2",
            "--format",
            "jsonl",
            "--output",
            "\(folder)/out.jsonl",
            "--png",
            "\(folder)/png",
            "--svg",
            "\(folder)/svg",
            "--html",
            "\(folder)/view.html",
            "--save-tensors",
            "\(folder)/tensors"
        )
        let frames = try lines("\(folder)/out.jsonl")
        #expect(frames.map { $0["frame"] as? String } == ["street_0000", "street_0001"])
        for frame in frames {
            let points = try #require(frame["points"] as? [String: Int])
            let parts = ["kept", "non_finite", "outside", "dropped_point_limit", "dropped_pillar_limit"]
            #expect(points["read"] == parts.reduce(0) { $0 + (points[$1] ?? 0) })
            #expect((points["dropped_point_limit"] ?? 0) > 0)
            let boxes = try #require(frame["boxes"] as? [[String: Any]])
            #expect(
                boxes.allSatisfy {
                    Set($0.keys).isSuperset(of: ["class", "x", "y", "z", "l", "w", "h", "yaw", "score"])
                }
            )
            let stages = try #require(frame["stage_ms"] as? [String: Double])
            #expect(
                Set(stages.keys).isSuperset(of: [
                    "read", "upload", "voxelise", "pfe", "scatter", "rpn", "decode", "nms",
                ])
            )
        }
        #expect(try Files.list("\(folder)/png") == ["street_0000.png", "street_0001.png"])
        #expect(try Files.list("\(folder)/svg").count == 2)
        let page = try Files.readText("\(folder)/view.html")
        #expect(
            page.contains("street_0001") && page.contains("boxes mean nothing") && !page.contains("http://")
                && !page.contains("https://")
        )
        #expect(page.components(separatedBy: "<script").count == 2, "one script, in the page itself")
        let cls = try NumPyFile.read(path: "\(folder)/tensors/street_0000.cls.npy")
        #expect(cls.shape == [1, 16, 16, 2])
    }

    @Test func badCloudsAreOneErrorEachAndTheRestIsLookedAt() async throws {
        let configuration = try prepare()
        defer { cleanUp() }
        let point: [UInt8] = Array(
            [Float](arrayLiteral: 5, 0, -1, 0.5).flatMap { value in
                (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
            }
        )
        let far = Array(
            [Float](arrayLiteral: 500, 0, -1, 0.5, .nan, 0, 0, 0).flatMap { value in
                (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
            }
        )
        for (name, bytes) in [("a.bin", point), ("b.bin", [1, 2, 3]), ("c.bin", []), ("d.bin", far), ("e.pcd", [9])] {
            try Files.write(bytes, to: "\(folder)/clouds/\(name)")
        }
        await #expect(throws: (any Error).self) {
            try await run(
                "\(folder)/clouds",
                "--config",
                configuration,
                "--format",
                "jsonl",
                "--output",
                "\(folder)/out.jsonl"
            )
        }
        let frames = try lines("\(folder)/out.jsonl")
        #expect(frames.map { $0["frame"] as? String } == ["a", "b", "c", "d", "e"])
        #expect(frames.map { ($0["error"] as? String) != nil } == [false, true, false, false, true])
        let outside = try #require(frames[3]["points"] as? [String: Int])
        #expect(outside["outside"] == 1 && outside["non_finite"] == 1 && outside["in_range"] == 0)
        #expect((frames[2]["points"] as? [String: Int])?["read"] == 0)
    }

    @Test func watchedFoldersAreLookedAtAsFilesArrive() async throws {
        let configuration = try prepare()
        defer { cleanUp() }
        let bytes = [UInt8](repeating: 0, count: 160)
        try Files.write(bytes, to: "\(folder)/clouds/0.bin")
        let clouds = "\(folder)/clouds"
        let writer = Task.detached {
            for index in 1..<3 {
                try await Task.sleep(for: .milliseconds(150))
                try Files.write(bytes, to: "\(clouds)/\(index).bin")
                try Files.write(bytes, to: "\(clouds)/\(index).txt")
            }
        }
        try await run(
            "--watch",
            clouds,
            "--watch-limit",
            "3",
            "--config",
            configuration,
            "--format",
            "jsonl",
            "--output",
            "\(folder)/out.jsonl"
        )
        writer.cancel()
        #expect(try lines("\(folder)/out.jsonl").map { $0["frame"] as? String } == ["0", "1", "2"])
    }

    @Test func labelsAreWrittenAndEvaluated() async throws {
        let configuration = try prepare()
        defer { cleanUp() }
        try await run("--config", configuration, "--frames", "1", "--format", "kitti", "--output", "\(folder)/labels")
        let text = try Files.readText("\(folder)/labels/street_0000.txt")
        #expect(text.split(separator: "\n").allSatisfy { KITTILabel(line: $0)?.score != nil })
        try await run("--config", configuration, "--frames", "2", "--evaluate", "\(folder)/labels")
        await #expect(throws: (any Error).self) {
            try await run("--config", configuration, "--evaluate", "\(folder)/nowhere")
        }
    }

    @Test(arguments: [
        ["--score", "2"], ["--streams", "0"], ["--frames", "0"], ["--rate", "0"], ["--fields", "2"],
        ["--config", "nothing"],
        ["--model-dir", "/nowhere"], ["--onnx", "/nowhere.onnx"], ["--watch", "/nowhere"], ["--format", "kitti"],
        ["--watch", "/tmp", "a.bin"], ["--onnx", "a", "--model-dir", "b"],
    ])
    func flagsThatMakeNoSenseAreRefused(flags: [String]) async throws {
        let configuration = try prepare()
        defer { cleanUp() }
        let rest = flags.contains("--config") ? [] : ["--config", configuration]
        await #expect(throws: (any Error).self) { try await run(flags + rest) }
    }
}
