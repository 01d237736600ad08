// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import Foundation
import Testing

/// Trained networks, real clouds and what a reference finds in them; not part of the project.
enum SharedData {
    /// Beside the checkout, or where `ALULA_POINTPILLARS_DATA` says.
    static let folder =
        ProcessInfo.processInfo.environment["ALULA_POINTPILLARS_DATA"]
        ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/pointpillars").path

    /// Whether the data is there; tests that need it say so when they are skipped.
    static let isPresent = FileManager.default.fileExists(atPath: folder + "/rpn.onnx")

    /// The clouds by name.
    static let clouds = ["000000", "000001", "000002", "000003", "000004", "full_000005"]

    /// A cloud's points.
    static func cloud(_ name: String) throws -> PointCloud {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/clouds/\(name).bin")))
        let tensor = try #require(Tensor(copying: bytes[...], dataType: .float32, shape: [bytes.count / 4]))
        let values = tensor.elements(as: Float.self)
        return try #require(PointCloud(values, fieldCount: 4))
    }

    /// What the reference gives for a cloud.
    static func expected(_ name: String) throws -> Expected {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/expected/\(name).json"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Expected.self, from: data)
    }

    static func graph(_ name: String) throws -> Graph { try Graph(onnx: "\(folder)/\(name).onnx") }
}

/// `expected/*.json`.
struct Expected: Decodable {
    struct Voxels: Decodable {
        var pillars: Int
        var pointsKept: Int
        var pointsSha256: String
        var numPointsSha256: String
        var coordsSha256: String
    }

    struct Box: Decodable {
        var x, y, z, l, w, h, yaw, score: Double
        var anchor: Int
        var dirMargin: Double
    }

    struct Samples: Decodable {
        var shape: [Int]
        var l2: Double
        var index: [Int]
        var value: [Double]
    }

    struct Run: Decodable {
        var boxes: [Box]
        var tensors: [String: Samples]
    }

    var voxelise: Voxels
    var anchorsKept: Int
    var fp32: Run
}
