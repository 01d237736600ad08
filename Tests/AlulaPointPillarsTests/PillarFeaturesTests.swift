// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import AlulaTesting
import Testing

@Suite struct PillarFeaturesTests {
    /// Inputs of a pillar network on a random cloud.
    private func inputs(
        pointCount: Int,
        axes: Int,
        hidden: Int,
        maxPoints: Int,
        slots: (count: Int, width: Int)?
    ) throws -> (operation: PillarFeatures, inputs: [Tensor?]) {
        let configuration = try Small.configuration(maxPoints: maxPoints)
        let voxels = try voxelTensors(try Small.cloud(pointCount, seed: 5), configuration)
        let decoration = PillarDecoration(
            fieldCount: 4,
            referenceAxisCount: axes,
            pillarSize: configuration.grid.pillarSize,
            referenceOffset: SIMD3(0.1, -3.9, -1)
        )
        let stride = slots.map { $0.count == 1 ? 1 : (maxPoints - 1) / ($0.count - 1) }
        let operation = try PillarFeatures(
            decoration: decoration,
            slotCount: maxPoints,
            reduction: stride.map { .slots(stride: $0) } ?? .maximum
        )
        let weights = random([decoration.featureCount, hidden], seed: 11)
        let bias = random([hidden], seed: 12)
        var inputs: [Tensor?] = [voxels[0], voxels[1], voxels[2], voxels[3], voxels[5], weights, bias]
        if let slots {
            let second = random([slots.count, hidden, slots.width], seed: 13)
            inputs += [second, tail(second, bias, random([slots.width], seed: 14))]
        }
        return (operation, inputs)
    }

    /// `tail[j] = b₂ + Σₖ₌ⱼ relu(b₁)·W₂[k]`.
    private func tail(_ weights: Tensor, _ bias: Tensor, _ last: Tensor) -> Tensor {
        let (count, hidden, width) = (weights.shape[0], weights.shape[1], weights.shape[2])
        let (w, b) = (weights.elements(as: Float.self), bias.elements(as: Float.self).map { max($0, 0) })
        var rows = [last.elements(as: Float.self)]
        for slot in (0..<count).reversed() {
            rows.append(
                (0..<width).map { column in
                    (0..<hidden).reduce(rows[rows.count - 1][column]) {
                        $0 + b[$1] * w[(slot * hidden + $1) * width + column]
                    }
                }
            )
        }
        return Tensor(rows.reversed().flatMap(\.self), shape: [count + 1, width])
    }

    @Test(arguments: [1, 40, 700], [7, 16, 33])
    func maximaOfPointsThatExistAreThoseOfAllSlots(pointCount: Int, hidden: Int) throws {
        let (operation, inputs) = try inputs(pointCount: pointCount, axes: 3, hidden: hidden, maxPoints: 8, slots: nil)
        let expected = try run(operation, inputs)[0]
        for parts in [nil, 1, 3] {
            let got = try runParts(operation, inputs, parts: parts)[0]
            #expect(difference(got, expected, within: Tolerance(relative: 1e-5, absolute: 1e-5)).failure == nil)
        }
    }

    @Test(arguments: [(slots: 4, width: 16), (slots: 8, width: 7), (slots: 1, width: 40)], [1, 40, 700])
    func convolutionsOverSlotsSkipOnlyWhatIsEmpty(shape: (slots: Int, width: Int), pointCount: Int) throws {
        let (operation, inputs) = try inputs(
            pointCount: pointCount,
            axes: 2,
            hidden: 16,
            maxPoints: shape.slots == 4 ? 10 : shape.slots == 8 ? 8 : 1,
            slots: (shape.slots, shape.width)
        )
        let expected = try run(operation, inputs)[0]
        for parts in [nil, 1, 5] {
            let got = try runParts(operation, inputs, parts: parts)[0]
            let tolerance = Tolerance(relative: 1e-5, absolute: 0, ofRange: 1e-5)
            #expect(difference(got, expected, within: tolerance).failure == nil)
        }
    }

