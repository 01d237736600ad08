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
    func scatter(_ updates: Tensor, into dst: Tensor, at positions: [Int], run: Int) {
        if self == .none {
            for (index, position) in positions.enumerated() {
                dst.copyRun(at: position, from: updates, at: index * run, count: run)
            }
        } else if let type = dst.dataType.floatElementType {
            scatterFloats(updates, into: dst, at: positions, run: run, as: type)
        } else if let type = dst.dataType.numericElementType as? any IntegerElement.Type {
            scatterIntegers(updates, into: dst, at: positions, run: run, as: type)
        }
    }

    private func scatterFloats<T: FloatElement>(
        _ updates: Tensor,
        into dst: Tensor,
        at positions: [Int],
        run: Int,
        as type: T.Type
    ) {
        combine(updates, into: dst, at: positions, run: run) { (old: T, update: T) in
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
        as type: T.Type
    ) {
        combine(updates, into: dst, at: positions, run: run) { (old: T, update: T) in
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
        _ body: (T, T) -> T
    ) {
        let source = updates.span(of: T.self)
        var target = dst.mutableSpan(of: T.self)
        for (index, position) in positions.enumerated() {
            for element in 0..<run {
                target[position + element] = body(target[position + element], source[index * run + element])
            }
        }
    }
}
