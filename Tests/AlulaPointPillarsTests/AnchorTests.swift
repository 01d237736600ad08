// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import AlulaTesting
import Testing

@Suite struct AnchorMaskTests {
    @Test(arguments: BoxCoding.allCases, [(isCentred: true, points: 5), (true, 400), (false, 60), (false, 400)])
    func countsAreThoseOfALookAtEveryCell(coding: BoxCoding, setting: (isCentred: Bool, points: Int)) throws {
        let (isCentred, pointCount) = setting
        let configuration = try Small.configuration()
        var anchors = configuration.anchors
        anchors.coding = coding
        anchors.isCentred = isCentred
        let operation = try AnchorMask(anchors: anchors, rowCount: 8, columnCount: 12, minPillars: 2)
        let voxels = try voxelTensors(try Small.cloud(pointCount), configuration)
        let mask = try run(operation, [voxels[4]])[0].elements(as: Bool.self)
        let grid = voxels[4].elements(as: Int32.self)
        for (index, anchor) in anchors.anchors.enumerated() {
            let isTurned = abs(anchor.rotation) > 0.8
            let isAlongX = (coding == .openPCDet) != isTurned
            let extent = isAlongX ? (anchor.length, anchor.width) : (anchor.width, anchor.length)
            for row in 0..<8 {
                for column in 0..<12 {
                    let x = isCentred ? Float(column) + 0.5 : Float(column) * 12 / 11
                    let y = isCentred ? Float(row) + 0.5 : Float(row) * 8 / 7
                    let columns = cells(x, extent.0, 24)
                    let rows = cells(y, extent.1, 16)
                    let count = (rows.low + 1..<max(rows.high + 1, rows.low + 1)).reduce(0) { sum, r in
                        sum + (columns.low + 1..<columns.high + 1).count { grid[r * 24 + $0] >= 0 }
                    }
                    #expect(mask[(row * 12 + column) * 4 + index] == (count >= 2))
                }
            }
        }
    }

    /// The cells of half a metre that a length around a place covers, the lower one left out.
    private func cells(_ place: Float, _ extent: Float, _ count: Int) -> (low: Int, high: Int) {
        func cell(_ value: Float) -> Int { min(max(Int((value / 0.5 + 1e-4).rounded(.down)), 0), count - 1) }
        return (cell(place - extent / 2), cell(place + extent / 2))
    }
}

@Suite struct AnchorDecodeTests {
    /// A head of 2 by 3 cells with four anchors, two classes and two directions.
    private func decode(
        coding: BoxCoding = .openPCDet,
        threshold: Float = 0.5,
        limit: Int = 10,
        direction: AnchorDecode.Direction? = AnchorDecode.Direction(binCount: 2, offset: 0.78539)
    ) throws -> AnchorDecode {
        var anchors = try Small.configuration().anchors
        anchors.coding = coding
        return try AnchorDecode(
            anchors: anchors,
            classCount: 2,
            direction: direction,
            scoreThreshold: threshold,
            limit: limit
        )
    }

    private func heads(_ logits: [(anchor: Int, Float, label: Int)], directions: [Float]? = nil) -> [Tensor?] {
        var classes = [Float](repeating: -20, count: 48)
        for (anchor, logit, label) in logits { classes[anchor * 2 + label] = logit }
        return [
            random([1, 2, 3, 28], seed: 5, in: -0.3...0.3), Tensor(classes, shape: [1, 2, 3, 8]),
            directions.map { Tensor($0, shape: [1, 2, 3, 8]) } ?? random([1, 2, 3, 8], seed: 6),
        ]
    }

    @Test func anchorsComeBestFirstWithTheirClass() throws {
        let operation = try decode()
        let outputs = try run(operation, heads([(3, 1, 0), (23, 2.5, 1), (7, 1, 1), (8, -0.1, 0)]))
        #expect(outputs[3].elements(as: Int32.self).prefix(4) == [23, 3, 7, 0])
        #expect(outputs[2].elements(as: Int32.self).prefix(3) == [1, 0, 1])
        let scores = outputs[1].elements(as: Float.self)
        for (score, logit) in zip(scores, [2.5, 1, 1] as [Float]) {
            #expect(abs(score - 1 / (1 + Float(ElementaryFunctions.exp(Double(-logit))))) < 1e-6)
        }
        #expect(scores.dropFirst(3).allSatisfy { $0 == 0 })
        #expect(outputs[5].elements(as: Int32.self) == [3, 3, 0, 0])
    }

