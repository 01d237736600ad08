// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// The points of one LiDAR sweep, in the order they came.
///
/// x forward, y left, z up, metres; then intensity, 0 to 1, and whatever else a network wants.
public struct PointCloud: Sendable, Hashable {
    /// Features of a point; x, y and z first.
    public let fieldCount: Int
    /// The features of all points, point after point.
    public let values: [Float]

    /// A cloud; nil when the values are not whole points of at least three features.
    public init?(_ values: [Float], fieldCount: Int) {
        guard fieldCount >= 3, values.count % fieldCount == 0 else { return nil }
        self.values = values
        self.fieldCount = fieldCount
    }

    init(unchecked values: [Float], fieldCount: Int) {
        self.values = values
        self.fieldCount = fieldCount
    }

    /// The number of points.
    public var count: Int { values.count / fieldCount }

    /// The same points with `fieldCount` features: further ones are left out, missing ones are 0.
    public func withFieldCount(_ fieldCount: Int) -> PointCloud {
        guard fieldCount != self.fieldCount, fieldCount >= 3 else { return self }
        var converted = [Float](repeating: 0, count: count * fieldCount)
        for point in 0..<count {
            for field in 0..<min(fieldCount, self.fieldCount) {
                converted[point * fieldCount + field] = values[point * self.fieldCount + field]
            }
        }
        return PointCloud(unchecked: converted, fieldCount: fieldCount)
    }
}
