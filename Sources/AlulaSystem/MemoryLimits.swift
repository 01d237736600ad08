// SPDX-License-Identifier: Apache-2.0

/// How much memory there is and how much this process may use.
package struct MemoryLimits: Equatable, Sendable {
    /// Memory of the machine in bytes.
    package var physicalByteCount: Int
    /// Memory the system could give out now in bytes.
    package var availableByteCount: Int
    /// The limit of the control groups in bytes; nil without one.
    package var groupByteCount: Int?

    /// The most this process may ever use: the machine's memory, cut by the control groups.
    package var usableByteCount: Int { min(physicalByteCount, groupByteCount ?? .max) }

    /// The limits seen at first use.
    package static let current = MemoryLimits()

    /// Reads the limits.
    /// - Parameter root: where `/proc` and `/sys` are found; tests give a directory with fixtures.
    package init(root: String = "") {
        let text = (try? Files.readText(root + "/proc/meminfo")) ?? ""
        var byteCounts: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(whereSeparator: { $0 == " " || $0 == ":" })
            guard fields.count >= 2, let kibibytes = Int(fields[1]) else { continue }
            byteCounts[fields[0]] = kibibytes << 10
        }
        physicalByteCount = byteCounts["MemTotal"] ?? Int.max
        availableByteCount = byteCounts["MemAvailable"] ?? byteCounts["MemFree"] ?? physicalByteCount
        groupByteCount = ControlGroup(root: root).memoryByteCount
    }
}

/// What this process has used of the machine's memory.
package enum ProcessMemory {
    /// The most bytes that were resident at once since the process started; nil when the system does not say.
    package static var peakResidentByteCount: Int? { statusByteCount("VmHWM:") }

    /// The bytes resident now; nil when the system does not say.
    package static var residentByteCount: Int? { statusByteCount("VmRSS:") }

    private static func statusByteCount(_ field: String) -> Int? {
        guard let text = try? Files.readText("/proc/self/status") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix(field) {
            return line.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }.first.map { $0 << 10 }
        }
        return nil
    }
}