    @Test func aScoreAtTheThresholdCounts() throws {
        let inputs = heads([(0, 0, 0), (1, (-0.0 as Float), 1), (2, (0 as Float).nextDown, 0)])
        #expect(try run(try decode(), inputs)[5].elements(as: Int32.self)[0] == 2)
        #expect(try run(try decode(threshold: 0), inputs)[5].elements(as: Int32.self)[1] == 24)
        #expect(try run(try decode(threshold: 1), inputs)[5].elements(as: Int32.self)[1] == 0)
    }

    @Test(arguments: [1, 2, 5, 23, 24])
    func theLimitKeepsTheBest(limit: Int) throws {
        let logits = (0..<24).map { (anchor: $0, Float($0 * 7 % 11) / 4, label: $0 % 2) }
        let outputs = try run(try decode(limit: limit), heads(logits))
        let expected = logits.sorted { $0.1 == $1.1 ? $0.anchor < $1.anchor : $0.1 > $1.1 }.prefix(limit)
        #expect(outputs[3].elements(as: Int32.self).map { Int($0) } == expected.map(\.anchor))
        #expect(outputs[5].elements(as: Int32.self) == [Int32(limit), 24, Int32(24 - limit), 0])
    }

    @Test func maskedAndBrokenAnchorsAreLeftOut() throws {
        var inputs = heads([(0, 5, 0), (1, 5, 0), (2, .nan, 0), (3, .infinity, 0), (4, 5, 1)])
        var codes = try #require(inputs[0]).elements(as: Float.self)
        codes[4 * 7 + 3] = 1000  // a length beyond all numbers
        inputs[0] = Tensor(codes, shape: [1, 2, 3, 28])
        inputs.append(Tensor((0..<24).map { $0 != 1 }, shape: [2, 3, 4]))
        let outputs = try run(try decode(), inputs)
        #expect(outputs[3].elements(as: Int32.self).prefix(2) == [3, 0])
        #expect(outputs[5].elements(as: Int32.self) == [2, 3, 0, 1])
    }

