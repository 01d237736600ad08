// SPDX-License-Identifier: Apache-2.0

/// A stretch of dst along one axis that walks evenly along src.
struct EvenStretch: Equatable {
    /// The first index on either side.
    var dst: Int
    var src: Int
    var extent: Int
    /// From one src index to the next.
    var step: Int

    /// The fewest stretches, taken greedily, that read `sources` in order.
    static func list(_ sources: [Int]) -> [EvenStretch] {
        var stretches: [EvenStretch] = []
        for (position, source) in sources.enumerated() {
            guard var last = stretches.last else {
                stretches.append(EvenStretch(dst: position, src: source, extent: 1, step: 0))
                continue
            }
            let step = source - (last.src + (last.extent - 1) * last.step)
            if last.extent == 1 { last.step = step }
            guard step == last.step else {
                stretches.append(EvenStretch(dst: position, src: source, extent: 1, step: 0))
                continue
            }
            last.extent += 1
            stretches[stretches.count - 1] = last
        }
        return stretches
    }
}
