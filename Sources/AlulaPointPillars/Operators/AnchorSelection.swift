// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// An anchor that may become a box.
struct AnchorCandidate {
    /// The largest of its class logits.
    var logit: Float
    /// `(row·W + column)·A + anchor`.
    var anchor: Int32
    /// The class of that logit.
    var label: Int32
}

/// The anchors whose score reaches a threshold.
struct AnchorSelection {
    /// In ascending order of anchor number.
    private(set) var candidates: [AnchorCandidate] = []

    /// Collects the candidates among `[…, classCount]` logits; a NaN is never one.
    init(_ logits: Tensor, classCount: Int, mask: Tensor?, scoreThreshold: Float) {
        let threshold = Self.logit(of: Double(scoreThreshold))
        let anchorCount = logits.elementCount / classCount
        let values = logits.span(of: Float.self)
        if let mask {
            let kept = mask.span(of: Bool.self)
            for anchor in 0..<anchorCount where kept[anchor] { add(anchor, values, classCount, threshold) }
        } else {
            for anchor in 0..<anchorCount { add(anchor, values, classCount, threshold) }
        }
    }

    @inline(__always)
    private mutating func add(_ anchor: Int, _ values: Span<Float>, _ classCount: Int, _ threshold: Double) {
        let start = anchor * classCount
        var (best, label) = (values[start], 0)
        for index in 1..<max(classCount, 1) where values[start + index] > best {
            (best, label) = (values[start + index], index)
        }
        guard Double(best) >= threshold else { return }
        candidates.append(AnchorCandidate(logit: best, anchor: Int32(anchor), label: Int32(label)))
    }

    /// The logit whose sigmoid is `score`.
    private static func logit(of score: Double) -> Double {
        if score <= 0 { return -.infinity }
        if score >= 1 { return .infinity }
        return ElementaryFunctions.log(score / (1 - score))
    }

    /// The `limit` best candidates, best first; of equals the lower anchor.
    ///
    /// A histogram of the logits' leading bits finds the ones worth sorting, so that the cost of a cloud with a hundred
    /// thousand candidates is that of reading them.
    func best(_ limit: Int) -> [AnchorCandidate] {
        var chosen = candidates
        if candidates.count > limit {
            var histogram = [Int32](repeating: 0, count: 1 << 16)
            for candidate in candidates { histogram[Self.bucket(candidate.logit)] += 1 }
            var (bucket, count) = (histogram.count, 0)
            while bucket > 0, count < limit {
                bucket -= 1
                count += Int(histogram[bucket])
            }
            chosen.removeAll { Self.bucket($0.logit) < bucket }
        }
        chosen.sort { $0.logit == $1.logit ? $0.anchor < $1.anchor : $0.logit > $1.logit }
        return Array(chosen.prefix(limit))
    }

    /// The leading sixteen bits of a number that orders like the logit.
    private static func bucket(_ logit: Float) -> Int {
        // Zero has two signs and must have one bucket.
        let bits = (logit == 0 ? 0 : logit).bitPattern
        let ordered = bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
        return Int(ordered >> 16)
    }
}
