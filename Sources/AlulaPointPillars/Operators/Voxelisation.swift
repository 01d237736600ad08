// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// The loops of ``Voxelise``.
struct Voxelisation {
    let grid: PillarGrid
    let maxPoints: Int
    let fieldCount: Int

    /// Marks of cells without a pillar: never seen, and seen when no pillar was left.
    private static let empty: Int32 = -1
    private static let dropped: Int32 = -2

    /// Gives every point its pillar (negative: none) and every pillar its cell and its number of points, limit aside.
    func number(
        _ points: Span<Float>,
        cells: consuming MutableSpan<Int32>,
        counts: consuming MutableSpan<Int32>,
        coordinates: consuming MutableSpan<Int32>,
        pillars: consuming MutableSpan<Int32>,
        counters: inout [Int32]
    ) {
        cells.update(repeating: Self.empty)
        counts.update(repeating: 0)
        coordinates.update(repeating: 0)
        var (pillarCount, droppedPillars, nonFinite, outside) = (0, 0, 0, 0)
        let (minimum, size) = (grid.minimum, grid.pillarSize)
        let (columns, rows) = (Float(grid.columnCount), Float(grid.rowCount))
        for index in 0..<pillars.count {
            let point = points.extracting(index * fieldCount..<(index + 1) * fieldCount)
            pillars[index] = Self.empty
            let column = (point[0] - minimum.x) / size.x
            let row = (point[1] - minimum.y) / size.y
            let layer = (point[2] - minimum.z) / size.z
            // Comparisons with NaN are false. Truncation is the floor of what is not negative.
            guard column >= 0, column < columns, row >= 0, row < rows, layer >= 0, layer < 1 else {
                if isFinite(point) { outside += 1 } else { nonFinite += 1 }
                continue
            }
            guard isFinite(point) else {
                nonFinite += 1
                continue
            }
            let cell = Int(row) * grid.columnCount + Int(column)
            var pillar = cells[cell]
            if pillar == Self.empty {
                if pillarCount < counts.count {
                    pillar = Int32(pillarCount)
                    coordinates[2 * pillarCount] = Int32(row)
                    coordinates[2 * pillarCount + 1] = Int32(column)
                    pillarCount += 1
                } else {
                    pillar = Self.dropped
                    droppedPillars += 1
                }
                cells[cell] = pillar
            }
            pillars[index] = pillar
            if pillar >= 0 {
                counts[Int(pillar)] &+= 1
            } else {
                counters[Voxelise.Counter.pillarLimitPoints.rawValue] += 1
            }
        }
        counters[Voxelise.Counter.pillars.rawValue] = Int32(pillarCount)
        counters[Voxelise.Counter.points.rawValue] = Int32(pillars.count)
        counters[Voxelise.Counter.nonFinitePoints.rawValue] = Int32(nonFinite)
        counters[Voxelise.Counter.outsidePoints.rawValue] = Int32(outside)
        counters[Voxelise.Counter.droppedPillars.rawValue] = Int32(droppedPillars)
    }

    /// Cuts pillars to the limit and finds where each one's points start.
    func limit(
        counts: consuming MutableSpan<Int32>,
        offsets: consuming MutableSpan<Int32>,
        counters: inout [Int32]
    ) {
        var (kept, tooMany): (Int32, Int32) = (0, 0)
        for pillar in 0..<counts.count {
            let count = min(counts[pillar], Int32(maxPoints))
            tooMany += counts[pillar] - count
            counts[pillar] = count
            offsets[pillar] = count == 0 ? 0 : kept
            kept += count
        }
        counters[Voxelise.Counter.keptPoints.rawValue] = kept
        counters[Voxelise.Counter.pointLimitPoints.rawValue] = tooMany
    }

    /// Copies every point that is kept to its place.
    func place(
        _ points: Span<Float>,
        pillars: Span<Int32>,
        counts: Span<Int32>,
        offsets: Span<Int32>,
        into sorted: consuming MutableSpan<Float>
    ) {
        let placed = Tensor(zeros: .int32, shape: [counts.count])
        var used = placed.mutableSpan(of: Int32.self)
        var kept = 0
        for index in 0..<pillars.count where pillars[index] >= 0 {
            let pillar = Int(pillars[index])
            let slot = used[pillar]
            guard slot < counts[pillar] else { continue }
            used[pillar] = slot &+ 1
            kept += 1
            let start = (Int(offsets[pillar]) + Int(slot)) * fieldCount
            for field in 0..<fieldCount { sorted[start + field] = points[index * fieldCount + field] }
        }
        var rest = sorted._mutatingExtracting(kept * fieldCount..<sorted.count)
        rest.update(repeating: 0)
    }

    @inline(__always)
    private func isFinite(_ point: Span<Float>) -> Bool {
        // A sum of products with zero is zero unless one of them is not finite.
        var sum: Float = 0
        for field in 0..<point.count { sum += point[field] * 0 }
        return sum == 0
    }
}