    @Test func codesBehindTheSeventhChangeNoBox() throws {
        let operation = try decode()
        var wide = operation
        wide.anchors.codeCount = 9
        let inputs = heads((0..<24).map { ($0, 3, 0) })
        let codes = try #require(inputs[0]).elements(as: Float.self)
        var widened = inputs
        widened[0] = Tensor(
            (0..<24).flatMap { codes[$0 * 7..<$0 * 7 + 7] + [0.3, -0.7] },
            shape: [1, 2, 3, 36]
        )
        #expect(
            try run(wide, widened)[0].elements(as: Float.self) == run(operation, inputs)[0].elements(as: Float.self)
        )
        #expect(try AnchorDecode(attributes: wide.attributes).anchors.codeCount == 9)
        #expect(message { _ = try run(wide, inputs) }.contains("9 codes"))
        wide.anchors.codeCount = 6
        #expect(message { _ = try AnchorDecode(attributes: wide.attributes) }.contains("code_size"))
    }

    @Test(arguments: BoxCoding.allCases)
    func boxesFollowTheFormulas(coding: BoxCoding) throws {
        let operation = try decode(coding: coding)
        let inputs = heads((0..<24).map { ($0, 3, 0) })
        let (codes, logits) = (inputs[0]?.elements(as: Float.self) ?? [], inputs[2]?.elements(as: Float.self) ?? [])
        let unlimited = try AnchorDecode(
            anchors: operation.anchors,
            classCount: 2,
            direction: operation.direction,
            scoreThreshold: 0.5,
            limit: 0
        )
        let boxes = try run(unlimited, inputs)[0].elements(as: Float.self)
        for anchor in 0..<24 {
            let t = codes[anchor * 7..<anchor * 7 + 7].map { Double($0) }
            let kind = operation.anchors.anchors[anchor % 4]
            let (l, w, h) = (Double(kind.length), Double(kind.width), Double(kind.height))
            let (long, wide) = coding == .openPCDet ? (t[3], t[4]) : (t[4], t[3])
            let expected = [
                t[0] * (l * l + w * w).squareRoot() + 2 + 4 * Double(anchor / 4 % 3),
                t[1] * (l * l + w * w).squareRoot() - 2 + 4 * Double(anchor / 12),
                t[2] * h - 1.7 + h / 2, l * ElementaryFunctions.exp(long), w * ElementaryFunctions.exp(wide),
                h * ElementaryFunctions.exp(t[5]),
            ]
            for (index, value) in expected.enumerated() {
                #expect(abs(Double(boxes[anchor * 7 + index]) - value) < 1e-4, "anchor \(anchor), number \(index)")
            }
            let isLast = logits[anchor * 2 + 1] > logits[anchor * 2]
            let yaw = Double(boxes[anchor * 7 + 6])
            let rotation = t[6] + Double(kind.rotation)
            #expect(yaw >= -.pi && yaw <= .pi)
            // Whatever the direction, the box lies along its rotation.
            let along = coding == .openPCDet ? rotation : -(rotation + .pi / 2)
            #expect(abs(ElementaryFunctions.sin(yaw - along)) < 1e-5)
            if coding == .second {
                // A rotation whose sign and direction disagree is turned by half a circle.
                let turned = (rotation > 0) == isLast ? along : along + .pi
                #expect(ElementaryFunctions.cos(yaw - turned) > 0.99)
            } else {
                // The first direction is the half circle from the offset on.
                let turned = (yaw - 0.78539 + 4 * .pi).truncatingRemainder(dividingBy: 2 * .pi)
                #expect((turned < .pi) == !isLast)
            }
        }
    }

    @Test func secondsDirectionsDecideBetweenARotationAndItsOpposite() throws {
        for (code, isLast, yaw) in [
            (Float(0.2), true, -(0.2 + Double.pi / 2)), (0.2, false, -(0.2 + .pi * 1.5) + 2 * .pi),
            (-0.2, true, -(-0.2 + .pi * 1.5) + 2 * .pi), (-0.2, false, -(-0.2 + .pi / 2)),
        ] {
            var codes = [Float](repeating: 0, count: 168)
            codes[6] = code
            var inputs = heads([(0, 3, 0)], directions: (0..<48).map { ($0 % 2 == 1) == isLast ? 1 : 0 })
            inputs[0] = Tensor(codes, shape: [1, 2, 3, 28])
            let box = try run(try decode(coding: .second), inputs)[0].elements(as: Float.self)
            #expect(abs(Double(box[6]) - yaw) < 1e-5, "\(code) \(isLast)")
        }
    }

    @Test func shapesThatDisagreeWithAnchorsAreNamed() throws {
        let operation = try decode()
        let types = heads([]).map { $0?.type }
        for (index, shape) in [
            (0, [1, 2, 3, 27] as Shape), (1, [1, 2, 3, 4]), (2, [1, 2, 3, 4]), (1, [1, 3, 2, 8]),
        ] {
            var wrong = types
            wrong[index]?.shape = shape
            let text = message { _ = try operation.inferOutputs(wrong.map { $0.map { OperatorInput($0) } }) }
            #expect(text.contains("input \(index)"), "\(text)")
        }
        let plain = try decode(direction: nil)
        #expect(throws: OperatorError.self) { try plain.inferOutputs(types.map { $0.map { OperatorInput($0) } }) }
    }

    @Test func parametersSurviveARoundTrip() throws {
        for direction in [nil, AnchorDecode.Direction(binCount: 3, offset: 0.1, limitOffset: 0.5)] {
            let operation = try decode(direction: direction)
            let copy = try AnchorDecode(attributes: operation.attributes)
            #expect(copy.anchors == operation.anchors && copy.direction == direction && copy.limit == 10)
        }
        #expect(throws: OperatorError.self) {
            try self.decode(coding: .second, direction: AnchorDecode.Direction(binCount: 3))
        }
        #expect(throws: OperatorError.self) { try self.decode(threshold: 1.5) }
    }
}

