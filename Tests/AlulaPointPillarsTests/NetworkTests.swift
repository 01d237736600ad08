// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import AlulaTesting
import Testing

/// Whole detectors on a small street, with made-up weights.
@Suite struct NetworkTests {
    private let device: Device

    init() throws { device = try Device.cpu(threads: 2) }

    private func detector(
        _ configuration: PointPillarsConfiguration,
        exploitsEmptyPillars: Bool = true
    ) throws -> PointPillarsDetector {
        var options = PointPillarsNetwork.Options()
        options.exploitsEmptyPillars = exploitsEmptyPillars
        options.showsTensors = true
        let network = try PointPillarsNetwork(generatedFor: configuration, options: options)
        return try PointPillarsDetector(network, configure: { $0.timesTactics = false })
    }

    @Test func emptyPillarsAreExploitedExactly() throws {
        let configuration = try Small.configuration()
        let cloud = try Small.cloud(400)
        var heads: [Tensor] = []
        for exploits in [true, false] {
            let session = try DetectionSession(try detector(configuration, exploitsEmptyPillars: exploits), on: device)
            _ = try session.detect(cloud)
            heads.append(try #require(session.tensor(named: "cls")))
        }
        #expect(difference(heads[0], heads[1], within: Tolerance(relative: 1e-4, absolute: 1e-4)).failure == nil)
    }

    @Test(arguments: [0, 1, 500])
    func cloudsOfAnySizeAreLookedAt(pointCount: Int) throws {
        let session = try DetectionSession(try detector(try Small.configuration()), on: device)
        let found = try session.detect(try Small.cloud(pointCount))
        #expect(found.counters[.points] == pointCount)
        if pointCount == 500 { #expect(!found.counters.warnings.isEmpty, "there is room for 200 pillars") }
        // Small, large, small: room grows and shrinks.
        let large = try session.detect(try Small.cloud(40_000))
        #expect(large.counters[.points] == 40_000)
        #expect(try session.detect(try Small.cloud(pointCount)).boxes == found.boxes)
    }

    @Test func runsAreBitEqualOnAnyNumberOfThreads() throws {
        let detector = try detector(try Small.configuration(scoreThreshold: 0.01))
        let cloud = try Small.cloud(700)
        var first: [Detection]?
        for threads in [1, 2, 3, 5] {
            let session = try DetectionSession(detector, on: try Device.cpu(threads: threads))
            for _ in 0..<25 {
                let boxes = try session.detect(cloud).boxes
                #expect(boxes == first ?? boxes, "\(threads) threads")
                first = boxes
            }
        }
        #expect(first?.isEmpty == false)
    }

    @Test func orderOfPointsChangesNoBoxOfAMaximumNetwork() throws {
        // No limit is reached: every pillar has room for all points.
        let configuration = try Small.configuration(maxPillars: 400, maxPoints: 200, scoreThreshold: 0.01)
        let session = try DetectionSession(try detector(configuration), on: device)
        let cloud = try Small.cloud(600)
        var random = SeededRandom(seed: 9)
        let order = (0..<600).shuffled(using: &random)
        let shuffled = try #require(
            PointCloud(order.flatMap { cloud.values[$0 * 4..<$0 * 4 + 4] }, fieldCount: 4)
        )
        let (left, right) = (try session.detect(cloud).boxes, try session.detect(shuffled).boxes)
        #expect(!left.isEmpty)
        #expect(left.map(\.anchor) == right.map(\.anchor))
        for (a, b) in zip(left, right) { #expect(abs(a.score - b.score) < 1e-4) }
    }

    @Test func aPlanOfADetectorIsLoadedWithItsOperators() throws {
        let configuration = try Small.configuration()
        let network = try PointPillarsNetwork(generatedFor: configuration)
        var builder = network.builderConfiguration()
        builder.timesTactics = false
        let bytes = try Builder(builder).build(network.graph).serializedBytes()
        #expect(throws: PlanError.self) { try Plan(bytes) }
        let plan = try Plan(bytes, operators: .pointPillars)
        let loaded = try DetectionSession(PointPillarsDetector(plan: plan, configuration: configuration), on: device)
        let built = try DetectionSession(try detector(configuration), on: device)
        let cloud = try Small.cloud(300)
        #expect(try loaded.detect(cloud).boxes == built.detect(cloud).boxes)
        var other = configuration
        other.fieldCount = 5
        #expect(throws: PointPillarsError.self) { try PointPillarsDetector(plan: plan, configuration: other) }
    }

    // MARK: - Configuration and model that disagree

    private func rpn(_ change: (inout RPNGenerator) -> Void) -> Graph {
        var generator = RPNGenerator()
        (generator.height, generator.width) = (16, 24)
        generator.heads = [("cls", 8), ("box", 28), ("dir", 8)]
        change(&generator)
        return generator.graph()
    }

    @Test func disagreementsAreNamed() throws {
        let configuration = try Small.configuration()
        let pillars = try decoratedNetwork(slots: 8, features: 10, hidden: 64)
        func refusal(
            _ pillars: Graph,
            _ backbone: Graph,
            _ change: (inout PointPillarsConfiguration) -> Void = { _ in }
        ) -> String {
            var changed = configuration
            change(&changed)
            return message {
                _ = try PointPillarsNetwork(pillarNetwork: pillars, backbone: backbone, configuration: changed)
            }
        }
        #expect(refusal(pillars, rpn { _ in }) == "")
        #expect(refusal(pillars, rpn { $0.width = 32 }).contains("[1, 64, 16, 32]"))
        #expect(refusal(pillars, rpn { $0.inputChannels = 32 }).contains("[1, 32, 16, 24]"))
        let classes = rpn {
            $0.heads[0].channels = 12
            $0.heads.removeLast()
        }
        #expect(refusal(pillars, classes).contains("logits of 2 classes with 8 channels"))
        #expect(refusal(pillars, rpn { $0.heads.removeLast() }).contains("2 directions"))
        #expect(refusal(pillars, rpn { _ in }) { $0.maxPointsPerPillar = 9 }.contains("points of a pillar"))
        #expect(refusal(pillars, rpn { _ in }) { $0.fieldCount = 6 }.contains("features of a decorated point"))
        #expect(refusal(pillars, rpn { _ in }) { $0.headStride = 4 }.contains("feature_map_stride"))
        #expect(refusal(pillars, rpn { _ in }) { $0.scoreThreshold = 2 }.contains("SCORE_THRESH"))
        #expect(refusal(rpn { _ in }, rpn { _ in }).contains("3 outputs"))
    }
}

/// A pillar network on decorated points, as OpenPCDet's is exported: product, normalisation, ReLU, maximum.
func decoratedNetwork(slots: Int, features: Int, hidden: Int, pillars: Dimension = .symbolic("P")) throws -> Graph {
    var model = ONNXWriter()
    model.addInput("voxels", .float32, [pillars, .fixed(slots), .fixed(features)])
    addDecoratedLayers(to: &model, input: "voxels", features: features, hidden: hidden)
    model.addOutput("pillar_features")
    return try ONNXModel(bytes: model.serialized()).makeGraph()
}

/// Appends the layers of ``decoratedNetwork(slots:features:hidden:pillars:)``.
func addDecoratedLayers(to model: inout ONNXWriter, input: String, features: Int, hidden: Int, isFramed: Bool = false) {
    model.addInitializer("linear", random([features, hidden], seed: 31))
    for (index, name) in ["scale", "shift", "mean", "variance"].enumerated() {
        model.addInitializer(name, random([hidden], seed: 40 + UInt64(index), in: 0.4...1))
    }
    model.addNode("MatMul", [input, "linear"], ["product"])
    let axes = isFramed ? [0, 3, 1, 2] : [0, 2, 1]
    let back = isFramed ? [0, 2, 3, 1] : [0, 2, 1]
    model.addNode("Transpose", ["product"], ["channels_first"], attributes: ["perm": .integers(axes)])
    model.addNode("BatchNormalization", ["channels_first", "scale", "shift", "mean", "variance"], ["normal"])
    model.addNode("Transpose", ["normal"], ["channels_last"], attributes: ["perm": .integers(back)])
    model.addNode("Relu", ["channels_last"], ["hidden"])
    model.addInitializer("slot_axis", Tensor([Int64(isFramed ? 2 : 1)], shape: [1]))
    let attributes: [String: AttributeProto] = ["keepdims": .integer(0)]
    model.addNode("ReduceMax", ["hidden", "slot_axis"], ["pillar_features"], attributes: attributes)
}
