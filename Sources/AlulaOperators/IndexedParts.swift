// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// How gathers and scatters split into parts.
enum IndexedParts {
    /// Parts of work that moves `byteCount` bytes: each some times as long as handing it out takes.
    static func count(byteCount: Int, limit: Int = 32) -> Int {
        let partByteCount = 64 << 10
        return max(1, min(limit, byteCount / partByteCount))
    }

    /// Item numbers of part `part`.
    static func range(_ part: Int, of partCount: Int, count: Int) -> Range<Int> {
        let share = count / partCount
        let longer = count % partCount
        let start = part * share + min(part, longer)
        return start..<(start + share + (part < longer ? 1 : 0))
    }
}

extension CheckedInputs {
    /// Elements `range` of input 1, int32 or int64, without copying the others.
    func indices(in range: Range<Int>) throws(OperatorError) -> [Int] {
        let tensor = try value(1)
        func read<T: IntegerElement>(_: T.Type) -> [Int] {
            let elements = tensor.span(of: T.self).extracting(range)
            var result = [Int](repeating: 0, count: range.count)
            for index in 0..<range.count { result[index] = Int(truncatingIfNeeded: elements[index]) }
            return result
        }
        return tensor.dataType == .int32 ? read(Int32.self) : read(Int64.self)
    }

    /// `index` mapped to `0..<extent` of axis `axis` of `data`.
    @inline(__always)
    func normalized(_ index: Int, in data: Shape, axis: Int) throws(OperatorError) -> Int {
        guard let inside = index.normalizedIndex(in: data[axis]) else {
            throw invalidValue(
                1,
                got: "index \(index)",
                expected: "-\(data[axis])..<\(data[axis]) for axis \(axis) of \(data)"
            )
        }
        return inside
    }
}
