// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars
internal import Foundation

/// A page in which one can walk around clouds with their boxes: one file, no network, any browser.
struct ViewerPage {
    private struct Box: Encodable {
        var c: String
        var k: Int
        /// x, y, z, length, width, height, yaw, score.
        var v: [Double]
    }

    private struct Frame: Encodable {
        var name: String
        var note: String
        var boxes: [Box]
        /// Points in the cloud; fewer may be shown.
        var total: Int
        var shown: Int
        /// Base64 of little-endian int16 x, y, z in centimetres and an intensity from 0 to 255, 8 bytes a point.
        var points: String
    }

    /// The most points of a frame that are put into the page: above, every n-th is shown.
    private static let pointLimit = 60_000

    private var frames: [Frame] = []
    private let classNames: [String]
    /// What must be known of every frame's boxes.
    private let caveat: String?

    init(classNames: [String], caveat: String? = nil) {
        self.classNames = classNames
        self.caveat = caveat
    }

    /// Adds a frame.
    mutating func append(_ result: FrameResult) {
        var frame = Frame(name: result.name, note: "", boxes: [], total: 0, shown: 0, points: "")
        switch result.outcome {
        case .failure(let error): frame.note = error.description
        case .success(let found):
            frame.note = ([caveat].compactMap(\.self) + found.counters.warnings).joined(separator: "; ")
            frame.boxes = found.boxes.map { box in
                let values = [
                    box.centre.x, box.centre.y, box.centre.z, box.length, box.width, box.height, box.yaw, box.score,
                ]
                return Box(c: box.className, k: box.label, v: values.map { rounded(Double($0), 3) })
            }
        }
        if let cloud = result.cloud { pack(cloud, into: &frame) }
        frames.append(frame)
    }

    private func pack(_ cloud: PointCloud, into frame: inout Frame) {
        frame.total = cloud.count
        let step = max(1, (cloud.count + Self.pointLimit - 1) / Self.pointLimit)
        var bytes = Data()
        for point in stride(from: 0, to: cloud.count, by: step) {
            let start = point * cloud.fieldCount
            let place = (0..<3).map { cloud.values[start + $0] * 100 }
            // ±327 m: beyond the reach of any LiDAR this is for.
            guard place.allSatisfy({ abs($0) < 32_767 }) else { continue }
            for value in place {
                let word = UInt16(bitPattern: Int16(value.rounded()))
                bytes.append(UInt8(truncatingIfNeeded: word))
                bytes.append(UInt8(truncatingIfNeeded: word >> 8))
            }
            let intensity = cloud.fieldCount > 3 ? cloud.values[start + 3] : 0
            let level = UInt8(min(max(intensity.isFinite ? intensity : 0, 0), 1) * 255)
            bytes.append(level)
            bytes.append(0)
            frame.shown += 1
        }
        frame.points = bytes.base64EncodedString()
    }

    /// The page.
    func html() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A frame's name must not end the script it stands in.
        let data = String(decoding: try encoder.encode(frames), as: UTF8.self).replacing("</", with: "<\\/")
        let names = String(decoding: try encoder.encode(classNames), as: UTF8.self).replacing("</", with: "<\\/")
        let colours = (0..<10).map { "\"" + BirdsEyeView.hex(BirdsEyeView.classColour($0)) + "\"" }.joined(
            separator: ","
        )
        return ViewerTemplate.head
            + "<script>\nconst FRAMES=\(data);\nconst CLASSES=\(names);\nconst COLOURS=[\(colours)];\n"
            + ViewerTemplate.script + "</script>\n</body>\n</html>\n"
    }
}
