// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars
internal import AlulaSystem

/// Turns the command line's files, folders and patterns into frames.
struct DetectFrames {
    let options: DetectInputOptions
    let reader: CloudFile

    /// All frames there are, in order; without clouds, the made-up street.
    func all() throws -> [Frame] {
        let once = options.clouds.isEmpty ? generated() : try paths().map { frame($0) }
        return (0..<options.repeat).flatMap { _ in once }
    }

    /// How many frames ``all()`` gives.
    func count() throws -> Int {
        options.repeat * (options.clouds.isEmpty ? options.frames : try paths().count)
    }

    /// A frame whose points are read from `path` when its turn comes.
    func frame(_ path: String) -> Frame {
        let reader = reader
        return Frame(name: Self.name(of: path)) { () throws(FrameError) in
            do {
                return try reader.read(path)
            } catch {
                throw FrameError("\(error)")
            }
        }
    }

    /// The file's name without folder and ending.
    static func name(of path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        for ending in [".pcd.bin"] + CloudFile.endings where file.lowercased().hasSuffix(ending) {
            return String(file.dropLast(ending.count))
        }
        return file
    }

    private func generated() -> [Frame] {
        (0..<options.frames).map { index in
            let digits = String(index)
            let seed = options.seed
            return Frame(name: "street_" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits) {
                StreetScene(seed: seed, frame: index).cloud()
            }
        }
    }

    // MARK: - Paths

    private func paths() throws -> [String] {
        var paths: [String] = []
        for argument in options.clouds {
            if Files.isDirectory(argument) {
                let found = try list(argument).filter { CloudFile.isCloud($0) }
                guard !found.isEmpty else {
                    throw CommandError.badFile(
                        path: argument,
                        got: "a folder without clouds",
                        expected: "files ending in \(CloudFile.endings.joined(separator: ", "))"
                    )
                }
                paths += found.map { "\(argument)/\($0)" }
            } else if !Files.exists(argument), argument.contains(where: { "*?".contains($0) }) {
                let found = try expand(argument)
                guard !found.isEmpty else {
                    throw CommandError.badFile(
                        path: argument,
                        got: "no match",
                        expected: "a pattern some cloud matches"
                    )
                }
                paths += found
            } else {
                paths.append(argument)
            }
        }
        return paths
    }

    /// The paths a pattern matches, sorted; `*` and `?` stand for anything within one name.
    private func expand(_ pattern: String) throws -> [String] {
        var found = [pattern.hasPrefix("/") ? "/" : ""]
        for part in pattern.split(separator: "/").map(String.init) {
            var next: [String] = []
            for folder in found {
                if !part.contains(where: { "*?".contains($0) }) {
                    next.append(folder + part)
                    continue
                }
                let place = folder.isEmpty ? "." : folder
                guard Files.isDirectory(place) else { continue }
                next += try list(place).filter { matches(Array($0), Array(part)) }.map { folder + $0 }
            }
            found = next.map { $0 + "/" }
        }
        return found.map { String($0.dropLast()) }.filter { Files.exists($0) && CloudFile.isCloud($0) }.sorted()
    }

    private func list(_ folder: String) throws(CommandError) -> [String] {
        do {
            return try Files.list(folder)
        } catch {
            throw .system(error)
        }
    }
}

/// Whether a name matches a pattern in which `*` stands for any text and `?` for one character.
func matches(_ name: [Character], _ pattern: [Character]) -> Bool {
    // Where to go on when what follows the last star fails.
    var (position, place) = (0, 0)
    var star: (place: Int, position: Int)?
    while position < name.count {
        if place < pattern.count, pattern[place] == "*" {
            star = (place, position)
            place += 1
        } else if place < pattern.count, pattern[place] == "?" || pattern[place] == name[position] {
            position += 1
            place += 1
        } else if let last = star {
            star = (last.place, last.position + 1)
            position = last.position + 1
            place = last.place + 1
        } else {
            return false
        }
    }
    return pattern[place...].allSatisfy { $0 == "*" }
}