@Suite struct RotatedNMSTests {
    private func suppress(
        _ boxes: [[Float]],
        _ scores: [Float],
        labels: [Int32]? = nil,
        overlap: Float = 0.1,
        limit: Int = 10,
        isPerClass: Bool = false
    ) throws -> [Int32] {
        let operation = try RotatedNMS(overlapThreshold: overlap, limit: limit, isPerClass: isPerClass)
        let count = boxes.count
        let outputs = try run(
            operation,
            [
                Tensor(boxes.flatMap(\.self), shape: [count, 7]), Tensor(scores, shape: [count]),
                Tensor(labels ?? [Int32](repeating: 0, count: count), shape: [count]),
                Tensor([Int32(count)], shape: [1]),
                Tensor((0..<count).map { Int32($0) }, shape: [count]),
            ]
        )
        let kept = Int(outputs[3].elements(as: Int32.self)[0])
        let indices = Array(outputs[4].elements(as: Int32.self).prefix(kept))
        #expect(Array(outputs[1].elements(as: Float.self).prefix(kept)) == indices.map { scores[Int($0)] })
        return indices
    }

    private func box(_ x: Float, _ y: Float, _ length: Float = 4, _ width: Float = 2, yaw: Float = 0) -> [Float] {
        [x, y, 0, length, width, 1.5, yaw]
    }

    @Test func theBestOfOverlappingBoxesStays() throws {
        let boxes = [box(0, 0), box(1, 0), box(10, 0), box(10.5, 0.1, yaw: 0.1), box(3.9, 0)]
        #expect(try suppress(boxes, [0.5, 0.9, 0.4, 0.8, 0.3]) == [1, 3])
        #expect(try suppress(boxes, [0.5, 0.9, 0.4, 0.8, 0.3], overlap: 0.75) == [1, 3, 0, 2, 4])
        #expect(try suppress(boxes, [0.5, 0.5, 0.5, 0.5, 0.5]) == [0, 2, 4])
        #expect(
            try suppress(boxes, [0.5, 0.9, 0.4, 0.8, 0.3], labels: [0, 1, 0, 1, 1], isPerClass: true) == [1, 3, 0, 2],
            "only boxes 1 and 4 overlap and are of one class"
        )
        #expect(try suppress(boxes, [0.5, 0.9, 0.4, 0.8, 0.3], overlap: 1, limit: 2) == [1, 3])
    }

    @Test func noBoxesGiveNoBoxes() throws { #expect(try suppress([], []) == []) }

    @Test(arguments: [0.0, 0.3, 0.785398163, 1.1, 1.570796327, 3.0])
    func overlapsOfTurnedSquaresAreKnown(yaw: Double) {
        let square = RotatedRectangle(x: 3, y: -2, length: 2, width: 2, yaw: 0)
        let turned = RotatedRectangle(x: 3, y: -2, length: 2, width: 2, yaw: yaw)
        // The octagon two squares of side 2 share when turned by a: 8 / (1 + sin a + cos a) within the first right angle.
        let angle = yaw.truncatingRemainder(dividingBy: .pi / 2)
        let (c, s) = (ElementaryFunctions.cos(angle), ElementaryFunctions.sin(angle))
        let octagon = 8 / (1 + c + s)
        #expect(abs(square.intersectionArea(turned) - octagon) < 1e-9)
        #expect(abs(square.intersectionOverUnion(turned) - octagon / (8 - octagon)) < 1e-9)
    }

    @Test func overlapsAgreeWithCountingPoints() {
        var random = SeededRandom(seed: 77)
        for _ in 0..<40 {
            func rectangle() -> RotatedRectangle {
                RotatedRectangle(
                    x: .random(in: -1...1, using: &random),
                    y: .random(in: -1...1, using: &random),
                    length: .random(in: 0.5...4, using: &random),
                    width: .random(in: 0.5...2, using: &random),
                    yaw: .random(in: -4...4, using: &random)
                )
            }
            let (a, b) = (rectangle(), rectangle())
            var inside = 0
            let steps = 300
            for row in 0..<steps {
                for column in 0..<steps {
                    let point = SIMD2(Double(column) + 0.5, Double(row) + 0.5) / Double(steps) * 8 - 4
                    if contains(a, point), contains(b, point) { inside += 1 }
                }
            }
            let counted = Double(inside) * 64 / Double(steps * steps)
            #expect(abs(a.intersectionArea(b) - counted) < 0.08)
            #expect(abs(a.intersectionArea(b) - b.intersectionArea(a)) < 1e-9)
        }
    }

    private func contains(_ rectangle: RotatedRectangle, _ point: SIMD2<Double>) -> Bool {
        (0..<4).allSatisfy { index in
            let (start, end) = (rectangle.corner(index), rectangle.corner(index + 1))
            let (side, offset) = (end - start, point - start)
            return side.x * offset.y - side.y * offset.x >= 0
        }
    }
}
