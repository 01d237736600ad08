// SPDX-License-Identifier: Apache-2.0

public import Alula

/// Sorts points into pillars.
///
/// A point belongs to column `⌊(x - xmin)/sx⌋` and row `⌊(y - ymin)/sy⌋` in `float32`; points outside the grid and points
/// with a coordinate or feature that is not finite are left out. Pillars are numbered in order of first appearance, points
/// of a pillar keep their order, and both limits keep what comes first. The result depends on nothing but the input.
///
/// src: points `[N, F]` (float32; x, y, z, then further features), or `[1, N, F]`; how many of them count (int32, one
/// element). dst, with `V` the pillar limit:
/// 0. points sorted by pillar `[N, F]`;
/// 1. points of each pillar `[V]`; 2. index of its first point in output 0 `[V]`; 3. its cell `[V, 2]` as row, column;
/// 4. the pillar of every cell `[rows, columns]`, negative where there is none;
/// 5. the counters of ``Counter`` `[8]`. Outputs 0 to 5 but 0 are int32; elements behind the last point or pillar are 0.
public struct Voxelise: Operator {
    /// `Voxelise`.
    public static let name = "Voxelise"

    /// What the elements of output 5 count.
    public enum Counter: Int, Sendable, CaseIterable {
        /// Pillars kept.
        case pillars
        /// Points read.
        case points
        /// Points kept.
        case keptPoints
        /// Points with a number that is not finite.
        case nonFinitePoints
        /// Finite points outside the grid.
        case outsidePoints
        /// Points beyond the limit of their pillar.
        case pointLimitPoints
        /// Points of pillars beyond the pillar limit.
        case pillarLimitPoints
        /// Pillars beyond the limit.
        case droppedPillars
    }

    /// The pillars.
    public var grid: PillarGrid
    /// The most pillars.
    public var maxPillars: Int
    /// The most points of one pillar.
    public var maxPointsPerPillar: Int

    /// A voxelisation.
    ///
    /// - Throws: for limits below 1.
    public init(grid: PillarGrid, maxPillars: Int, maxPointsPerPillar: Int) throws(OperatorError) {
        try checkLimit(maxPillars, "max_pillars", for: Self.name)
        try checkLimit(maxPointsPerPillar, "max_points", for: Self.name)
        self.grid = grid
        self.maxPillars = maxPillars
        self.maxPointsPerPillar = maxPointsPerPillar
    }

    /// Restores the operator.
    public init(attributes: Attributes) throws(OperatorError) {
        try self.init(
            grid: try PillarGrid(attributes, for: Self.name),
            maxPillars: try attributes.integer("max_pillars", for: Self.name),
            maxPointsPerPillar: try attributes.integer("max_points", for: Self.name)
        )
    }

    /// The grid and the limits.
    public var attributes: Attributes {
        var values = grid.attributes
        values["max_pillars"] = .integer(maxPillars)
        values["max_points"] = .integer(maxPointsPerPillar)
        return Attributes(values)
    }

    /// See the type's description.
    public func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        let inputs = try CheckedInputs(inputs, of: Self.name, count: 2...2)
        try inputs.require([.float32], of: 0)
        try inputs.require(rank: 2...3, of: 0)
        try inputs.require([.int32], of: 1)
        let points = try inputs.required(0).shape
        guard points.rank == 2 || points[0] == 1, let fieldCount = points.last, fieldCount >= 3 else {
            throw .shapeMismatch(
                operator: Self.name,
                input: 0,
                got: points,
                expected: "[N, F] or [1, N, F] with at least x, y, z: one cloud at a time"
            )
        }
        let count = try inputs.required(1).shape
        guard count.elementCount == 1 else {
            throw .shapeMismatch(operator: Self.name, input: 1, got: count, expected: "one element")
        }
        return [
            TensorType(.float32, [points[points.rank - 2], fieldCount]),
            TensorType(.int32, [maxPillars]),
            TensorType(.int32, [maxPillars]),
            TensorType(.int32, [maxPillars, 2]),
            TensorType(.int32, [grid.rowCount, grid.columnCount]),
            TensorType(.int32, [Counter.allCases.count]),
        ]
    }

    /// The definition, and what runs: one pass to number pillars, one to place points.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let points = inputs[0], let count = inputs[1] else { return }
        let fieldCount = points.shape[points.shape.rank - 1]
        let capacity = points.shape[points.shape.rank - 2]
        let used = Int(count.span(of: Int32.self)[0])
        guard (0...capacity).contains(used) else {
            throw .invalidValue(
                operator: Self.name,
                input: 1,
                got: "\(used) points",
                expected: "0 to \(capacity), the points there is room for"
            )
        }
        func output(_ index: Int, _ type: TensorType) -> Tensor {
            (index < outputs.count ? outputs[index] : nil) ?? Tensor(uninitialized: type.dataType, shape: type.shape)
        }
        let run = Voxelisation(grid: grid, maxPoints: maxPointsPerPillar, fieldCount: fieldCount)
        let cells = output(4, TensorType(.int32, [grid.rowCount, grid.columnCount]))
        let counts = output(1, TensorType(.int32, [maxPillars]))
        let offsets = output(2, TensorType(.int32, [maxPillars]))
        let coordinates = output(3, TensorType(.int32, [maxPillars, 2]))
        let pillars = Tensor(uninitialized: .int32, shape: [used])
        var counters = [Int32](repeating: 0, count: Counter.allCases.count)
        run.number(
            points.span(of: Float.self),
            cells: cells.mutableSpan(of: Int32.self),
            counts: counts.mutableSpan(of: Int32.self),
            coordinates: coordinates.mutableSpan(of: Int32.self),
            pillars: pillars.mutableSpan(of: Int32.self),
            counters: &counters
        )
        run.limit(
            counts: counts.mutableSpan(of: Int32.self),
            offsets: offsets.mutableSpan(of: Int32.self),
            counters: &counters
        )
        if let sorted = outputs[0] {
            run.place(
                points.span(of: Float.self),
                pillars: pillars.span(of: Int32.self),
                counts: counts.span(of: Int32.self),
                offsets: offsets.span(of: Int32.self),
                into: sorted.mutableSpan(of: Float.self)
            )
        }
        guard outputs.count > 5, let summary = outputs[5] else { return }
        var elements = summary.mutableSpan(of: Int32.self)
        for index in 0..<elements.count { elements[index] = counters[index] }
    }

    /// Zero: the time goes into moving points.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}

/// Checks a limit that sizes a tensor.
func checkLimit(_ value: Int, _ name: String, for op: String) throws(OperatorError) {
    guard (1...1 << 24).contains(value) else {
        throw .invalidAttribute(operator: op, attribute: name, got: "\(value)", expected: "1 to \(1 << 24)")
    }
}
