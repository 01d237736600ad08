// SPDX-License-Identifier: Apache-2.0

internal import Alula

extension PointPillarsConfiguration {
    /// The names of the presets, for command lines.
    public static let presetNames = ["kitti", "kitti-car", "nuscenes"]

    /// The preset of this name; nil when there is none.
    public static func preset(named name: String) -> PointPillarsConfiguration? {
        switch name {
        case "kitti": try? kitti()
        case "kitti-car": try? kittiCar()
        case "nuscenes": try? nuScenes()
        default: nil
        }
    }

    /// KITTI with three classes, 32 points a pillar: OpenPCDet's `kitti_models/pointpillar.yaml`.
    public static func kitti() throws(PointPillarsError) -> PointPillarsConfiguration {
        let grid = try kittiGrid()
        let sizes: [(SIMD3<Float>, bottom: Float)] = [
            (SIMD3(3.9, 1.6, 1.56), -1.78), (SIMD3(0.8, 0.6, 1.73), -0.6), (SIMD3(1.76, 0.6, 1.73), -0.6),
        ]
        return try PointPillarsConfiguration(
            grid: grid,
            maxPillars: 40_000,
            maxPointsPerPillar: 32,
            classNames: ["Car", "Pedestrian", "Cyclist"],
            anchors: try anchors(sizes, over: grid, isCentred: false, coding: .openPCDet),
            direction: AnchorDecode.Direction(binCount: 2, offset: 0.78539)
        )
    }

    /// KITTI with one class, 100 points a pillar and a mask of anchors: nutonomy's and SECOND's car detector.
    public static func kittiCar() throws(PointPillarsError) -> PointPillarsConfiguration {
        let grid = try kittiGrid()
        var configuration = try PointPillarsConfiguration(
            grid: grid,
            maxPillars: 12_000,
            maxPointsPerPillar: 100,
            classNames: ["Car"],
            anchors: try anchors([(SIMD3(3.9, 1.6, 1.56), -1.78)], over: grid, isCentred: true, coding: .second),
            direction: AnchorDecode.Direction(binCount: 2),
            minPillarsUnderAnchor: 2,
            scoreThreshold: 0.2,
            candidateLimit: 1000,
            overlapThreshold: 0.1,
            boxLimit: 300
        )
        // Not the middle of a pillar, but what these networks are trained with.
        configuration.referenceOffset = SIMD3(0.1, -39.9, -1)
        return configuration
    }

    /// nuScenes with ten classes and time stamps, 20 points a pillar: sizes of OpenPCDet's `cbgs_pp_multihead.yaml` on one
    /// head with nine codes a box, of which the two of the velocity are passed over.
    public static func nuScenes() throws(PointPillarsError) -> PointPillarsConfiguration {
        let grid = try PillarGrid(
            minimum: SIMD3(-51.2, -51.2, -5),
            maximum: SIMD3(51.2, 51.2, 3),
            pillarSize: SIMD3(0.2, 0.2, 8)
        )
        let sizes: [(SIMD3<Float>, bottom: Float)] = [
            (SIMD3(4.63, 1.97, 1.74), -0.95), (SIMD3(6.93, 2.51, 2.84), -0.6), (SIMD3(6.37, 2.85, 3.19), -0.225),
            (SIMD3(10.5, 2.94, 3.47), -0.085), (SIMD3(12.29, 2.90, 3.87), 0.115), (SIMD3(0.50, 2.53, 0.98), -1.33),
            (SIMD3(2.11, 0.77, 1.47), -1.085), (SIMD3(1.70, 0.60, 1.28), -1.18), (SIMD3(0.73, 0.67, 1.77), -0.935),
            (SIMD3(0.41, 0.41, 1.07), -1.285),
        ]
        var anchors = try anchors(sizes, over: grid, isCentred: false, coding: .openPCDet)
        anchors.codeCount = 9
        return try PointPillarsConfiguration(
            grid: grid,
            maxPillars: 30_000,
            maxPointsPerPillar: 20,
            fieldCount: 5,
            classNames: [
                "car", "truck", "construction_vehicle", "bus", "trailer", "barrier", "motorcycle", "bicycle",
                "pedestrian", "traffic_cone",
            ],
            anchors: anchors,
            direction: AnchorDecode.Direction(binCount: 2, offset: 0.78539),
            candidateLimit: 1000,
            overlapThreshold: 0.2,
            boxLimit: 83,
            isPerClass: true
        )
    }

    private static func kittiGrid() throws(PointPillarsError) -> PillarGrid {
        try PillarGrid(
            minimum: SIMD3(0, -39.68, -3),
            maximum: SIMD3(69.12, 39.68, 1),
            pillarSize: SIMD3(0.16, 0.16, 4)
        )
    }

    /// Every size in two rotations.
    private static func anchors(
        _ sizes: [(SIMD3<Float>, bottom: Float)],
        over grid: PillarGrid,
        isCentred: Bool,
        coding: BoxCoding
    ) throws(PointPillarsError) -> AnchorSet {
        var anchors: [Anchor] = []
        for (size, bottom) in sizes {
            for rotation: Float in [0, 1.57] {
                anchors.append(
                    Anchor(length: size.x, width: size.y, height: size.z, bottom: bottom, rotation: rotation)
                )
            }
        }
        return try AnchorSet(
            minimum: grid.minimum,
            maximum: grid.maximum,
            anchors: anchors,
            isCentred: isCentred,
            coding: coding
        )
    }
}
