// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaPointPillars

/// Reads clouds in the formats LiDAR data comes in, told apart by the file's name.
struct CloudFile {
    /// How far a file's numbers are from what a network expects.
    struct Options: Sendable {
        /// Features a record of a `.bin` file has; nil tells by the name: 5 for `.pcd.bin`, else 4.
        var fieldCount: Int?
        /// What intensities are multiplied with.
        var intensityScale: Float = 1
        /// Features the network wants of a point.
        var networkFieldCount = 4
    }

    /// The endings of the files that are read.
    static let endings = [".bin", ".pcd", ".npy", ".ply"]

    var options = Options()

    /// Whether the name is that of a cloud.
    static func isCloud(_ name: String) -> Bool { endings.contains { name.lowercased().hasSuffix($0) } }

    /// The cloud in the file at `path`.
    func read(_ path: String) throws(CommandError) -> PointCloud {
        let name = path.lowercased()
        let cloud: PointCloud
        if name.hasSuffix(".bin") {
            cloud = try readRecords(path)
        } else if name.hasSuffix(".pcd") {
            cloud = try PCDFile(try readFile(path), path: path).cloud()
        } else if name.hasSuffix(".ply") {
            cloud = try PLYFile(try readFile(path), path: path).cloud()
        } else if name.hasSuffix(".npy") {
            cloud = try readArray(path)
        } else {
            throw .badFile(
                path: path,
                got: "a name without a known ending",
                expected: Self.endings.joined(separator: ", ")
            )
        }
        return scaled(cloud.withFieldCount(options.networkFieldCount))
    }

    // MARK: - Records of float32

    private func readRecords(_ path: String) throws(CommandError) -> PointCloud {
        let fieldCount = options.fieldCount ?? (path.lowercased().hasSuffix(".pcd.bin") ? 5 : 4)
        let bytes = try readFile(path)
        guard bytes.count % (4 * fieldCount) == 0 else {
            let other = fieldCount == 4 ? 5 : 4
            let hint = bytes.count % (4 * other) == 0 ? "; --fields \(other) would fit" : ""
            throw .badFile(
                path: path,
                got: "\(bytes.count) bytes",
                expected: "whole records of \(fieldCount) float32, \(4 * fieldCount) bytes each\(hint)"
            )
        }
        var values = [Float](repeating: 0, count: bytes.count / 4)
        if let tensor = Tensor(copying: bytes[...], dataType: .float32, shape: [values.count]) {
            let numbers = tensor.span(of: Float.self)
            for index in values.indices { values[index] = numbers[index] }
        }
        let cloud = try make(values, fieldCount: fieldCount, path)
        return fieldCount == 5 ? converted(nuScenes: cloud) : cloud
    }

    /// nuScenes' records: x right, y forward, z up, intensity 0 to 255, ring.
    ///
    /// Networks with five features were trained in that frame and take the age of a point as the fifth: 0, for one sweep. All
    /// others get KITTI's frame and intensities from 0 to 1.
    private func converted(nuScenes cloud: PointCloud) -> PointCloud {
        var values = cloud.values
        for start in stride(from: 0, to: values.count, by: 5) {
            if options.networkFieldCount != 5 {
                (values[start], values[start + 1]) = (values[start + 1], -values[start])
                values[start + 3] /= 255
            }
            values[start + 4] = 0
        }
        return PointCloud(values, fieldCount: 5) ?? cloud
    }

    // MARK: - NumPy

    private func readArray(_ path: String) throws(CommandError) -> PointCloud {
        let array = try NumPyFile.read(path: path)
        guard array.shape.rank == 2, array.shape[1] >= 3, array.dataType.isFloatingPoint else {
            throw .badFile(
                path: path,
                got: "\(array.type)",
                expected: "floating-point numbers of shape [N, F], x, y and z first"
            )
        }
        return try make(array.doubles().map { Float($0) }, fieldCount: array.shape[1], path)
    }

    // MARK: - Common

    private func make(_ values: [Float], fieldCount: Int, _ path: String) throws(CommandError) -> PointCloud {
        guard let cloud = PointCloud(values, fieldCount: fieldCount) else {
            throw .badFile(path: path, got: "\(values.count) numbers", expected: "whole points of 3 features or more")
        }
        return cloud
    }

    private func scaled(_ cloud: PointCloud) -> PointCloud {
        guard options.intensityScale != 1, cloud.fieldCount > 3 else { return cloud }
        var values = cloud.values
        for index in stride(from: 3, to: values.count, by: cloud.fieldCount) { values[index] *= options.intensityScale }
        return PointCloud(values, fieldCount: cloud.fieldCount) ?? cloud
    }
}

/// Numbers at any place of a file.
struct ByteReader {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// `byteCount` bytes as an unsigned number.
    func unsigned(at index: Int, byteCount: Int, isBigEndian: Bool = false) -> UInt64 {
        var number: UInt64 = 0
        for position in 0..<byteCount {
            number = number << 8 | UInt64(bytes[index + (isBigEndian ? position : byteCount - 1 - position)])
        }
        return number
    }
}

/// The kinds of number in the records of `.pcd` and `.ply` files.
enum ScalarKind {
    case signed(byteCount: Int)
    case unsigned(byteCount: Int)
    case float32
    case float64

    var byteCount: Int {
        switch self {
        case .signed(let count), .unsigned(let count): count
        case .float32: 4
        case .float64: 8
        }
    }

    /// The number at a place of a file.
    func read(_ reader: ByteReader, at index: Int, isBigEndian: Bool = false) -> Float {
        let bits = reader.unsigned(at: index, byteCount: byteCount, isBigEndian: isBigEndian)
        switch self {
        case .float32: return Float(bitPattern: UInt32(bits))
        case .float64: return Float(Double(bitPattern: bits))
        case .unsigned: return Float(bits)
        case .signed(let count):
            let shift = UInt64(64 - 8 * count)
            return Float(Int64(bitPattern: bits << shift) >> Int64(shift))
        }
    }
}

/// The columns of a record that make a point: x, y, z and, where there is one, intensity.
struct PointColumns {
    /// Names under which intensities come.
    private static let intensityNames = [
        "intensity", "i", "reflectivity", "reflectance", "scalar_intensity", "remission",
    ]

    var x: Int
    var y: Int
    var z: Int
    var intensity: Int?

    /// Finds the columns among `names`; nil when x, y or z is missing.
    init?(_ names: [String]) {
        let names = names.map { $0.lowercased() }
        guard let x = names.firstIndex(of: "x"), let y = names.firstIndex(of: "y"), let z = names.firstIndex(of: "z")
        else { return nil }
        (self.x, self.y, self.z) = (x, y, z)
        intensity = Self.intensityNames.compactMap { names.firstIndex(of: $0) }.first
    }

    /// The columns in order.
    var indices: [Int] { [x, y, z] + (intensity.map { [$0] } ?? []) }
}
