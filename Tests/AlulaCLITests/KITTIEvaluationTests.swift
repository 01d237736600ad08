// SPDX-License-Identifier: Apache-2.0

import AlulaPointPillars
import Testing

@testable import AlulaCLI

@Suite struct KITTIEvaluationTests {
    private let easy = KITTIEvaluation.Difficulty.all[0]

    private func label(
        _ type: String,
        x: Double,
        score: Double? = nil,
        height: Double = 60,
        depth: Double = 20
    ) -> KITTILabel {
        let tail = score.map { " \($0)" } ?? ""
        let left = 100 + 30 * x
        let line =
            "\(type) 0.00 0 0 \(left) 100 \(left + 80) \(100 + height) 1.5 1.6 3.9 \(x) 1.7 \(depth) 0.1\(tail)"
        guard let label = KITTILabel(line: Substring(line)) else { preconditionFailure("a bad line") }
        return label
    }

    private func precisions(_ frames: [(labels: [KITTILabel], detections: [KITTILabel])]) -> [KITTIEvaluation.Precision]
    {
        var evaluation = KITTIEvaluation()
        for frame in frames { evaluation.add(labels: frame.labels, detections: frame.detections) }
        return KITTIEvaluation.Metric.allCases.map { evaluation.precision("Car", easy, $0) }
    }

    @Test func everythingFoundIsAHundredPercent() {
        let places = (0..<50).map { Double($0) * 5 }
        let frame = (
            places.map { label("Car", x: $0) }, places.map { label("Car", x: $0, score: 0.9 - $0 / 1000) }
        )
        for precision in precisions([frame]) {
            #expect(abs(precision.r11 - 100) < 1e-9 && abs(precision.r40 - 100) < 1e-9)
            #expect(precision.labelCount == 50)
        }
    }

    @Test func halfOfTheLabelsFoundIsHalfOfTheRecall() {
        let labels = (0..<80).map { label("Car", x: Double($0) * 5) }
        let detections = (0..<40).map { label("Car", x: Double($0) * 5, score: 0.9 - Double($0) / 1000) }
        for precision in precisions([(labels, detections)]) {
            // Recall reaches 20 of the 40 positions; of the eleven, 0, 0.1, …, 0.5, less one for rounding down.
            #expect(abs(precision.r40 - 50) <= 2.5, "\(precision)")
            #expect(abs(precision.r11 - 100 * 6 / 11) <= 100 / 11 + 1e-9, "\(precision)")
        }
    }

    // More labels than recall positions: with 40 or fewer the benchmark's rule never reaches the last position.
    @Test func wrongDetectionsLowerPrecisionOnlyWhereTheyCount() {
        let labels = (0..<60).map { label("Car", x: Double($0) * 5) }
        let right = (0..<60).map { label("Car", x: Double($0) * 5, score: 0.5 - Double($0) / 1000) }
        let wrong = (0..<60).map { label("Car", x: Double($0) * 5 + 1000, score: 0.9) }
        for precision in precisions([(labels, right + wrong)]) {
            #expect(precision.r40 > 45 && precision.r40 < 55, "\(precision)")
        }
        // Vans are neighbours, small detections are ignored, other classes are foreign.
        let vans = (0..<60).map { label("Van", x: Double($0) * 5 + 1000) }
        let small = (0..<60).map { label("Car", x: Double($0) * 5 + 2000, score: 0.9, height: 20) }
        let others = (0..<60).map { label("Pedestrian", x: Double($0) * 5 + 3000, score: 0.9) }
        for precision in precisions([(labels + vans, right + wrong + small + others)]) {
            #expect(abs(precision.r40 - 100) < 1e-9, "\(precision)")
            #expect(precision.labelCount == 60)
        }
    }

