// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars

/// Average precision as the KITTI object benchmark defines it.
///
/// Source: `evaluate_object.cpp` of the benchmark's development kit, with the recall positions of 2012 (R11) and 2019 (R40).
struct KITTIEvaluation {
    /// What overlaps are measured in.
    enum Metric: String, CaseIterable {
        case image = "2D"
        case birdsEyeView = "BEV"
        case space = "3D"
    }

    /// Which labels count: by the height of the rectangle, occlusion and truncation.
    struct Difficulty: Sendable {
        var name: String
        var minHeight: Double
        var maxOcclusion: Int
        var maxTruncation: Double

        static let all = [
            Difficulty(name: "easy", minHeight: 40, maxOcclusion: 0, maxTruncation: 0.15),
            Difficulty(name: "moderate", minHeight: 25, maxOcclusion: 1, maxTruncation: 0.3),
            Difficulty(name: "hard", minHeight: 25, maxOcclusion: 2, maxTruncation: 0.5),
        ]
    }

    /// Average precisions in percent.
    struct Precision {
        var r11: Double
        var r40: Double
        /// Labels that count.
        var labelCount: Int
    }

    private var frames: [(labels: [KITTILabel], detections: [KITTILabel])] = []

    /// Adds a frame: what people marked, what was found.
    mutating func add(labels: [KITTILabel], detections: [KITTILabel]) { frames.append((labels, detections)) }

    /// The overlap from which a detection counts as right.
    static func minOverlap(_ className: String) -> Double { className.lowercased() == "car" ? 0.7 : 0.5 }

    // MARK: - Precision

    /// The average precision of one class.
    func precision(_ className: String, _ difficulty: Difficulty, _ metric: Metric) -> Precision {
        let problems = frames.map { frame in
            FrameProblem(frame.labels, frame.detections, className, difficulty, metric)
        }
        let labelCount = problems.reduce(0) { $0 + $1.validLabelCount }
        guard labelCount > 0 else { return Precision(r11: 0, r40: 0, labelCount: 0) }
        let minOverlap = Self.minOverlap(className)
        let scores = problems.flatMap { $0.match(minOverlap: minOverlap, threshold: nil).scores }
        var precisions = [Double](repeating: 0, count: 41)
        for (index, threshold) in Self.thresholds(scores, labelCount: labelCount).prefix(41).enumerated() {
            var (right, wrong) = (0, 0)
            for problem in problems {
                let match = problem.match(minOverlap: minOverlap, threshold: threshold)
                right += match.scores.count
                wrong += match.wrongCount
            }
            precisions[index] = right + wrong == 0 ? 0 : Double(right) / Double(right + wrong)
        }
        for index in stride(from: 39, through: 0, by: -1) {
            precisions[index] = max(precisions[index], precisions[index + 1])
        }
        let r11 = stride(from: 0, through: 40, by: 4).reduce(0) { $0 + precisions[$1] } / 11
        return Precision(r11: 100 * r11, r40: 100 * precisions[1...].reduce(0, +) / 40, labelCount: labelCount)
    }

    /// The scores at which recall passes 0, 1/40, 2/40, ….
    private static func thresholds(_ scores: [Double], labelCount: Int) -> [Double] {
        let sorted = scores.sorted(by: >)
        var thresholds: [Double] = []
        var recall = 0.0
        for (index, score) in sorted.enumerated() {
            let left = Double(index + 1) / Double(labelCount)
            let isLast = index == sorted.count - 1
            let right = isLast ? left : Double(index + 2) / Double(labelCount)
            if right - recall < recall - left, !isLast { continue }
            thresholds.append(score)
            recall += 1 / 40
        }
        return thresholds
    }
}

/// One frame's labels and detections as one class and difficulty see them.
private struct FrameProblem {
    /// What a label or detection is to the class.
    private enum Role {
        case counts
        /// May be matched, and then counts neither way.
        case ignored
        case foreign
    }

    private let labels: [KITTILabel]
    private let detections: [KITTILabel]
    private let labelRoles: [Role]
    private let detectionRoles: [Role]
    /// Areas people did not mark, where detections in the image count neither way.
    private let unmarked: [KITTILabel]
    /// By label, then detection.
    private let overlaps: [[Double]]

