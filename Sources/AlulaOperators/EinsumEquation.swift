// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// An Einstein summation equation, parsed: which label each axis of each operand has.
struct EinsumEquation {
    /// One axis of an operand or of the result as written.
    enum Label: Hashable {
        /// A letter.
        case letter(Character)
        /// All axes that an ellipsis stands for.
        case ellipsis
    }

    /// Labels of every operand, in axis order.
    let operands: [[Label]]
    /// Labels of the result, in axis order.
    let result: [Label]

    /// Parses `equation`, e.g. `bij, bjk -> bik` or `...ii`; nil when it is malformed.
    ///
    /// Without `->` the result has the ellipsis, if any, and then all letters that occur once, in ascending order.
    init?(_ equation: String) {
        let text = equation.filter { $0 != " " }
        var sides: [Substring] = [text[...]]
        if let arrow = text.firstRange(of: "->") { sides = [text[..<arrow.lowerBound], text[arrow.upperBound...]] }
        var operands: [[Label]] = []
        for term in sides[0].split(separator: ",", omittingEmptySubsequences: false) {
            guard let labels = Self.labels(term) else { return nil }
            operands.append(labels)
        }
        self.operands = operands
        let used = operands.joined()
        guard sides.count == 2 else {
            let letters = Set(used).filter { label in label != .ellipsis && used.count { $0 == label } == 1 }
            result = (used.contains(.ellipsis) ? [.ellipsis] : []) + letters.sorted { $0.order < $1.order }
            return
        }
        guard let labels = Self.labels(sides[1]), Set(labels).count == labels.count,
            labels.allSatisfy({ $0 == .ellipsis || used.contains($0) })
        else { return nil }
        result = labels
    }

    /// The labels of one operand; nil when it has other characters than letters and at most one ellipsis.
    private static func labels(_ term: Substring) -> [Label]? {
        var labels: [Label] = []
        var rest = term
        while let character = rest.first {
            if rest.hasPrefix("...") {
                guard !labels.contains(.ellipsis) else { return nil }
                labels.append(.ellipsis)
                rest = rest.dropFirst(3)
            } else {
                guard character.isASCII, character.isLetter else { return nil }
                labels.append(.letter(character))
                rest = rest.dropFirst()
            }
        }
        return labels
    }
}

extension EinsumEquation.Label {
    /// Upper case before lower case, as in ASCII.
    fileprivate var order: UInt8 {
        if case .letter(let letter) = self { letter.asciiValue ?? 0 } else { 0 }
    }
}

/// An equation on operands of known shape: loops with one extent each and a stride an operand.
///
/// `dst[o…] = Σ Π operand[o · strides + s · strides]`: the first loops run over the result's axes, the others are summed.
struct EinsumLoops {
    /// The shape of the result.
    let resultShape: Shape
    /// Extents of the loops that are summed over.
    let sumShape: Shape
    /// Per operand, its stride in elements for every axis of the result.
    let resultStrides: [[Int]]
    /// Per operand, its stride in elements for every summed loop.
    let sumStrides: [[Int]]

    /// The loops of `equation` on operands of `shapes`; nil when ranks or extents do not fit it.
    init?(_ equation: EinsumEquation, _ shapes: [Shape]) {
        guard equation.operands.count == shapes.count else { return nil }
        // Ellipsis axes count from the back, since they broadcast.
        enum Axis: Hashable {
            case letter(Character)
            case ellipsis(fromBack: Int)
        }
        var order: [Axis] = []
        var extents: [Axis: Int] = [:]
        var strides: [[Axis: Int]] = []
        var ellipsisRank = 0
        for (labels, shape) in zip(equation.operands, shapes) {
            let rest = shape.rank - labels.count { $0 != .ellipsis }
            guard labels.contains(.ellipsis) ? rest >= 0 : rest == 0 else { return nil }
            ellipsisRank = max(ellipsisRank, rest)
            let axes = labels.flatMap { label -> [Axis] in
                if case .letter(let letter) = label { return [.letter(letter)] }
                return (0..<rest).reversed().map { .ellipsis(fromBack: $0) }
            }
            var own: [Axis: Int] = [:]
            for (position, axis) in axes.enumerated() {
                let extent = shape[position]
                let known = extents[axis] ?? 1
                guard extent == known || extent == 1 || known == 1 else { return nil }
                if extents[axis] == nil { order.append(axis) }
                extents[axis] = known == 1 ? extent : known
                own[axis, default: 0] += extent == 1 ? 0 : shape.contiguousStrides[position]
            }
            strides.append(own)
        }
        let result = equation.result.flatMap { label -> [Axis] in
            if case .letter(let letter) = label { return [.letter(letter)] }
            return (0..<ellipsisRank).reversed().map { .ellipsis(fromBack: $0) }
        }
        let summed = order.filter { !result.contains($0) }
        guard let resultShape = Shape(checking: result.map { extents[$0] ?? 1 }),
            let sumShape = Shape(checking: summed.map { extents[$0] ?? 1 })
        else { return nil }
        self.resultShape = resultShape
        self.sumShape = sumShape
        resultStrides = strides.map { own in result.map { own[$0] ?? 0 } }
        sumStrides = strides.map { own in summed.map { own[$0] ?? 0 } }
    }

    /// Computes every element of the result in row-major order.
    func forEachElement<A: ReferenceAccumulator>(_ operands: [[A]], _ body: (A) -> Void) {
        var offsets = [Int](repeating: 0, count: operands.count)
        var index = [Int](repeating: 0, count: resultShape.rank)
        for _ in 0..<resultShape.elementCount {
            body(sum(operands, from: offsets))
            var axis = resultShape.rank - 1
            while axis >= 0 {
                index[axis] += 1
                for operand in offsets.indices { offsets[operand] += resultStrides[operand][axis] }
                if index[axis] < resultShape[axis] { break }
                for operand in offsets.indices {
                    offsets[operand] -= resultStrides[operand][axis] * resultShape[axis]
                }
                index[axis] = 0
                axis -= 1
            }
        }
    }

    private func sum<A: ReferenceAccumulator>(_ operands: [[A]], from start: [Int]) -> A {
        guard operands.count <= 2 else { return sumOfProducts(operands, from: start) }
        var loop = StridedIndices(
            sumShape,
            first: sumStrides[0],
            second: operands.count > 1 ? sumStrides[1] : nil,
            startingAt: (start[0], operands.count > 1 ? start[1] : 0, 0)
        )
        var sum = A.zero
        for _ in 0..<sumShape.elementCount {
            sum.addProduct(
                operands[0][loop.offsets.first],
                operands.count > 1 ? operands[1][loop.offsets.second] : .one
            )
            loop.advance()
        }
        return sum
    }

    private func sumOfProducts<A: ReferenceAccumulator>(_ operands: [[A]], from start: [Int]) -> A {
        var loops = operands.indices.map {
            StridedIndices(sumShape, first: sumStrides[$0], startingAt: (start[$0], 0, 0))
        }
        var sum = A.zero
        for _ in 0..<sumShape.elementCount {
            var product = A.one
            for operand in operands.indices {
                var next = A.zero
                next.addProduct(product, operands[operand][loops[operand].offsets.first])
                product = next
                loops[operand].advance()
            }
            sum.addProduct(product, .one)
        }
        return sum
    }
}
