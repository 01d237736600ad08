// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars
internal import AlulaSystem
internal import Foundation

/// Where the camera is and how it looks: KITTI's calibration files.
///
/// Source: Geiger et al., "Vision meets Robotics: The KITTI Dataset", IJRR 2013; `calib_*.txt` of the object benchmark.
struct KITTICalibration {
    /// Rows of the rigid motion from LiDAR to rectified camera axes: rotation and offset, metres.
    var toCamera: [SIMD4<Double>]
    /// Rows of the projection of the left colour camera, pixels.
    var projection: [SIMD4<Double>]
    /// Extents of the image, pixels.
    var imageSize = SIMD2<Double>(1242, 375)

    /// Axes that only turn (x right, y down, z forward), and the middle of the benchmark's cameras.
    static let nominal = KITTICalibration(
        toCamera: [SIMD4(0, -1, 0, 0), SIMD4(0, 0, -1, 0), SIMD4(1, 0, 0, 0)],
        projection: [SIMD4(721.5377, 0, 609.5593, 0), SIMD4(0, 721.5377, 172.854, 0), SIMD4(0, 0, 1, 0)]
    )

    /// Reads `P2`, `R0_rect` and `Tr_velo_to_cam` of a calibration file.
    init(contentsOf path: String) throws(CommandError) {
        let text = String(decoding: try readFile(path), as: UTF8.self)
        var entries: [String: [Double]] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let key = words.first, key.hasSuffix(":") else { continue }
            entries[String(key.dropLast())] = words.dropFirst().compactMap { Double($0) }
        }
        guard let camera = entries["P2"], camera.count == 12, let rectify = entries["R0_rect"] ?? entries["R_rect"],
            rectify.count == 9, let motion = entries["Tr_velo_to_cam"] ?? entries["Tr_velo_cam"], motion.count == 12
        else {
            throw .badFile(
                path: path,
                got: "entries \(entries.keys.sorted().joined(separator: ", "))",
                expected: "P2 (12 numbers), R0_rect (9), Tr_velo_to_cam (12)"
            )
        }
        func row(_ values: [Double], _ index: Int) -> SIMD4<Double> {
            SIMD4(values[4 * index], values[4 * index + 1], values[4 * index + 2], values[4 * index + 3])
        }
        toCamera = (0..<3).map { index in
            var sum = SIMD4<Double>.zero
            for axis in 0..<3 { sum += row(motion, axis) * rectify[3 * index + axis] }
            return sum
        }
        projection = (0..<3).map { row(camera, $0) }
    }

    private init(toCamera: [SIMD4<Double>], projection: [SIMD4<Double>]) {
        self.toCamera = toCamera
        self.projection = projection
    }

    /// A point in camera axes.
    func camera(_ point: SIMD3<Double>) -> SIMD3<Double> {
        let place = SIMD4(point.x, point.y, point.z, 1)
        return SIMD3((toCamera[0] * place).sum(), (toCamera[1] * place).sum(), (toCamera[2] * place).sum())
    }

    /// A direction in camera axes.
    func cameraDirection(_ direction: SIMD3<Double>) -> SIMD3<Double> {
        let place = SIMD4(direction.x, direction.y, direction.z, 0)
        return SIMD3((toCamera[0] * place).sum(), (toCamera[1] * place).sum(), (toCamera[2] * place).sum())
    }

    /// The pixel a point in camera axes is seen at; nil behind the camera.
    func pixel(_ point: SIMD3<Double>) -> SIMD2<Double>? {
        let place = SIMD4(point.x, point.y, point.z, 1)
        let depth = (projection[2] * place).sum()
        guard depth > 0.1 else { return nil }
        return SIMD2((projection[0] * place).sum(), (projection[1] * place).sum()) / depth
    }
}

/// A box in KITTI's words.
struct KITTILabel: Sendable {
    var type: String
    var truncation = -1.0
    var occlusion = -1
    var alpha = -10.0
    /// Left, top, right, bottom, pixels.
    var rectangle = SIMD4<Double>(-1, -1, -1, -1)
    var height = -1.0
    var width = -1.0
    var length = -1.0
    /// The middle of the lower face, camera axes, metres.
    var location = SIMD3<Double>(-1000, -1000, -1000)
    /// Around the camera's y axis, radians.
    var rotation = -10.0
    /// 0 to 1; labels of people have none.
    var score: Double?

