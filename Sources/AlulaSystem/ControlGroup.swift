// SPDX-License-Identifier: Apache-2.0

/// The limits that the control groups of this process (version 1 and 2) set, read from the file system.
package struct ControlGroup: Equatable, Sendable {
    /// Processor time per wall time, in cores; nil without a quota. The tightest of the group and all groups above it.
    package var coreQuota: Double?
    /// Memory in bytes; nil without a limit. The tightest of the group and all groups above it.
    package var memoryByteCount: Int?

    /// Reads the limits of the calling process.
    ///
    /// - Parameter root: where `/proc` and `/sys` are found; tests give a directory with fixtures.
    package init(root: String = "") {
        let membership = (try? Files.readText(root + "/proc/self/cgroup")) ?? ""
        let mount = root + "/sys/fs/cgroup"
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let controllers = fields[1].split(separator: ",")
            let group = String(fields[2])
            if fields[0] == "0" && controllers.isEmpty {
                for base in [mount, mount + "/unified"] { readVersion2(base, group: group) }
            }
            if controllers.contains("cpu") {
                for base in [mount + "/cpu", mount + "/" + fields[1]] { readVersion1Processor(base, group: group) }
            }
            if controllers.contains("memory") { readVersion1Memory(mount + "/memory", group: group) }
        }
    }

    private mutating func readVersion2(_ base: String, group: String) {
        for directory in Self.directories(base, group: group) {
            if let text = try? Files.readText(directory + "/cpu.max") {
                let fields = text.split(whereSeparator: \.isWhitespace)
                if fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]) {
                    lower(quota: quota, period: period)
                }
            }
            if let limit = Self.integer(directory + "/memory.max") { lower(memory: limit) }
        }
    }

    private mutating func readVersion1Processor(_ base: String, group: String) {
        for directory in Self.directories(base, group: group) {
            if let quota = Self.integer(directory + "/cpu.cfs_quota_us"),
                let period = Self.integer(directory + "/cpu.cfs_period_us")
            {
                lower(quota: Double(quota), period: Double(period))
            }
        }
    }

    private mutating func readVersion1Memory(_ base: String, group: String) {
        for directory in Self.directories(base, group: group) {
            if let limit = Self.integer(directory + "/memory.limit_in_bytes") { lower(memory: limit) }
        }
    }

    private mutating func lower(quota: Double, period: Double) {
        guard quota > 0, period > 0 else { return }  // version 1 writes -1 for "no quota"
        coreQuota = min(coreQuota ?? .infinity, quota / period)
    }

    private mutating func lower(memory: Int) {
        guard memory < 1 << 60 else { return }  // version 1 writes a number near 2^63 for "no limit"
        memoryByteCount = min(memoryByteCount ?? .max, memory)
    }

    /// The group's directory and all above it, up to the mount itself.
    private static func directories(_ base: String, group: String) -> [String] {
        var directories = [base]
        var path = base
        for component in group.split(separator: "/") where component != ".." {
            path += "/" + component
            directories.append(path)
        }
        return directories
    }

    private static func integer(_ path: String) -> Int? {
        guard let text = try? Files.readText(path) else { return nil }
        return Int(text.filter { !$0.isWhitespace })
    }
}
