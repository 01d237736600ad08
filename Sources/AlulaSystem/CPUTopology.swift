// SPDX-License-Identifier: Apache-2.0

/// The processors this process may use, as the system describes them.
package struct CPUTopology: Equatable, Sendable {
    /// One level of cache as a core sees it.
    package struct Cache: Equatable, Sendable {
        /// 1 is nearest to the core.
        package var level: Int
        /// "Data", "Instruction" or "Unified".
        package var kind: String
        /// The size of one such cache.
        package var byteCount: Int
        /// How many logical processors share one.
        package var sharingProcessorCount: Int

        /// Describes one level.
        package init(level: Int, kind: String, byteCount: Int, sharingProcessorCount: Int) {
            self.level = level
            self.kind = kind
            self.byteCount = byteCount
            self.sharingProcessorCount = sharingProcessorCount
        }
    }

    /// The marketing name, for example "Intel(R) Xeon(R) Processor"; "unknown" when the system does not say.
    package var modelName: String
    /// Logical processors in the affinity mask of the process.
    package var logicalProcessors: [Int]
    /// Distinct physical cores among ``logicalProcessors``.
    package var physicalCoreCount: Int
    /// Processor time the control groups allow, in cores; nil without a quota.
    package var coreQuota: Double?
    /// Caches of the first usable processor, nearest first.
    package var caches: [Cache]
    /// The selected mode of transparent huge pages: "always", "madvise", "never"; nil when unknown.
    package var hugePageMode: String?

    /// Threads that can really run at once: physical cores in the affinity mask, cut by the quota; at least one.
    package var usableCoreCount: Int {
        let quota = coreQuota.map { max(1, Int($0.rounded(.down))) } ?? Int.max
        return max(1, min(physicalCoreCount, quota))
    }

    /// The topology seen at first use.
    package static let current = CPUTopology()

    /// Reads the topology.
    /// - Parameter root: where `/proc` and `/sys` are found; tests give a directory with fixtures.
    package init(root: String = "") {
        logicalProcessors = Self.affinity(root: root)
        let devices = root + "/sys/devices/system/cpu"
        physicalCoreCount = Self.physicalCoreCount(of: logicalProcessors, devices: devices)
        coreQuota = ControlGroup(root: root).coreQuota
        caches = Self.caches(devices: "\(devices)/cpu\(logicalProcessors.first ?? 0)/cache")
        modelName = Self.modelName(root: root)
        hugePageMode = Self.hugePageMode(root: root)
    }

    /// The logical processors in the affinity mask; processor 0 when the system does not say.
    private static func affinity(root: String) -> [Int] {
        let text = (try? Files.readText(root + "/proc/self/status")) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("Cpus_allowed_list:") {
            let processors = processors(inList: line.drop { $0 != ":" }.dropFirst().filter { !$0.isWhitespace })
            if !processors.isEmpty { return processors }
        }
        return [0]
    }

    private static func physicalCoreCount(of processors: [Int], devices: String) -> Int {
        var cores: Set<String> = []
        for processor in processors {
            let topology = "\(devices)/cpu\(processor)/topology"
            guard let core = line(topology + "/core_id"), let package = line(topology + "/physical_package_id") else {
                cores.insert("processor \(processor)")
                continue
            }
            cores.insert("\(package).\(core)")
        }
        return max(1, cores.count)
    }

    private static func caches(devices: String) -> [Cache] {
        var caches: [Cache] = []
        for index in 0..<8 {
            let directory = "\(devices)/index\(index)"
            guard let level = line(directory + "/level").flatMap(Int.init), let kind = line(directory + "/type"),
                let byteCount = line(directory + "/size").flatMap(byteCount(ofSize:))
            else { continue }
            let sharing = line(directory + "/shared_cpu_list").map { processors(inList: $0).count } ?? 1
            caches.append(
                Cache(level: level, kind: kind, byteCount: byteCount, sharingProcessorCount: max(1, sharing))
            )
        }
        return caches
    }

    /// "48K" → 49152.
    private static func byteCount(ofSize text: String) -> Int? {
        switch text.last {
        case "K": Int(text.dropLast()).map { $0 << 10 }
        case "M": Int(text.dropLast()).map { $0 << 20 }
        case "G": Int(text.dropLast()).map { $0 << 30 }
        default: Int(text)
        }
    }

    /// "0-3,8" → 0, 1, 2, 3, 8.
    private static func processors(inList text: String) -> [Int] {
        text.split(separator: ",").flatMap { range in
            let bounds = range.split(separator: "-").compactMap { Int($0) }
            guard let first = bounds.first, let last = bounds.last, first <= last else { return [Int]() }
            return Array(first...last)
        }
    }

    private static func modelName(root: String) -> String {
        let text = (try? Files.readText(root + "/proc/cpuinfo")) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("model name") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            return String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return "unknown"
    }

    private static func hugePageMode(root: String) -> String? {
        guard let text = line(root + "/sys/kernel/mm/transparent_hugepage/enabled"),
            let open = text.firstIndex(of: "["), let close = text.firstIndex(of: "]"), open < close
        else { return nil }
        return String(text[text.index(after: open)..<close])
    }

    private static func line(_ path: String) -> String? {
        guard let text = try? Files.readText(path) else { return nil }
        return String(text.split(separator: "\n", omittingEmptySubsequences: false).first ?? "")
    }
}
