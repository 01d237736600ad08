// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// A few made-up pillars on which a pillar network of a model is compared with ``PillarFeatures``.
struct PillarProbe {
    private let configuration: PointPillarsConfiguration
    /// Pillars of the probe; the model may want more rows, which stay empty.
    private let counts: [Int]
    private let points: [[Float]]
    private let cells: [(row: Int, column: Int)]

    /// The largest difference, relative to the largest feature, that rounding explains.
    private static let tolerance = 2e-4

    /// Pillars with 1, 2, …, all slots in use, points spread over each.
    init(_ configuration: PointPillarsConfiguration) {
        self.configuration = configuration
        let limit = configuration.maxPointsPerPillar
        counts = [1, 2, 3, 5, max(limit - 1, 1), limit].map { min($0, limit) }
        var state: UInt64 = 0x5EED
        func random() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / Float(1 << 24)
        }
        let grid = configuration.grid
        var cells: [(row: Int, column: Int)] = []
        points = counts.map { count in
            let cell = (
                row: Int(random() * Float(grid.rowCount - 1)), column: Int(random() * Float(grid.columnCount - 1))
            )
            cells.append(cell)
            return (0..<count).flatMap { _ in
                let x = grid.minimum.x + (Float(cell.column) + random()) * grid.pillarSize.x
                let y = grid.minimum.y + (Float(cell.row) + random()) * grid.pillarSize.y
                let z = grid.minimum.z + random() * grid.pillarSize.z
                return [x, y, z] + (3..<configuration.fieldCount).map { _ in random() }
            }
        }
        self.cells = cells
    }

    // MARK: - Inputs as models want them

    /// Raw points `[rows, slots, fields]`, zero where there is none.
    func padded(rows: Int) -> Tensor {
        pad(rows: rows, width: configuration.fieldCount) { points[$0] }
    }

    /// Decorated points `[rows, slots, features]`, zero where there is none.
    func decorated(rows: Int, _ decoration: PillarDecoration) -> Tensor {
        pad(rows: rows, width: decoration.featureCount) { pillar in
            let values = Tensor(points[pillar], shape: [points[pillar].count])
            let features = Tensor(zeros: .float32, shape: [counts[pillar], decoration.featureCount])
            let span = values.span(of: Float.self)
            let mean = decoration.mean(of: span)
            let cell = cells[pillar]
            let reference = decoration.reference(row: Int32(cell.row), column: Int32(cell.column))
            for point in 0..<counts[pillar] {
                let row = features.outerRow(point)
                var target = row.mutableSpan(of: Float.self)
                let start = point * configuration.fieldCount
                decoration.decorate(
                    span.extracting(start..<start + configuration.fieldCount),
                    mean: mean,
                    reference: reference,
                    into: &target
                )
            }
            return features.elements(as: Float.self)
        }
    }

    private func pad(rows: Int, width: Int, _ content: (Int) -> [Float]) -> Tensor {
        let slots = configuration.maxPointsPerPillar
        let tensor = Tensor(zeros: .float32, shape: [rows, slots, width])
        var elements = tensor.mutableSpan(of: Float.self)
        for pillar in 0..<min(rows, pillarCount) {
            for (index, value) in content(pillar).enumerated() { elements[pillar * slots * width + index] = value }
        }
        return tensor
    }

    /// Points of each pillar `[rows]`; rows behind the last pillar hold one, since models divide by it.
    func countTensor(rows: Int) -> Tensor {
        Tensor((0..<rows).map { Int32($0 < pillarCount ? counts[$0] : 1) }, shape: [rows])
    }

    /// Cells `[rows, 2]` as row, column.
    func cellTensor(rows: Int) -> Tensor {
        let values = (0..<rows).flatMap { index -> [Int32] in
            index < pillarCount ? [Int32(cells[index].row), Int32(cells[index].column)] : [0, 0]
        }
        return Tensor(values, shape: [rows, 2])
    }

    /// The pillars of the probe.
    var pillarCount: Int { counts.count }

    // MARK: - Comparing

    /// Whether `expected`, the first rows of which are the model's features of the pillars, is what ``PillarFeatures`` gives.
    func agrees(_ expected: Tensor, _ weights: PillarWeights, _ decoration: PillarDecoration) -> Bool {
        guard let got = try? features(weights, decoration), expected.dataType == .float32 else { return false }
        let reference = expected.elements(as: Float.self)
        guard reference.count >= got.count else { return false }
        let scale = max(got.map(abs).max() ?? 0, 1e-6)
        return zip(got, reference).allSatisfy { Double(abs($0 - $1)) <= Self.tolerance * Double(scale) }
    }

    private func features(_ weights: PillarWeights, _ decoration: PillarDecoration) throws(OperatorError) -> [Float] {
        let operation = try PillarFeatures(
            decoration: decoration,
            slotCount: configuration.maxPointsPerPillar,
            reduction: weights.reduction
        )
        let flat = points.flatMap(\.self)
        var offsets: [Int32] = []
        var start: Int32 = 0
        for count in counts {
            offsets.append(start)
            start += Int32(count)
        }
        let counters = [Int32(pillarCount)] + [Int32](repeating: 0, count: Voxelise.Counter.allCases.count - 1)
        var inputs: [Tensor?] = [
            Tensor(flat, shape: [Int(start), configuration.fieldCount]), countTensor(rows: pillarCount),
            Tensor(offsets, shape: [pillarCount]), cellTensor(rows: pillarCount),
            Tensor(counters, shape: [counters.count]), weights.first, weights.bias,
        ]
        if let second = weights.second { inputs += [second.weights, second.tail] }
        let types = try operation.inferOutputs(inputs.map { $0.map { OperatorInput($0) } })
        let dst = Tensor(zeros: .float32, shape: types[0].shape)
        try operation.evaluate(inputs, into: [dst])
        return dst.elements(as: Float.self)
    }
}
