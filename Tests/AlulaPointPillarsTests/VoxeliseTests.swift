// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import Testing

@Suite struct VoxeliseTests {
    /// What the operator's description says, with a dictionary.
    private func definition(
        _ cloud: PointCloud,
        _ configuration: PointPillarsConfiguration
    ) -> (cells: [[Int32]], points: [[[Float]]]) {
        let grid = configuration.grid
        var numbers: [[Int32]: Int] = [:]
        var cells: [[Int32]] = []
        var points: [[[Float]]] = []
        for start in stride(from: 0, to: cloud.values.count, by: cloud.fieldCount) {
            let point = Array(cloud.values[start..<start + cloud.fieldCount])
            let column = ((point[0] - grid.minimum.x) / grid.pillarSize.x).rounded(.down)
            let row = ((point[1] - grid.minimum.y) / grid.pillarSize.y).rounded(.down)
            let layer = ((point[2] - grid.minimum.z) / grid.pillarSize.z).rounded(.down)
            guard point.allSatisfy(\.isFinite), column >= 0, row >= 0, layer == 0,
                column < Float(grid.columnCount), row < Float(grid.rowCount)
            else { continue }
            let cell = [Int32(row), Int32(column)]
            if numbers[cell] == nil {
                guard cells.count < configuration.maxPillars else { continue }
                numbers[cell] = cells.count
                cells.append(cell)
                points.append([])
            }
            let pillar = numbers[cell] ?? 0
            if points[pillar].count < configuration.maxPointsPerPillar { points[pillar].append(point) }
        }
        return (cells, points)
    }

    @Test(arguments: [0, 1, 2, 57, 3000], [(points: 1, pillars: 500), (3, 40), (8, 500), (8, 1)])
    func pillarsAreThoseOfTheDefinition(pointCount: Int, limits: (points: Int, pillars: Int)) throws {
        let (maxPoints, maxPillars) = limits
        let configuration = try Small.configuration(maxPillars: maxPillars, maxPoints: maxPoints)
        let cloud = try Small.cloud(pointCount, seed: UInt64(pointCount + maxPoints))
        let voxels = try voxelise(cloud, configuration)
        let expected = definition(cloud, configuration)
        #expect(voxels.cells == expected.cells.flatMap(\.self))
        #expect(voxels.counts == expected.points.map { Int32($0.count) })
        let got = voxels.counts.indices.map { pillar in
            (0..<Int(voxels.counts[pillar])).map { point in
                let start = (Int(voxels.offsets[pillar]) + point) * 4
                return Array(voxels.points[start..<start + 4])
            }
        }
        #expect(got == expected.points)
        for (cell, pillar) in voxels.grid.enumerated() where pillar >= 0 {
            let place = [Int32(cell / configuration.grid.columnCount), Int32(cell % configuration.grid.columnCount)]
            #expect(expected.cells[Int(pillar)] == place)
        }
        #expect(voxels.grid.count { $0 >= 0 } == expected.cells.count)
    }

    @Test(arguments: [(maxPoints: 8, maxPillars: 500), (maxPoints: 2, maxPillars: 30)])
    func everyPointIsCountedOnce(limits: (maxPoints: Int, maxPillars: Int)) throws {
        let configuration = try Small.configuration(maxPillars: limits.maxPillars, maxPoints: limits.maxPoints)
        var values = try Small.cloud(3000).values
        values[4] = .nan
        values[41] = .infinity
        values[83] = -.infinity  // an intensity
        let cloud = try #require(PointCloud(values, fieldCount: 4))
        let voxels = try voxelise(cloud, configuration)
        #expect(voxels.counter(.points) == 3000)
        #expect(voxels.counter(.nonFinitePoints) == 3)
        let parts: [Voxelise.Counter] = [
            .keptPoints, .nonFinitePoints, .outsidePoints, .pointLimitPoints, .pillarLimitPoints,
        ]
        #expect(parts.reduce(0) { $0 + voxels.counter($1) } == 3000)
        #expect(voxels.counter(.keptPoints) == voxels.counts.reduce(0) { $0 + Int($1) })
        if limits.maxPillars == 30 {
            #expect(voxels.counter(.pillars) == 30)
            #expect(voxels.counter(.droppedPillars) == 24 * 16 - 30)
            #expect(voxels.counter(.pointLimitPoints) > 0 && voxels.counter(.pillarLimitPoints) > 0)
        } else {
            #expect(voxels.counter(.droppedPillars) == 0 && voxels.counter(.pillarLimitPoints) == 0)
        }
    }

