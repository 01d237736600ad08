// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import Foundation
import Testing

/// Real clouds against what the reference pipeline gives on them.
@Suite(.enabled(if: SharedData.isPresent, "no test data beside the checkout: \(SharedData.folder)"))
struct SharedFrameTests {
    /// Slow without optimisation, so the smallest and a whole sweep; the release build checks all of them.
    @Test(arguments: ["000003", "full_000005"])
    func voxelsAreBitExact(cloud name: String) throws {
        let expected = try SharedData.expected(name).voxelise
        let configuration = try PointPillarsConfiguration.kittiCar()
        let voxels = try voxelise(try SharedData.cloud(name), configuration)
        #expect(voxels.counter(.pillars) == expected.pillars)
        #expect(voxels.counter(.keptPoints) == expected.pointsKept)
        let padded = voxels.padded(slots: configuration.maxPointsPerPillar)
        #expect(SHA256.hex(littleEndianBytes(padded.map(\.bitPattern))) == expected.pointsSha256)
        #expect(SHA256.hex(littleEndianBytes(voxels.counts.map { UInt32(bitPattern: $0) })) == expected.numPointsSha256)
        #expect(SHA256.hex(littleEndianBytes(voxels.cells.map { UInt32(bitPattern: $0) })) == expected.coordsSha256)
    }

    /// Slow without optimisation, so one cloud; the release build checks all of them.
    @Test(arguments: ["000003"], [false, true])
    func tensorsAndBoxesAreThoseOfTheReference(cloud name: String, exploitsEmptyPillars: Bool) throws {
        let expected = try SharedData.expected(name)
        var options = PointPillarsNetwork.Options()
        options.showsTensors = true
        options.exploitsEmptyPillars = exploitsEmptyPillars
        let network = try PointPillarsNetwork(
            pillarNetwork: try SharedData.graph("pfe"),
            backbone: try SharedData.graph("rpn"),
            configuration: try .kittiCar(),
            options: options
        )
        let session = try DetectionSession(
            PointPillarsDetector(network, configure: { $0.timesTactics = false }),
            on: try Device.cpu()
        )
        let found = try session.detect(try SharedData.cloud(name))
        #expect(found.counters[.pillars] == expected.voxelise.pillars)
        compare(found.boxes, expected.fp32.boxes)
        let pillars = expected.voxelise.pillars
        for (tensor, samples) in expected.fp32.tensors {
            guard !exploitsEmptyPillars || tensor != "bev" else { continue }
            let got = try #require(session.tensor(named: tensor), "\(tensor)")
            let values = got.elements(as: Float.self)
            let tolerance = tensor == "pillar_features" || tensor == "bev" ? 1e-3 : 2e-3
            for (index, value) in zip(samples.index, samples.value) {
                // The reference's features come channel by channel.
                let isFeatures = tensor == "pillar_features"
                let place = isFeatures ? index % pillars * got.shape[1] + index / pillars : index
                #expect(abs(Double(values[place]) - value) <= tolerance, "\(tensor) at \(index)")
            }
        }
        let mask = try #require(session.tensor(named: "anchor_mask"))
        #expect(mask.elements(as: Bool.self).count { $0 } == expected.anchorsKept)
    }

    private func compare(_ boxes: [Detection], _ expected: [Expected.Box]) {
        #expect(boxes.count == expected.count)
        for (box, reference) in zip(boxes, expected) {
            #expect(box.anchor == reference.anchor)
            #expect(abs(Double(box.score) - reference.score) <= 0.005)
            let lengths = [
                (box.centre.x, reference.x), (box.centre.y, reference.y), (box.centre.z, reference.z),
                (box.length, reference.l), (box.width, reference.w), (box.height, reference.h),
            ]
            for (got, wanted) in lengths { #expect(abs(Double(got) - wanted) <= 0.01) }
            #expect(abs(Double(box.yaw) - reference.yaw) <= 0.005)
            #expect(abs(Double(box.directionMargin) - reference.dirMargin) <= 0.01)
        }
    }
}

/// What ``Voxelise`` gives, cut to the pillars that exist.
struct Voxels {
    var points: [Float]
    var fieldCount: Int
    var counts: [Int32]
    var offsets: [Int32]
    var cells: [Int32]
    var grid: [Int32]
    var counters: [Int32]

    func counter(_ counter: Voxelise.Counter) -> Int { Int(counters[counter.rawValue]) }

    /// `[pillars, slots, fields]`, zero where there is no point.
    func padded(slots: Int) -> [Float] {
        var padded = [Float](repeating: 0, count: counts.count * slots * fieldCount)
        for pillar in counts.indices {
            for index in 0..<Int(counts[pillar]) * fieldCount {
                padded[pillar * slots * fieldCount + index] = points[Int(offsets[pillar]) * fieldCount + index]
            }
        }
        return padded
    }
}

func littleEndianBytes(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
}

/// Runs ``Voxelise`` by itself.
func voxelise(_ cloud: PointCloud, _ configuration: PointPillarsConfiguration) throws -> Voxels {
    let operation = try Voxelise(
        grid: configuration.grid,
        maxPillars: configuration.maxPillars,
        maxPointsPerPillar: configuration.maxPointsPerPillar
    )
    let inputs = [
        Tensor(cloud.values, shape: [cloud.count, cloud.fieldCount]), Tensor([Int32(cloud.count)], shape: [1]),
    ]
    let outputs = try operation.inferOutputs(inputs.map { OperatorInput($0) }).map {
        Tensor(uninitialized: $0.dataType, shape: $0.shape)
    }
    try operation.evaluate(inputs, into: outputs)
    let counters = outputs[5].elements(as: Int32.self)
    let pillars = Int(counters[0])
    return Voxels(
        points: outputs[0].elements(as: Float.self),
        fieldCount: cloud.fieldCount,
        counts: Array(outputs[1].elements(as: Int32.self).prefix(pillars)),
        offsets: Array(outputs[2].elements(as: Int32.self).prefix(pillars)),
        cells: Array(outputs[3].elements(as: Int32.self).prefix(2 * pillars)),
        grid: outputs[4].elements(as: Int32.self),
        counters: counters
    )
}