    /// A detection as seen by the camera; nil when no part of it is in the image.
    init?(_ box: Detection, _ calibration: KITTICalibration) {
        type = box.className
        (length, width, height) = (Double(box.length), Double(box.width), Double(box.height))
        score = Double(box.score)
        let centre = SIMD3<Double>(Double(box.centre.x), Double(box.centre.y), Double(box.centre.z))
        location = calibration.camera(centre - SIMD3(0, 0, height / 2))
        let heading = calibration.cameraDirection(SIMD3(cos(Double(box.yaw)), sin(Double(box.yaw)), 0))
        rotation = atan2(-heading.z, heading.x)
        alpha = Self.wrapped(rotation - atan2(location.x, location.z))
        guard let rectangle = Self.rectangle(box, calibration) else { return nil }
        self.rectangle = rectangle
    }

    /// Reads one line; nil when it has too few words.
    init?(line: Substring) {
        let words = line.split(separator: " ")
        let numbers = words.dropFirst().compactMap { Double($0) }
        guard words.count >= 15, numbers.count == words.count - 1 else { return nil }
        type = String(words[0])
        (truncation, occlusion, alpha) = (numbers[0], Int(numbers[1]), numbers[2])
        rectangle = SIMD4(numbers[3], numbers[4], numbers[5], numbers[6])
        (height, width, length) = (numbers[7], numbers[8], numbers[9])
        location = SIMD3(numbers[10], numbers[11], numbers[12])
        rotation = numbers[13]
        score = numbers.count > 14 ? numbers[14] : nil
    }

    /// The part of the image the corners span; nil when they all lie behind the camera or outside.
    private static func rectangle(_ box: Detection, _ calibration: KITTICalibration) -> SIMD4<Double>? {
        let (cosine, sine) = (cos(Double(box.yaw)), sin(Double(box.yaw)))
        var (low, high) = (SIMD2<Double>(repeating: .infinity), SIMD2<Double>(repeating: -.infinity))
        for corner in 0..<8 {
            let along = Double(box.length) / 2 * (corner & 1 == 0 ? 1 : -1)
            let across = Double(box.width) / 2 * (corner & 2 == 0 ? 1 : -1)
            let up = Double(box.height) / 2 * (corner & 4 == 0 ? 1 : -1)
            let point = SIMD3(
                Double(box.centre.x) + cosine * along - sine * across,
                Double(box.centre.y) + sine * along + cosine * across,
                Double(box.centre.z) + up
            )
            guard let pixel = calibration.pixel(calibration.camera(point)) else { continue }
            low = pointwiseMin(low, pixel)
            high = pointwiseMax(high, pixel)
        }
        low = pointwiseMax(low, .zero)
        high = pointwiseMin(high, calibration.imageSize - 1)
        return low.x < high.x && low.y < high.y ? SIMD4(low.x, low.y, high.x, high.y) : nil
    }

    private static func wrapped(_ angle: Double) -> Double {
        angle - 2 * .pi * ((angle + .pi) / (2 * .pi)).rounded(.down)
    }

    /// The line of a label file.
    var line: String {
        let numbers = [
            alpha, rectangle.x, rectangle.y, rectangle.z, rectangle.w, height, width, length, location.x, location.y,
            location.z, rotation,
        ]
        let text = numbers.map { format($0, digits: 2) }.joined(separator: " ")
        let end = score.map { " " + format($0, digits: 4) } ?? ""
        return "\(type) \(format(truncation, digits: 2)) \(occlusion) \(text)\(end)"
    }
}

/// Turns boxes into the text of label files.
struct KITTILabelWriter {
    /// Where `<frame>.txt` calibrations lie.
    let calibrationFolder: String?

    /// The labels of one frame's boxes, those outside the image left out.
    func labels(_ boxes: [Detection], frame: String) throws(CommandError) -> [KITTILabel] {
        let calibration =
            try calibrationFolder.map { folder throws(CommandError) in
                try KITTICalibration(contentsOf: "\(folder)/\(frame).txt")
            } ?? .nominal
        return boxes.compactMap { KITTILabel($0, calibration) }
    }

    /// The file of one frame.
    func text(_ boxes: [Detection], frame: String) throws(CommandError) -> String {
        try labels(boxes, frame: frame).map { $0.line + "\n" }.joined()
    }
}