    @Test func edgesBelongToThePillarTheyOpen() throws {
        let configuration = try Small.configuration()
        let edges: [(SIMD3<Float>, isInside: Bool)] = [
            (SIMD3(0, -4, -3), true), (SIMD3(-0.0, 0, 0), true), (SIMD3(12, 0, 0), false), (SIMD3(0, 4, 0), false),
            (SIMD3(0, 0, 1), false), (SIMD3(-1e-6, 0, 0), false), (SIMD3(11.999, 3.999, 0.999), true),
            (SIMD3(.nan, 0, 0), false), (SIMD3(0, .infinity, 0), false),
        ]
        for (point, isInside) in edges {
            let cloud = try #require(PointCloud([point.x, point.y, point.z, 0], fieldCount: 4))
            #expect(try voxelise(cloud, configuration).counter(.pillars) == (isInside ? 1 : 0), "\(point)")
        }
    }

    @Test func whatIsBehindTheCountIsNotRead() throws {
        let configuration = try Small.configuration()
        let cloud = try Small.cloud(100)
        let exact = try voxelTensors(cloud, configuration)
        let roomy = try voxelTensors(cloud, configuration, capacity: 250)
        for index in 1..<6 {
            #expect(roomy[index].elements(as: Int32.self) == exact[index].elements(as: Int32.self))
        }
        let points = roomy[0].elements(as: Float.self)
        #expect(Array(points.prefix(400)) == exact[0].elements(as: Float.self))
        #expect(points.dropFirst(400).allSatisfy { $0 == 0 })
    }

    @Test(arguments: [Int32(-1), 101])
    func aCountBeyondTheRoomIsRefused(count: Int32) throws {
        let configuration = try Small.configuration()
        let operation = try Voxelise(grid: configuration.grid, maxPillars: 5, maxPointsPerPillar: 5)
        let text = message {
            _ = try run(operation, [Tensor(zeros: .float32, shape: [100, 4]), Tensor([count], shape: [1])])
        }
        #expect(text.contains("\(count) points") && text.contains("100"))
    }

    @Test func parametersSurviveARoundTripAndBadOnesAreNamed() throws {
        let operation = try Voxelise(grid: try Small.grid(), maxPillars: 7, maxPointsPerPillar: 3)
        let copy = try Voxelise(attributes: operation.attributes)
        #expect(copy.grid == operation.grid && copy.maxPillars == 7 && copy.maxPointsPerPillar == 3)
        for (name, value) in [
            ("max_pillars", AttributeValue.integer(0)), ("max_points", .integer(-1)), ("range", .floats([0, 1])),
            ("pillar_size", .floats([0.7, 0.5, 4])), ("pillar_size", .floats([0.5, 0.5, 1])),
            ("range", .floats([0, .nan, 0, 1, 1, 1])), ("max_pillars", .integer(1 << 30)),
        ] {
            var attributes = operation.attributes
            attributes[name] = value
            #expect(throws: OperatorError.self, "\(name) \(value)") { try Voxelise(attributes: attributes) }
        }
    }

    @Test func shapesThatDoNotFitAreNamed() throws {
        let operation = try Voxelise(grid: try Small.grid(), maxPillars: 7, maxPointsPerPillar: 3)
        let count = OperatorInput(TensorType(.int32, [1]))
        for shape: Shape in [[4], [2, 10, 4], [10, 2]] {
            #expect(throws: OperatorError.self, "\(shape)") {
                try operation.inferOutputs([OperatorInput(TensorType(.float32, shape)), count])
            }
        }
        #expect(throws: OperatorError.self) {
            try operation.inferOutputs([OperatorInput(TensorType(.float64, [10, 4])), count])
        }
    }
}
