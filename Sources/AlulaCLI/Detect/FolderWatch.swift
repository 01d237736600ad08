// SPDX-License-Identifier: Apache-2.0

internal import AlulaPointPillars
internal import AlulaSystem

/// The clouds that appear in a folder, each once, in order of name within a look.
///
/// A file counts once its size has not changed between two looks, so that one that is still being written is left alone. A
/// file that is replaced by one of another size counts again.
struct FolderWatch: AsyncSequence, Sendable {
    typealias Element = Frame
    typealias Failure = Never

    let folder: String
    let frames: DetectFrames
    /// Frames after which the watch ends; nil watches for ever.
    let limit: Int?
    /// Time between looks: short beside a sensor's period.
    static let pause = Duration.milliseconds(50)

    func makeAsyncIterator() -> Iterator { Iterator(watch: self) }

    struct Iterator: AsyncIteratorProtocol {
        let watch: FolderWatch
        /// Sizes at the last look.
        private var sizes: [String: Int] = [:]
        /// Sizes of the files that have been taken.
        private var taken: [String: Int] = [:]
        private var ready: [String] = []
        private var count = 0

        init(watch: FolderWatch) { self.watch = watch }

        mutating func next() async -> Frame? {
            if let limit = watch.limit, count >= limit { return nil }
            while ready.isEmpty {
                guard !Task.isCancelled else { return nil }
                look()
                if ready.isEmpty { try? await Task.sleep(for: FolderWatch.pause) }
            }
            count += 1
            return watch.frames.frame(ready.removeFirst())
        }

        private mutating func look() {
            var found: [String: Int] = [:]
            for name in (try? Files.list(watch.folder)) ?? [] where CloudFile.isCloud(name) {
                let path = "\(watch.folder)/\(name)"
                guard let byteCount = Files.byteCount(path), byteCount > 0 else { continue }
                found[path] = byteCount
                if sizes[path] == byteCount, taken[path] != byteCount {
                    taken[path] = byteCount
                    ready.append(path)
                }
            }
            sizes = found
            for path in taken.keys where found[path] == nil { taken[path] = nil }
        }
    }
}

/// Frames at the pace of a sensor: each waits for its time, however late the one before it was taken.
struct PacedFrames<Base: AsyncSequence & Sendable>: AsyncSequence, Sendable
where Base.Element == Frame, Base.Failure == Never {
    typealias Element = Frame
    typealias Failure = Never

    let base: Base
    let rate: Double

    func makeAsyncIterator() -> Iterator { Iterator(base: base.makeAsyncIterator(), rate: rate) }

    struct Iterator: AsyncIteratorProtocol {
        var base: Base.AsyncIterator
        let rate: Double
        private var count = 0
        private let begin = ContinuousClock.now

        init(base: Base.AsyncIterator, rate: Double) {
            self.base = base
            self.rate = rate
        }

        mutating func next() async -> Frame? {
            let due = begin.advanced(by: .seconds(Double(count) / rate))
            count += 1
            try? await Task.sleep(until: due, clock: .continuous)
            var frame = await base.next(isolation: nil)
            frame?.due = due
            return frame
        }
    }
}