    init(
        _ labels: [KITTILabel],
        _ detections: [KITTILabel],
        _ className: String,
        _ difficulty: KITTIEvaluation.Difficulty,
        _ metric: KITTIEvaluation.Metric
    ) {
        let name = className.lowercased()
        let neighbour = ["car": "van", "pedestrian": "person_sitting"][name]
        let marked = labels.filter { $0.type.lowercased() != "dontcare" }
        labelRoles = marked.map { label in
            let type = label.type.lowercased()
            guard type == name || type == neighbour else { return .foreign }
            let isHard =
                label.occlusion > difficulty.maxOcclusion || label.truncation > difficulty.maxTruncation
                || label.rectangle.w - label.rectangle.y <= difficulty.minHeight
            return type == name && !isHard ? .counts : .ignored
        }
        detectionRoles = detections.map { detection in
            if abs(detection.rectangle.w - detection.rectangle.y) < difficulty.minHeight { return .ignored }
            return detection.type.lowercased() == name ? .counts : .foreign
        }
        self.labels = marked
        self.detections = detections
        unmarked = metric == .image ? labels.filter { $0.type.lowercased() == "dontcare" } : []
        overlaps = marked.map { label in detections.map { label.overlap($0, metric) } }
    }

    var validLabelCount: Int { labelRoles.count { $0 == .counts } }

    /// The scores of detections that are right, and how many are wrong.
    ///
    /// - Parameter threshold: the lowest score that counts; nil matches each label with its best-scored detection, to find
    ///   thresholds.
    func match(minOverlap: Double, threshold: Double?) -> (scores: [Double], wrongCount: Int) {
        var isAssigned = detections.map { _ in false }
        var scores: [Double] = []
        func isOut(_ index: Int) -> Bool {
            detectionRoles[index] == .foreign || isAssigned[index]
                || threshold.map { (detections[index].score ?? 0) < $0 } ?? false
        }
        for label in labels.indices where labelRoles[label] != .foreign {
            var chosen: Int?
            for index in detections.indices where !isOut(index) && overlaps[label][index] > minOverlap {
                guard let best = chosen else {
                    chosen = index
                    continue
                }
                if threshold == nil {
                    if (detections[index].score ?? 0) > (detections[best].score ?? 0) { chosen = index }
                } else if detectionRoles[index] == .counts,
                    detectionRoles[best] == .ignored || overlaps[label][index] > overlaps[label][best]
                {
                    chosen = index
                }
            }
            guard let chosen else { continue }
            isAssigned[chosen] = true
            if labelRoles[label] == .counts, detectionRoles[chosen] == .counts {
                scores.append(detections[chosen].score ?? 0)
            }
        }
        guard threshold != nil else { return (scores, 0) }
        let wrong = detections.indices.filter { !isOut($0) && detectionRoles[$0] == .counts }
        let excused = wrong.count { index in unmarked.contains { $0.cover(of: detections[index]) > minOverlap } }
        return (scores, wrong.count - excused)
    }
}

extension KITTILabel {
    /// Intersection over union with another box.
    fileprivate func overlap(_ other: KITTILabel, _ metric: KITTIEvaluation.Metric) -> Double {
        switch metric {
        case .image:
            let shared = sharedArea(other)
            return shared == 0 ? 0 : shared / (area + other.area - shared)
        case .birdsEyeView: return ground.intersectionOverUnion(other.ground)
        case .space:
            let shared = ground.mayIntersect(other.ground) ? ground.intersectionArea(other.ground) : 0
            // The camera's y points down; location is the middle of the lower face.
            let rise = min(location.y, other.location.y) - max(location.y - height, other.location.y - other.height)
            guard shared > 0, rise > 0 else { return 0 }
            let volume = length * width * height + other.length * other.width * other.height
            return shared * rise / (volume - shared * rise)
        }
    }

    /// The part of another rectangle that lies in this one.
    fileprivate func cover(of other: KITTILabel) -> Double {
        other.area == 0 ? 0 : sharedArea(other) / other.area
    }

    private var area: Double { (rectangle.z - rectangle.x) * (rectangle.w - rectangle.y) }

    private func sharedArea(_ other: KITTILabel) -> Double {
        let width = min(rectangle.z, other.rectangle.z) - max(rectangle.x, other.rectangle.x)
        let height = min(rectangle.w, other.rectangle.w) - max(rectangle.y, other.rectangle.y)
        return width > 0 && height > 0 ? width * height : 0
    }

    private var ground: RotatedRectangle {
        RotatedRectangle(x: location.x, y: location.z, length: length, width: width, yaw: -rotation)
    }
}
