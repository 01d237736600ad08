// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import AlulaTesting
import Testing

/// Models of other exporters, from points or pillars to heads or boxes, against their own nodes run one by one.
@Suite struct EndToEndModelTests {
    private let device: Device
    private let configuration: PointPillarsConfiguration

    init() throws {
        device = try Device.cpu(threads: 2)
        configuration = try Small.configuration(maxPillars: 60)
    }

    /// Appends a small backbone with the heads of ``Small/configuration(columns:rows:maxPillars:maxPoints:)``.
    private func addBackbone(to model: inout ONNXWriter, image: String, channels: Int) {
        model.addInitializer("first", random([16, channels, 3, 3], seed: 51, in: -0.2...0.2))
        model.addInitializer("first.bias", random([16], seed: 52))
        let window: [String: AttributeProto] = ["strides": .integers([2, 2]), "pads": .integers([1, 1, 1, 1])]
        model.addNode("Conv", [image, "first", "first.bias"], ["block"], attributes: window)
        model.addNode("Relu", ["block"], ["active"])
        for (index, (name, count)) in [("cls", 8), ("box", 28), ("dir", 8)].enumerated() {
            model.addInitializer("\(name).weight", random([count, 16, 1, 1], seed: UInt64(60 + index), in: -0.2...0.2))
            model.addNode("Conv", ["active", "\(name).weight"], ["\(name).image"])
            let axes: [String: AttributeProto] = ["perm": .integers([0, 2, 3, 1])]
            model.addNode("Transpose", ["\(name).image"], ["\(name)_preds"], attributes: axes)
        }
    }

    /// NVIDIA's form: decorated pillars, their cells and their number; `PPScatterPlugin`.
    private func decoratedModel() throws -> Graph {
        var model = ONNXWriter()
        model.addInput("voxels", .float32, [60, 8, 10])
        model.addInput("voxel_idxs", .int32, [60, 4])
        model.addInput("voxel_num", .int32, [1])
        addDecoratedLayers(to: &model, input: "voxels", features: 10, hidden: 12)
        let shape: [String: AttributeProto] = ["dense_shape": .integers([16, 24])]
        model.addNode("PPScatterPlugin", ["pillar_features", "voxel_idxs", "voxel_num"], ["image"], attributes: shape)
        addBackbone(to: &model, image: "image", channels: 12)
        for name in ["cls_preds", "box_preds", "dir_preds"] { model.addOutput(name) }
        return try ONNXModel(bytes: model.serialized()).makeGraph(importers: .pointPillars)
    }

    /// TAO's form: points in, boxes out; `VoxelGeneratorPlugin`, `PillarScatterPlugin`, `DecodeBbox3DPlugin`.
    private func pluginModel(capacity: Int) throws -> Graph {
        var model = ONNXWriter()
        model.addInput("points", .float32, [1, .fixed(capacity), 4])
        model.addInput("num_points", .int32, [1])
        let generator: [String: AttributeProto] = [
            "max_num_points_per_voxel": .integer(8), "max_voxels": .integer(60), "voxel_feature_num": .integer(10),
            "point_cloud_range": .floats([0, -4, -3, 12, 4, 1]), "voxel_size": .floats([0.5, 0.5, 4]),
        ]
        model.addNode(
            "VoxelGeneratorPlugin",
            ["points", "num_points"],
            ["voxels", "voxel_coords", "num_pillar"],
            attributes: generator
        )
        addDecoratedLayers(to: &model, input: "voxels", features: 10, hidden: 12, isFramed: true)
        let shape: [String: AttributeProto] = ["dense_shape": .integers([16, 24])]
        model.addNode(
            "PillarScatterPlugin",
            ["pillar_features", "voxel_coords", "num_pillar"],
            ["image"],
            attributes: shape
        )
        addBackbone(to: &model, image: "image", channels: 12)
        let decode: [String: AttributeProto] = [
            "point_cloud_range": .floats([0, -4, -3, 12, 4, 1]), "anchor_bottom_height": .floats([-1.7, -1.7]),
            "anchors": .floats([3.9, 1.6, 1.56, 0, 3.9, 1.6, 1.56, 1.57, 0.8, 0.6, 1.73, 0, 0.8, 0.6, 1.73, 1.57]),
            "dir_offset": .float(0.78539), "dir_limit_offset": .float(0), "num_dir_bins": .integer(2),
            "score_thresh": .float(0.3),
        ]
        model.addNode(
            "DecodeBbox3DPlugin",
            ["cls_preds", "box_preds", "dir_preds"],
            ["output_boxes", "num_boxes"],
            attributes: decode
        )
        model.addOutput("output_boxes")
        model.addOutput("num_boxes", .int32)
        return try ONNXModel(bytes: model.serialized()).makeGraph(importers: .pointPillars)
    }

    private func session(_ graph: Graph, _ configuration: PointPillarsConfiguration) throws -> DetectionSession {
        var options = PointPillarsNetwork.Options()
        options.showsTensors = true
        let network = try PointPillarsNetwork(endToEnd: graph, configuration: configuration, options: options)
        #expect(network.remarks.count == 2, "\(network.remarks)")
        let detector = try PointPillarsDetector(network, configure: { $0.timesTactics = false })
        return try DetectionSession(detector, on: device)
    }

