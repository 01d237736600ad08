// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars
internal import AlulaSystem

/// Compares what is found with a folder of KITTI labels.
struct DetectEvaluation {
    private let labels: String
    private let writer: KITTILabelWriter
    private let classNames: [String]
    private var evaluation = KITTIEvaluation()
    private var frameCount = 0
    private var missing: [String] = []

    /// - Throws: when the folder is missing.
    init(labels: String, calibrations: String?, _ classNames: [String]) throws(CommandError) {
        guard Files.isDirectory(labels) else {
            throw .badOption(option: "--evaluate", got: "'\(labels)'", expected: "a folder with KITTI labels")
        }
        self.labels = labels
        writer = KITTILabelWriter(calibrationFolder: calibrations)
        self.classNames = classNames
    }

    /// Adds a frame; one without a label file is counted apart.
    mutating func add(_ boxes: [Detection], frame: String) throws(CommandError) {
        let path = "\(labels)/\(frame).txt"
        guard Files.exists(path) else { return missing.append(frame) }
        var marked: [KITTILabel] = []
        for line in String(decoding: try readFile(path), as: UTF8.self).split(separator: "\n") {
            guard let label = KITTILabel(line: line) else {
                throw .badFile(path: path, got: "line '\(line)'", expected: "a type and 14 numbers")
            }
            marked.append(label)
        }
        evaluation.add(labels: marked, detections: try writer.labels(boxes, frame: frame))
        frameCount += 1
    }

    /// Average precisions of all classes, as text.
    func table() throws -> String {
        for frame in missing { tell("\(frame): no label file, not evaluated") }
        var lines = [
            "\(frameCount) frames evaluated against \(labels)", "AP                easy  moderate      hard   labels",
        ]
        for name in classNames {
            for metric in KITTIEvaluation.Metric.allCases {
                let all = KITTIEvaluation.Difficulty.all.map { evaluation.precision(name, $0, metric) }
                for (kind, values) in [("R11", all.map(\.r11)), ("R40", all.map(\.r40))] {
                    let title = "\(name) \(metric.rawValue) \(kind)"
                    let numbers = values.map { value in
                        let text = format(value, digits: 2)
                        return String(repeating: " ", count: max(1, 10 - text.count)) + text
                    }
                    let padding = String(repeating: " ", count: max(0, 14 - title.count))
                    let counts = all.map { "\($0.labelCount)" }.joined(separator: "/")
                    lines.append("\(title)\(padding)\(numbers.joined())   \(counts)")
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
