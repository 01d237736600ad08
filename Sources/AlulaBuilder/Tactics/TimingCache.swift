// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// What tactics took, on which machine: lets a later build choose at once, and choose the same.
///
/// Times are kept by machine (processor, instruction sets, threads), problem and tactic. The file is text and sorted, so that
/// equal caches are equal files. TensorRT counterpart: `ITimingCache`.
public struct TimingCache: Sendable, Hashable {
    /// Nanoseconds by machine, problem and tactic.
    package private(set) var machines: [String: [String: [String: Double]]] = [:]

    /// An empty cache.
    public init() {}

    /// Problems that were timed, over all machines.
    public var problemCount: Int { machines.values.reduce(0) { $0 + $1.count } }

    /// The times known on `machine` for `problem`, by tactic.
    package func timings(of problem: String, on machine: String) -> [String: Double] {
        machines[machine]?[problem] ?? [:]
    }

    /// Adds a time.
    package mutating func record(_ nanoseconds: Double, of tactic: String, for problem: String, on machine: String) {
        machines[machine, default: [:]][problem, default: [:]][tactic] = nanoseconds
    }

    /// The machine times are valid for: the processor, what kernels are generated for, and how many threads share a step.
    package static func machine(threadCount: Int, isa: String) -> String {
        "\(CPUTopology.current.modelName), \(isa), \(threadCount) threads"
    }
}

// MARK: - Files

extension TimingCache {
    private static let header = "alula timing cache 1"

    /// Reads a cache file.
    /// - Throws: ``BuilderError/timingCache(path:reason:)`` when it cannot be read or is something else.
    public init(contentsOf path: String) throws(BuilderError) {
        let text: String
        do {
            text = try Files.readText(path)
        } catch {
            throw .timingCache(path: path, reason: "\(error)")
        }
        try self.init(text: text, path: path)
    }

    /// Reads the text of a cache file.
    package init(text: String, path: String) throws(BuilderError) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst().map(String.init) == Self.header else {
            throw .timingCache(path: path, reason: "line 1: expected '\(Self.header)'")
        }
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        var machine: String?
        var problem: String?
        for (number, line) in zip(2..., lines) {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else {
                throw .timingCache(path: path, reason: "line \(number): got '\(line.prefix(60))', expected two columns")
            }
            switch (parts[0], machine, problem) {
            case ("machine", _, _): (machine, problem) = (Self.unescaped(parts[1]), nil)
            case ("problem", .some, _): problem = Self.unescaped(parts[1])
            case (_, let machine?, let problem?):
                guard let nanoseconds = Double(parts[0]), nanoseconds.isFinite, nanoseconds >= 0 else {
                    throw .timingCache(path: path, reason: "line \(number): got '\(parts[0])', expected nanoseconds")
                }
                record(nanoseconds, of: Self.unescaped(parts[1]), for: problem, on: machine)
            default:
                throw .timingCache(path: path, reason: "line \(number): a time without machine and problem")
            }
        }
    }

    /// The cache as text.
    package var text: String {
        var lines = [Self.header]
        for (machine, problems) in machines.sorted(by: { $0.key < $1.key }) {
            lines.append("machine\t\(Self.escaped(machine))")
            for (problem, tactics) in problems.sorted(by: { $0.key < $1.key }) {
                lines.append("problem\t\(Self.escaped(problem))")
                for (tactic, nanoseconds) in tactics.sorted(by: { $0.key < $1.key }) {
                    lines.append("\(nanoseconds)\t\(Self.escaped(tactic))")
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Writes the cache to a file, which appears complete or not at all.
    /// - Throws: ``BuilderError/timingCache(path:reason:)``.
    public func write(to path: String) throws(BuilderError) {
        do {
            try Files.write(text, to: path)
        } catch {
            throw .timingCache(path: path, reason: "\(error)")
        }
    }

    /// Names come from models: a line end in one must not end the line.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    private static func unescaped(_ text: String) -> String {
        var result = ""
        var isEscape = false
        for character in text.unicodeScalars {
            if isEscape {
                result.unicodeScalars.append(character == "n" ? "\n" : character == "r" ? "\r" : character)
                isEscape = false
            } else if character == "\\" {
                isEscape = true
            } else {
                result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