    @Test func rowsBehindTheLastPillarAreZero() throws {
        let (operation, inputs) = try inputs(pointCount: 3, axes: 3, hidden: 8, maxPoints: 8, slots: nil)
        let pillars = Int(try #require(inputs[4]).elements(as: Int32.self)[0])
        for output in [try run(operation, inputs)[0], try runParts(operation, inputs)[0]] {
            #expect(output.elements(as: Float.self).dropFirst(pillars * 8).allSatisfy { $0 == 0 })
        }
    }

    @Test func orderOfPointsChangesNoMaximum() throws {
        let configuration = try Small.configuration(maxPillars: 400, maxPoints: 64)
        let cloud = try Small.cloud(500)
        var shuffler = SeededRandom(seed: 3)
        let order = (0..<500).shuffled(using: &shuffler)
        let values = order.flatMap { cloud.values[$0 * 4..<$0 * 4 + 4] }
        let other = try #require(PointCloud(values, fieldCount: 4))
        let (operation, inputs) = try inputs(pointCount: 1, axes: 3, hidden: 16, maxPoints: 64, slots: nil)
        var rows: [[[Int32]: [Float]]] = []
        for cloud in [cloud, other] {
            let voxels = try voxelTensors(cloud, configuration)
            let output = try runParts(
                operation,
                [voxels[0], voxels[1], voxels[2], voxels[3], voxels[5], inputs[5], inputs[6]]
            )
            let (cells, features) = (voxels[3].elements(as: Int32.self), output[0].elements(as: Float.self))
            let pillars = Int(voxels[5].elements(as: Int32.self)[0])
            rows.append(
                Dictionary(
                    uniqueKeysWithValues: (0..<pillars).map {
                        (Array(cells[2 * $0..<2 * $0 + 2]), Array(features[16 * $0..<16 * $0 + 16]))
                    }
                )
            )
        }
        #expect(rows[0].keys == rows[1].keys)
        for (cell, row) in rows[0] {
            for (left, right) in zip(row, rows[1][cell] ?? []) { #expect(abs(left - right) < 1e-4) }
        }
    }

    @Test func weightsThatDoNotFitAreNamed() throws {
        let (operation, inputs) = try inputs(pointCount: 9, axes: 3, hidden: 8, maxPoints: 8, slots: nil)
        let known = inputs.map { $0.map { OperatorInput($0) } }
        #expect(try operation.inferOutputs(known) == [TensorType(.float32, [200, 8])])
        for (index, shape) in [(5, [9, 8] as Shape), (6, [7]), (0, [9, 5]), (3, [200, 3]), (4, [7]), (2, [100])] {
            var wrong = known
            wrong[index]?.type.shape = shape
            let text = message { _ = try operation.inferOutputs(wrong) }
            #expect(text.contains("input \(index)"), "\(text)")
        }
        let slots = try PillarFeatures(
            decoration: operation.decoration,
            slotCount: 8,
            reduction: .slots(stride: 3)
        )
        let second = OperatorInput(TensorType(.float32, [4, 8, 5]))
        let text = message {
            _ = try slots.inferOutputs(known + [second, OperatorInput(TensorType(.float32, [5, 5]))])
        }
        #expect(text.contains("= 8, the points of a pillar"), "\(text)")
    }

    @Test func countsOutsideThePointsAreRefused() throws {
        let (operation, inputs) = try inputs(pointCount: 30, axes: 3, hidden: 8, maxPoints: 8, slots: nil)
        var wrong = inputs
        wrong[1] = Tensor([Int32](repeating: 9, count: 200), shape: [200])
        #expect(throws: OperatorError.self) { try run(operation, wrong) }
        #expect(throws: OperatorError.self) { try runParts(operation, wrong) }
    }
}
