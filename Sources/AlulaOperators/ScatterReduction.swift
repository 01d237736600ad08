// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// What a scatter does where an update meets the element that is already there.
public enum ScatterReduction: String, Sendable, Hashable, CaseIterable {
    /// The update replaces the element; of several updates the last one stays.
    case none
    /// Sum; integers wrap.
    case add
    /// Product; integers wrap.
    case mul
    /// The larger; NaN wins.
    case max
    /// The smaller; NaN wins.
    case min

    /// Restores a reduction from the attribute `reduction`.
    init(attributes: Attributes, for op: String) throws(OperatorError) {
        let text = try attributes.string("reduction", default: "none", for: op)
        guard let reduction = ScatterReduction(rawValue: text) else {
            let expected = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidAttribute(operator: op, attribute: "reduction", got: text, expected: "one of \(expected)")
        }
        self = reduction
    }

    /// Combines run `i` of `updates` with the run of `dst` at `positions[i]`, in ascending order of `i`.
    ///
    /// Any data type without reduction; numbers otherwise.
    /// - Parameter range: the elements of dst that are touched; nil: all.
    func scatter(_ updates: Tensor, into dst: Tensor, at positions: [Int], run: Int, within range: Range<Int>? = nil) {
        let range = range ?? 0..<dst.elementCount
        if self == .none {
            for (index, position) in positions.enumerated() {
                let piece = (position..<position + run).clamped(to: range)
                guard !piece.isEmpty else { continue }
                let start = index * run + piece.lowerBound - position
                dst.copyRun(at: piece.lowerBound, from: updates, at: start, count: piece.count)
            }
        } else if dst.dataType == .float32 {
            scatterFloats(updates, into: dst, at: positions, run: run, within: range, as: Float.self)
        } else if let type = dst.dataType.floatElementType {
            scatterFloats(updates, into: dst, at: positions, run: run, within: range, as: type)
        } else if let type = dst.dataType.numericElementType as? any IntegerElement.Type {
            scatterIntegers(updates, into: dst, at: positions, run: run, within: range, as: type)
        }
    }

    /// Parts of a scatter, whose inputs are data, indices and updates: few where there are many updates, as every part
    /// reads all positions.
    static func partCount(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        guard inputs.count == 3, let dst = outputs.first, let indices = inputs[1], let updates = inputs[2] else {
            return 1
        }
        let moved = dst.byteCount + updates.byteCount
        let limit = moved / Swift.max(1, 4 * indices.byteCount)
        return IndexedParts.count(byteCount: moved, limit: Swift.min(16, limit))
    }

    private func scatterFloats<T: FloatElement>(
        _ updates: Tensor,
        into dst: Tensor,
        at positions: [Int],
        run: Int,
        within range: Range<Int>,
        as type: T.Type
    ) {
        combine(updates, into: dst, at: positions, run: run, within: range) { (old: T, update: T) in
            switch self {
            case .none: update
            case .add: old + update
            case .mul: old * update
            case .max: old.isNaN || old > update ? old : update
            case .min: old.isNaN || old < update ? old : update
            }
        }
    }

    private func scatterIntegers<T: IntegerElement>(
        _ updates: Tensor,
        into dst: Tensor,
        at positions: [Int],
        run: Int,
        within range: Range<Int>,
        as type: T.Type
    ) {
        combine(updates, into: dst, at: positions, run: run, within: range) { (old: T, update: T) in
            switch self {
            case .none: update
            case .add: old &+ update
            case .mul: old &* update
            case .max: Swift.max(old, update)
            case .min: Swift.min(old, update)
            }
        }
    }

    private func combine<T: NumericElement>(
        _ updates: Tensor,
        into dst: Tensor,
        at positions: [Int],
        run: Int,
        within range: Range<Int>,
        _ body: (T, T) -> T
    ) {
        let source = updates.span(of: T.self)
        var target = dst.mutableSpan(of: T.self)
        for (index, position) in positions.enumerated() {
            for element in (position..<position + run).clamped(to: range) {
                target[element] = body(target[element], source[index * run + element - position])
            }
        }
    }
}
