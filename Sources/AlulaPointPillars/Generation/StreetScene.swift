// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// A made-up street as a 64-beam LiDAR on a car's roof sees it: ground, walls, parked and moving cars, pedestrians, cyclists.
///
/// Rays are cast at solid boxes; distances, intensities and lost returns carry noise. Everything follows from the seed and
/// the frame number, which moves what moves.
public struct StreetScene: Sendable {
    /// Something solid.
    public struct Object: Sendable, Hashable {
        /// What it is: `Car`, `Pedestrian`, `Cyclist`, or `Wall`.
        public var className: String
        /// The middle, metres, from the sensor.
        public var centre: SIMD3<Float>
        /// Along the heading, metres.
        public var length: Float
        /// Across the heading, metres.
        public var width: Float
        /// Metres.
        public var height: Float
        /// Counter-clockwise from +x, radians.
        public var yaw: Float
    }

    /// Height of the sensor above the ground, metres: KITTI's.
    public static let sensorHeight: Float = 1.73
    /// Seconds between frames.
    static let framePeriod: Float = 0.1

    /// The numbers everything follows from.
    public let seed: UInt64
    /// What stands on the street.
    public let objects: [Object]
    /// The number of the frame.
    public let frame: Int

    /// The street of `seed`, `frame` tenths of a second after the start.
    public init(seed: UInt64 = 1, frame: Int = 0) {
        self.seed = seed
        self.frame = frame
        var numbers = SeededNumbers(seed: seed)
        var objects = Self.walls(&numbers)
        let seconds = Float(frame) * Self.framePeriod
        objects += Self.cars(&numbers, seconds: seconds)
        objects += Self.people(&numbers, seconds: seconds)
        self.objects = objects
    }

    // MARK: - What stands where

    /// House fronts of varying depth on both sides.
    private static func walls(_ numbers: inout SeededNumbers) -> [Object] {
        var walls: [Object] = []
        for side: Float in [-1, 1] {
            var x: Float = -60
            while x < 90 {
                let length = numbers.within(8...20)
                let distance = numbers.within(11...15)
                let height = numbers.within(4...9)
                walls.append(
                    object("Wall", x: x + length / 2, y: side * (distance + 0.5), size: (length, 1, height), yaw: 0)
                )
                x += length + (numbers.unit() < 0.3 ? numbers.within(2...6) : 0)
            }
        }
        return walls
    }

    /// Parked cars on both sides, and two lanes of moving ones.
    private static func cars(_ numbers: inout SeededNumbers, seconds: Float) -> [Object] {
        var cars: [Object] = []
        for side: Float in [-1, 1] {
            var x: Float = -45
            while x < 70 {
                let length = numbers.within(3.6...4.6)
                if numbers.unit() < 0.6 {
                    let heading = numbers.unit() < 0.8 ? (side < 0 ? 0 : Float.pi) : (side < 0 ? Float.pi : 0)
                    let place = (x: x + length / 2, y: side * 6 + numbers.symmetric() * 0.15)
                    cars.append(car(&numbers, place, length, yaw: heading + numbers.symmetric() * 0.04))
                }
                x += length + numbers.within(0.8...3)
            }
        }
        for (lane, speed) in [(Float(-1.8), Float(9)), (Float(1.8), Float(-11))] {
            for index in 0..<3 {
                let start = numbers.within(-10...10) + 30 * Float(index)
                let length = numbers.within(3.8...4.8)
                // The street repeats every 120 m; nothing drives through the sensor.
                let x = (start + speed * seconds + 40).truncatingRemainder(dividingBy: 120)
                let wrapped = (x < 0 ? x + 120 : x) - 40
                let made = car(&numbers, (x: wrapped, y: lane), length, yaw: speed > 0 ? 0 : .pi)
                if abs(wrapped) > 6 { cars.append(made) }
            }
        }
        return cars
    }

    private static func car(
        _ numbers: inout SeededNumbers,
        _ place: (x: Float, y: Float),
        _ length: Float,
        yaw: Float
    ) -> Object {
        let size = (length, numbers.within(1.55...1.8), numbers.within(1.4...1.65))
        return object("Car", x: place.x, y: place.y, size: size, yaw: yaw)
    }

    /// Pedestrians on the pavements, cyclists beside the lanes.
    private static func people(_ numbers: inout SeededNumbers, seconds: Float) -> [Object] {
        var people: [Object] = []
        for index in 0..<8 {
            let side: Float = index % 2 == 0 ? -1 : 1
            let direction: Float = numbers.unit() < 0.5 ? -1 : 1
            let x = numbers.within(4...45) + direction * 1.3 * seconds
            let y = side * numbers.within(8.2...10)
            let size = (Float(0.6), numbers.within(0.5...0.7), numbers.within(1.6...1.9))
            people.append(object("Pedestrian", x: x, y: y, size: size, yaw: direction > 0 ? 0 : .pi))
        }
        for index in 0..<2 {
            let x = numbers.within(8...35) + 4.5 * seconds
            let size = (numbers.within(1.6...1.8), Float(0.6), numbers.within(1.65...1.8))
            people.append(object("Cyclist", x: x + 12 * Float(index), y: -4.1, size: size, yaw: 0))
        }
        return people
    }

    /// An object standing on the ground.
    private static func object(
        _ className: String,
        x: Float,
        y: Float,
        size: (Float, Float, Float),
        yaw: Float
    ) -> Object {
        Object(
            className: className,
            centre: SIMD3(x, y, size.2 / 2 - sensorHeight),
            length: size.0,
            width: size.1,
            height: size.2,
            yaw: yaw
        )
    }
}
