// SPDX-License-Identifier: Apache-2.0

internal import Alula

extension StreetScene {
    /// Beams, from the highest to the lowest: those of a 64-beam sensor, between 2° up and 24.8° down.
    private static let beamCount = 64
    /// Rays of one turn of a beam.
    private static let azimuthCount = 2000
    /// Beyond it nothing comes back, metres.
    private static let range: Float = 100

    /// The points of one turn of the sensor: x, y, z, intensity; azimuth by azimuth as the sensor turns.
    public func cloud() -> PointCloud {
        var numbers = SeededNumbers(seed: seed &* 0x9E37_79B9 &+ UInt64(truncatingIfNeeded: frame) &+ 17)
        let solids = objects.flatMap { Solid.parts(of: $0) }
        let beams = (0..<Self.beamCount).map { index -> (cosine: Float, sine: Float) in
            let degrees = 2 - 26.8 * Double(index) / Double(Self.beamCount - 1)
            let angle = degrees * .pi / 180
            return (Float(ElementaryFunctions.cos(angle)), Float(ElementaryFunctions.sin(angle)))
        }
        var values: [Float] = []
        values.reserveCapacity(4 * Self.beamCount * Self.azimuthCount)
        for step in 0..<Self.azimuthCount {
            let azimuth = 2 * Double.pi * Double(step) / Double(Self.azimuthCount)
            let heading = SIMD2(Float(ElementaryFunctions.cos(azimuth)), Float(ElementaryFunctions.sin(azimuth)))
            let near = solids.filter { $0.mayMeet(heading) }
            for beam in beams {
                let ray = SIMD3(heading.x * beam.cosine, heading.y * beam.cosine, beam.sine)
                if let point = Self.firstReturn(ray, near, &numbers) { values += point }
            }
        }
        return PointCloud(unchecked: values, fieldCount: 4)
    }

    /// The nearest hit of a ray, with noise; nil when the return is lost.
    private static func firstReturn(
        _ ray: SIMD3<Float>,
        _ solids: [Solid],
        _ numbers: inout SeededNumbers
    ) -> [Float]? {
        var distance = range
        var reflectance: Float = 0
        if ray.z < 0, -sensorHeight / ray.z < distance {
            distance = -sensorHeight / ray.z
            reflectance = 0.25
        }
        for solid in solids {
            if let hit = solid.distance(along: ray), hit < distance {
                distance = hit
                reflectance = solid.reflectance
            }
        }
        // Every ray draws the same numbers, hit or not, so that one object more changes nothing elsewhere.
        let (noise, shade, luck) = (numbers.bell(), numbers.symmetric(), numbers.unit())
        let lossProbability = 0.03 + 0.25 * max(0, distance / range - 0.4)
        guard distance < range, luck > lossProbability else { return nil }
        let measured = distance + 0.015 * noise
        let intensity = min(max(reflectance * (1 - 0.4 * distance / range) + 0.08 * shade, 0), 1)
        return [ray.x * measured, ray.y * measured, ray.z * measured, (intensity * 100).rounded() / 100]
    }
}

/// A box that rays meet.
private struct Solid {
    private let centre: SIMD3<Float>
    private let half: SIMD3<Float>
    private let cosine: Float
    private let sine: Float
    /// How much comes back, 0 to 1.
    let reflectance: Float

    /// The boxes an object is made of.
    static func parts(of object: StreetScene.Object) -> [Solid] {
        switch object.className {
        case "Car":
            // A body, and a cabin on its rear two thirds.
            [
                Solid(object, along: 0...1, across: 1, up: 0.12...0.58, reflectance: 0.35),
                Solid(object, along: 0.08...0.7, across: 0.88, up: 0.58...1, reflectance: 0.15),
            ]
        case "Pedestrian":
            [
                Solid(object, along: 0.2...0.8, across: 0.8, up: 0...0.85, reflectance: 0.4),
                Solid(object, along: 0.35...0.65, across: 0.3, up: 0.85...1, reflectance: 0.3),
            ]
        case "Cyclist":
            [
                Solid(object, along: 0...1, across: 0.15, up: 0...0.55, reflectance: 0.3),
                Solid(object, along: 0.3...0.65, across: 0.8, up: 0.45...1, reflectance: 0.4),
            ]
        default: [Solid(object, along: 0...1, across: 1, up: 0...1, reflectance: 0.5)]
        }
    }

    /// The part of an object between fractions of its length and height.
    private init(
        _ object: StreetScene.Object,
        along: ClosedRange<Float>,
        across: Float,
        up: ClosedRange<Float>,
        reflectance: Float
    ) {
        let yaw = Double(object.yaw)
        cosine = Float(ElementaryFunctions.cos(yaw))
        sine = Float(ElementaryFunctions.sin(yaw))
        let middle = (along.lowerBound + along.upperBound - 1) / 2 * object.length
        let rise = (up.lowerBound + up.upperBound - 1) / 2 * object.height
        centre = object.centre + SIMD3(middle * cosine, middle * sine, rise)
        half =
            SIMD3(
                (along.upperBound - along.lowerBound) * object.length,
                across * object.width,
                (up.upperBound - up.lowerBound) * object.height
            ) / 2
        self.reflectance = reflectance
    }

    /// Whether rays in this direction can meet the box at all.
    func mayMeet(_ heading: SIMD2<Float>) -> Bool {
        let ahead = centre.x * heading.x + centre.y * heading.y
        let aside = abs(centre.x * heading.y - centre.y * heading.x)
        let radius = half.x + half.y
        return aside <= radius && ahead >= -radius
    }

    /// The distance at which a ray from the sensor enters the box; nil when it misses, or starts inside.
    func distance(along ray: SIMD3<Float>) -> Float? {
        let origin = SIMD3(-centre.x * cosine - centre.y * sine, centre.x * sine - centre.y * cosine, -centre.z)
        let direction = SIMD3(ray.x * cosine + ray.y * sine, ray.y * cosine - ray.x * sine, ray.z)
        var (enter, leave) = (-Float.infinity, Float.infinity)
        for axis in 0..<3 {
            if direction[axis] == 0 {
                guard abs(origin[axis]) <= half[axis] else { return nil }
                continue
            }
            let first = (-half[axis] - origin[axis]) / direction[axis]
            let second = (half[axis] - origin[axis]) / direction[axis]
            enter = max(enter, min(first, second))
            leave = min(leave, max(first, second))
        }
        return enter <= leave && enter > 0 ? enter : nil
    }
}