    /// The plugin model's image and heads, by its own nodes.
    private func interpreted(_ graph: Graph, _ cloud: PointCloud, capacity: Int) throws -> [Tensor] {
        let padded = cloud.values + [Float](repeating: 0, count: (capacity - cloud.count) * 4)
        return try GraphInterpreter(graph).run([
            Tensor(padded, shape: [1, capacity, 4]), Tensor([Int32(cloud.count)], shape: [1]),
        ])
    }

    @Test(arguments: [0, 1, 350])
    func pluginModelsFindWhatTheirNodesFind(pointCount: Int) throws {
        let cloud = try Small.cloud(pointCount)
        let graph = try pluginModel(capacity: 400)
        let outputs = try interpreted(graph, cloud, capacity: 400)
        #expect(outputs[0].shape == [1, 8 * 12 * 4, 9])
        var configuration = configuration
        configuration.anchors.isCentred = false
        configuration.scoreThreshold = 0.3
        configuration.candidateLimit = 8 * 12 * 4
        configuration.boxLimit = 8 * 12 * 4
        configuration.overlapThreshold = 1
        let found = try session(graph, configuration).detect(cloud)
        let count = Int(outputs[1].elements(as: Int32.self)[0])
        #expect(found.boxes.count == count)
        let table = outputs[0].elements(as: Float.self)
        for (index, box) in found.boxes.enumerated() {
            let row = Array(table[index * 9..<index * 9 + 9])
            let got = [
                box.centre.x, box.centre.y, box.centre.z, box.length, box.width, box.height, box.yaw, Float(box.label),
                box.score,
            ]
            for (left, right) in zip(got, row) { #expect(abs(left - right) < 1e-3, "box \(index)") }
        }
    }

    @Test func decoratedModelsFindWhatTheirNodesFind() throws {
        let cloud = try Small.cloud(300)
        let graph = try decoratedModel()
        let voxels = try voxelTensors(cloud, configuration)
        let decoration = PillarDecoration(
            fieldCount: 4,
            referenceAxisCount: 3,
            pillarSize: configuration.grid.pillarSize,
            referenceOffset: configuration.referenceOffset
        )
        let padded = try PaddedPillars(decoration: decoration, isDecorated: true, slotCount: 8)
        let points = try run(padded, [voxels[0], voxels[1], voxels[2], voxels[3], voxels[5]])[0]
        let cells = voxels[3].elements(as: Int32.self)
        let coordinates: [Int32] = (0..<60).flatMap { [0, 0, cells[2 * $0], cells[2 * $0 + 1]] as [Int32] }
        let expected = try GraphInterpreter(graph).run([
            points, Tensor(coordinates, shape: [60, 4]), Tensor([voxels[5].elements(as: Int32.self)[0]], shape: [1]),
        ])
        let session = try session(graph, configuration)
        _ = try session.detect(cloud)
        for (name, tensor) in zip(["cls_preds", "box_preds", "dir_preds"], expected) {
            let got = try #require(session.tensor(named: name))
            #expect(
                difference(got, tensor, within: Tolerance(relative: 1e-4, absolute: 1e-4)).failure == nil,
                "\(name)"
            )
        }
    }

    @Test func disagreementsAreNamed() throws {
        let graph = try pluginModel(capacity: 100)
        func refusal(_ change: (inout PointPillarsConfiguration) -> Void) -> String {
            var changed = configuration
            change(&changed)
            return message { _ = try PointPillarsNetwork(endToEnd: graph, configuration: changed) }
        }
        #expect(refusal { _ in } == "")
        #expect(refusal { $0.maxPillars = 70 }.contains("pillars"))
        #expect(refusal { $0.maxPointsPerPillar = 7 }.contains("points of a pillar"))
        #expect(refusal { $0.classNames = ["Car"] }.contains("1 classes"))
        var plain = ONNXWriter()
        plain.addInput("x", .float32, [1, 4])
        plain.addNode("Relu", ["x"], ["y"])
        plain.addOutput("y")
        let relu = try ONNXModel(bytes: plain.serialized()).makeGraph()
        let text = message { _ = try PointPillarsNetwork(endToEnd: relu, configuration: configuration) }
        #expect(text.contains("'x' [1, 4]"), "\(text)")
    }

    @Test(arguments: ["PPScatterPlugin", "VoxelGeneratorPlugin", "DecodeBbox3DPlugin"])
    func pluginsWithoutTheirAttributesAreRefused(name: String) throws {
        var model = ONNXWriter()
        for input in ["a", "b", "c"] { model.addInput(input, .float32, [1, 4, 4]) }
        model.addNode(name, ["a", "b", "c"], ["y"])
        model.addOutput("y")
        let text = message { _ = try ONNXModel(bytes: model.serialized()).makeGraph(importers: .pointPillars) }
        #expect(text.contains(name) && text.contains("attribute"), "\(text)")
        #expect(message { _ = try ONNXModel(bytes: model.serialized()).makeGraph() }.contains("not supported"))
    }
}