    @Test func hardLabelsAreIgnoredWhereTheyAreTooHard() {
        var hidden = label("Car", x: 0)
        hidden.occlusion = 2
        var evaluation = KITTIEvaluation()
        evaluation.add(labels: [hidden], detections: [label("Car", x: 0, score: 0.9)])
        let counts = KITTIEvaluation.Difficulty.all.map { evaluation.precision("Car", $0, .space).labelCount }
        #expect(counts == [0, 0, 1])
    }

    @Test func unmarkedAreasExcuseDetectionsInTheImage() {
        let labels = (0..<60).map { label("Car", x: Double($0) * 5) }
        let area = label("DontCare", x: 1000)
        let right = (0..<60).map { label("Car", x: Double($0) * 5, score: 0.5 - Double($0) / 1000) }
        let excused = label("Car", x: 1000, score: 0.9)
        let all = precisions([(labels + [area], right + [excused])])
        #expect(abs(all[0].r40 - 100) < 1e-9)
        #expect(all[1].r40 < 100 && all[2].r40 < 100)
    }

    @Test func overlapsAreThoseOfTheMetric() {
        // Shifted by half a length along the box's direction, no overlap reaches 0.7.
        let shifted = label("Car", x: 1.2, score: 0.9)
        var evaluation = KITTIEvaluation()
        evaluation.add(labels: [label("Car", x: 0)], detections: [shifted])
        #expect(evaluation.precision("Car", easy, .birdsEyeView).r40 == 0)
        var raised = label("Car", x: 0, score: 0.9)
        raised.location.y -= 1
        evaluation = KITTIEvaluation()
        evaluation.add(labels: [label("Car", x: 0)], detections: [raised])
        #expect(evaluation.precision("Car", easy, .birdsEyeView).r11 > 0)
        #expect(evaluation.precision("Car", easy, .space).r11 == 0)
    }

    @Test func noLabelsGiveNoPrecision() {
        #expect(precisions([([], [label("Car", x: 0, score: 1)])]).allSatisfy { $0.r40 == 0 && $0.labelCount == 0 })
    }
}

@Suite struct KITTILabelTests {
    private func box(_ x: Float, _ y: Float, yaw: Float) -> Detection {
        Detection(
            label: 0,
            className: "Car",
            centre: SIMD3(x, y, -1),
            length: 4,
            width: 1.8,
            height: 1.5,
            yaw: yaw,
            score: 0.5
        )
    }

    @Test func boxesAreSeenFromTheCamera() throws {
        let ahead = try #require(KITTILabel(box(20, 0, yaw: 0), .nominal))
        #expect(
            abs(ahead.location.z - 20) < 1e-9 && abs(ahead.location.x) < 1e-9 && abs(ahead.location.y - 1.75) < 1e-6
        )
        // Heading away from the camera: its rotation is -90°.
        #expect(abs(ahead.rotation + .pi / 2) < 1e-6 && abs(ahead.alpha + .pi / 2) < 1e-6)
        let left = try #require(KITTILabel(box(20, 5, yaw: .pi / 2), .nominal))
        #expect(left.location.x < 0 && abs(abs(left.rotation) - .pi) < 1e-6)
        #expect(left.rectangle.x < ahead.rectangle.x && ahead.rectangle.z - ahead.rectangle.x > 30)
        #expect(KITTILabel(box(-20, 0, yaw: 0), .nominal) == nil, "behind the camera")
        #expect(KITTILabel(box(5, 60, yaw: 0), .nominal) == nil, "outside the image")
    }

    @Test func linesAreReadBack() throws {
        let label = try #require(KITTILabel(box(20, 3, yaw: 0.4), .nominal))
        let copy = try #require(KITTILabel(line: Substring(label.line)))
        #expect(copy.type == "Car" && copy.score == 0.5 && abs(copy.location.z - label.location.z) < 0.006)
        for line in ["Car 0 0", "Car 0 0 x 1 1 1 1 1 1 1 1 1 1 1", ""] {
            #expect(KITTILabel(line: Substring(line)) == nil)
        }
    }
}
