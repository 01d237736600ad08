// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars
internal import AlulaSystem
internal import Foundation

/// Writes results frame by frame in the format asked for.
final class DetectReport {
    private let options: DetectOutputOptions
    private let labels: KITTILabelWriter
    private let writer: FileWriter?
    private var isFirst = true

    /// - Throws: when the output cannot be written.
    init(_ options: DetectOutputOptions) throws {
        self.options = options
        labels = KITTILabelWriter(calibrationFolder: options.calib)
        if options.format == .kitti {
            guard let folder = options.output else {
                throw CommandError.badOption(option: "--format kitti", got: "no --output", expected: "a folder")
            }
            try Files.makeDirectory(folder)
            writer = nil
        } else {
            writer = try options.output.map { try FileWriter(path: $0) }
        }
    }

    /// Writes one frame.
    func write(_ result: FrameResult) throws {
        switch options.format {
        case .text: try put(text(result))
        case .jsonl: try put(try json(result) + "\n")
        case .kitti:
            guard let folder = options.output, case .success(let found) = result.outcome else { break }
            try writeFile(Array(try labels.text(found.boxes, frame: result.name).utf8), "\(folder)/\(result.name).txt")
        }
    }

    /// Completes the output file.
    func finish() throws { try writer?.commit() }

    private func put(_ text: String) throws {
        guard let writer else {
            print(text, terminator: "")
            return Terminal.flushStandardOutput()
        }
        try writer.append(Array(text.utf8))
    }

    // MARK: - Text

    private func text(_ result: FrameResult) -> String {
        guard case .success(let found) = result.outcome else { return "" }
        let counters = found.counters
        var lines = [
            "\(result.name): \(found.boxes.count) boxes; \(counters[.points]) points, \(counters.inRangePoints) in range, "
                + "\(counters.limitedPoints) dropped; \(counters[.pillars]) pillars; "
                + "\(format(result.latencyMilliseconds, digits: 1)) ms"
        ]
        if !found.boxes.isEmpty {
            lines.append("class             x        y        z      l      w      h     yaw   score")
        }
        for box in found.boxes {
            let name = box.className + String(repeating: " ", count: max(0, 12 - box.className.count))
            let columns: [(Float, Int, Int)] = [
                (box.centre.x, 6, 2), (box.centre.y, 9, 2), (box.centre.z, 9, 2), (box.length, 7, 2), (box.width, 7, 2),
                (box.height, 7, 2), (box.yaw, 8, 3), (box.score, 8, 3),
            ]
            lines.append(name + columns.map { Self.column(Double($0.0), width: $0.1, digits: $0.2) }.joined())
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func column(_ value: Double, width: Int, digits: Int) -> String {
        let text = format(value, digits: digits)
        return String(repeating: " ", count: max(0, width - text.count)) + text
    }

    // MARK: - JSON lines

    private struct Document: Encodable {
        struct Box: Encodable {
            var `class`: String
            var x, y, z, l, w, h, yaw, score: Double
            var anchor: Int
            var dirMargin: Double
        }
        struct Points: Encodable {
            var read, inRange, kept, nonFinite, outside, droppedPointLimit, droppedPillarLimit: Int
        }
        struct Pillars: Encodable { var kept, dropped: Int }

        var frame: String
        var error: String?
        var boxes: [Box]?
        var points: Points?
        var pillars: Pillars?
        var candidates: Int?
        var latencyMs: Double
        var stageMs: [String: Double]?
    }

    private func json(_ result: FrameResult) throws -> String {
        var document = Document(frame: result.name, latencyMs: rounded(result.latencyMilliseconds, 3))
        switch result.outcome {
        case .failure(let error): document.error = error.description
        case .success(let found):
            let counters = found.counters
            document.boxes = found.boxes.map(Self.box)
            document.points = Document.Points(
                read: counters[.points],
                inRange: counters.inRangePoints,
                kept: counters[.keptPoints],
                nonFinite: counters[.nonFinitePoints],
                outside: counters[.outsidePoints],
                droppedPointLimit: counters[.pointLimitPoints],
                droppedPillarLimit: counters[.pillarLimitPoints]
            )
            document.pillars = Document.Pillars(kept: counters[.pillars], dropped: counters[.droppedPillars])
            document.candidates = counters[.candidates]
            document.stageMs = Dictionary(
                uniqueKeysWithValues: found.stageMilliseconds.map { ($0.key.rawValue, rounded($0.value, 4)) }
            )
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }

    private static func box(_ box: Detection) -> Document.Box {
        Document.Box(
            class: box.className,
            x: rounded(Double(box.centre.x), 5),
            y: rounded(Double(box.centre.y), 5),
            z: rounded(Double(box.centre.z), 5),
            l: rounded(Double(box.length), 5),
            w: rounded(Double(box.width), 5),
            h: rounded(Double(box.height), 5),
            yaw: rounded(Double(box.yaw), 5),
            score: rounded(Double(box.score), 5),
            anchor: box.anchor,
            dirMargin: rounded(Double(box.directionMargin), 5)
        )
    }
}

/// A number cut to some digits, so that its text is short.
func rounded(_ value: Double, _ digits: Int) -> Double {
    let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
    return (value * scale).rounded() / scale
}
