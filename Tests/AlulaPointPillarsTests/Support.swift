// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import AlulaTesting
import Testing

/// A street small enough for unoptimised tests: 24 by 16 pillars of half a metre.
enum Small {
    static func grid(columns: Int = 24, rows: Int = 16) throws -> PillarGrid {
        try PillarGrid(
            minimum: SIMD3(0, -Float(rows) / 4, -3),
            maximum: SIMD3(Float(columns) / 2, Float(rows) / 4, 1),
            pillarSize: SIMD3(0.5, 0.5, 4)
        )
    }

    /// Two classes with two rotations each.
    static func configuration(
        columns: Int = 24,
        rows: Int = 16,
        maxPillars: Int = 200,
        maxPoints: Int = 8,
        scoreThreshold: Float = 0.05
    ) throws -> PointPillarsConfiguration {
        let grid = try grid(columns: columns, rows: rows)
        var anchors: [Anchor] = []
        for size in [SIMD3<Float>(3.9, 1.6, 1.56), SIMD3(0.8, 0.6, 1.73)] {
            for rotation: Float in [0, 1.57] {
                anchors.append(
                    Anchor(length: size.x, width: size.y, height: size.z, bottom: -1.7, rotation: rotation)
                )
            }
        }
        return try PointPillarsConfiguration(
            grid: grid,
            maxPillars: maxPillars,
            maxPointsPerPillar: maxPoints,
            classNames: ["Car", "Pedestrian"],
            anchors: try AnchorSet(
                minimum: grid.minimum,
                maximum: grid.maximum,
                anchors: anchors,
                isCentred: true,
                coding: .openPCDet
            ),
            direction: AnchorDecode.Direction(binCount: 2, offset: 0.78539),
            scoreThreshold: scoreThreshold,
            candidateLimit: 100,
            overlapThreshold: 0.1,
            boxLimit: 20
        )
    }

    /// Points over and around the grid.
    static func cloud(_ count: Int, seed: UInt64 = 1, fieldCount: Int = 4) throws -> PointCloud {
        var random = SeededRandom(seed: seed)
        let values = (0..<count).flatMap { _ in
            [
                Float.random(in: -1...13, using: &random), Float.random(in: -4.5...4.5, using: &random),
                Float.random(in: -3.2...1.2, using: &random),
            ] + (3..<fieldCount).map { _ in Float.random(in: 0...1, using: &random) }
        }
        return try #require(PointCloud(values, fieldCount: fieldCount))
    }
}

/// Runs an operator by its definition.
func run(_ operation: some Operator, _ inputs: [Tensor?]) throws -> [Tensor] {
    let outputs = try freshOutputs(operation, inputs)
    try operation.evaluate(inputs, into: outputs)
    return outputs
}

/// Runs an operator part by part, last part first.
func runParts(_ operation: some PartitionedOperator, _ inputs: [Tensor?], parts: Int? = nil) throws -> [Tensor] {
    let outputs = try freshOutputs(operation, inputs)
    let count = parts ?? operation.partCount(inputs: inputs.map { $0?.type }, outputs: outputs.map(\.type))
    for part in (0..<count).reversed() {
        try operation.evaluate(part: part, of: count, inputs: inputs, outputs: outputs)
    }
    return outputs
}

/// Outputs full of what no operator writes, so that a forgotten element shows.
private func freshOutputs(_ operation: some Operator, _ inputs: [Tensor?]) throws -> [Tensor] {
    try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } }).map { type in
        switch type.dataType {
        case .float32:
            return Tensor([Float](repeating: 12345, count: type.shape.elementCount), shape: type.shape)
        case .int32:
            return Tensor([Int32](repeating: 12345, count: type.shape.elementCount), shape: type.shape)
        default: return Tensor(zeros: type.dataType, shape: type.shape)
        }
    }
}

/// The outputs of ``Voxelise`` on a cloud with room for `capacity` points.
func voxelTensors(
    _ cloud: PointCloud,
    _ configuration: PointPillarsConfiguration,
    capacity: Int? = nil
) throws -> [Tensor] {
    let operation = try Voxelise(
        grid: configuration.grid,
        maxPillars: configuration.maxPillars,
        maxPointsPerPillar: configuration.maxPointsPerPillar
    )
    let room = capacity ?? cloud.count
    let values = cloud.values + [Float](repeating: 777, count: (room - cloud.count) * cloud.fieldCount)
    return try run(
        operation,
        [Tensor(values, shape: [room, cloud.fieldCount]), Tensor([Int32(cloud.count)], shape: [1])]
    )
}

func random(_ shape: Shape, seed: UInt64, in range: ClosedRange<Float> = -1...1) -> Tensor {
    var random = SeededRandom(seed: seed)
    return Tensor((0..<shape.elementCount).map { _ in Float.random(in: range, using: &random) }, shape: shape)
}

/// The message of the error `body` throws.
func message(_ body: () throws -> Void) -> String {
    do {
        try body()
        return ""
    } catch {
        return "\(error)"
    }
}
