// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT

/// An attention as the code generator sees it: `dst = softmax(query · keyᵀ · scale + mask) · value`, head by head.
package struct AttentionDescriptor: Hashable, Sendable {
    package var batch: Int
    /// Heads of query; those of key and value divide them.
    package var heads: Int
    package var keyHeads: Int
    /// `S` and `T`.
    package var queryCount: Int
    package var keyCount: Int
    /// `D` and `DV`.
    package var extent: Int
    package var valueExtent: Int
    /// Whether the heads of a position lie side by side, `[N, S, H·D]`, instead of the positions of a head.
    package var isPacked: Bool
    package var scale: Float
    /// Whether query `s` attends to keys up to `s` only.
    package var isCausal = false
    /// What is added to the scores.
    package var mask: Mask?

    /// Elements of the mask, which has one for each key, from an image, head or query to the next; 0 where it is the same.
    package struct Mask: Hashable, Sendable {
        package var image: Int
        package var head: Int
        package var query: Int

        package init(image: Int, head: Int, query: Int) {
            self.image = image
            self.head = head
            self.query = query
        }
    }

    package init(
        batch: Int = 1,
        heads: Int,
        keyHeads: Int,
        queryCount: Int,
        keyCount: Int,
        extent: Int,
        valueExtent: Int,
        isPacked: Bool,
        scale: Float
    ) {
        self.batch = batch
        self.heads = heads
        self.keyHeads = keyHeads
        self.queryCount = queryCount
        self.keyCount = keyCount
        self.extent = extent
        self.valueExtent = valueExtent
        self.isPacked = isPacked
        self.scale = scale
    }
}

/// How an attention is computed: keys and values of a head are packed, then blocks of queries go through both products
/// with their scores in the thread's scratch memory.
package struct AttentionSchedule: Sendable {
    package let descriptor: AttentionDescriptor
    /// Rows of scores of a head, and of dst; equal in how rows are cut.
    package let scores: GemmSchedule
    package let values: GemmSchedule
    package let softmax: SoftmaxRowsDescriptor
    /// Parts the blocks of a head's queries fall into.
    private let blockParts: EvenSplit
    private let lanes: Int
    /// Elements from a row of scores to the next.
    private let scoreRowElements: Int
    /// Where packed values, scores and factors start behind packed keys.
    private let valuePlace: Int
    private let scorePlace: Int
    private let factorPlace: Int
    /// Bytes of packed keys, packed values, a block of scores and their factors.
    package let scratchByteCount: Int

    /// Scores of one block of queries: a third of a first-level cache, beside keys and values on their way through.
    private static let scoreByteCount = 48 << 10

    package init(_ descriptor: AttentionDescriptor, partsWanted: Int, _ target: VectorTarget) {
        self.descriptor = descriptor
        lanes = target.lanes
        // Whole vectors, and not a multiple of a page, whose rows would compete for the same cache lines.
        let padded = (descriptor.keyCount + lanes - 1) / lanes * lanes
        scoreRowElements = padded % 1024 == 0 ? padded + lanes : padded
        softmax = SoftmaxRowsDescriptor(rowByteCount: scoreRowElements * 4, rowsGrow: descriptor.isCausal)
        var product = Self.scoreProduct(descriptor)
        product.dstRowElements = scoreRowElements
        let epilogue = Self.scoreEpilogue(descriptor)
        var blocking = GemmBlocking.best(product, target, epilogue: epilogue)
        let rows = EvenSplit(product.m, limit: blocking.tile.rows)
        let blockRows = max(blocking.tile.rows, Self.scoreByteCount / (scoreRowElements * 4))
        blocking.weights = .packed
        blocking.prefetchLineCount = 0
        blocking.columnParts = 1
        blocking.rowParts = min(rows.count, (product.m + blockRows - 1) / blockRows)
        scores = GemmSchedule(product, blocking, epilogue: epilogue, lanes: lanes)
        product = Self.valueProduct(descriptor)
        product.src = MatrixStrides(row: scoreRowElements, column: 1)
        let scale = Self.valueEpilogue
        let tile = GemmTile.best(product, rows: blocking.tile.rows, target, epilogue: scale)
        blocking.tile = tile
        values = GemmSchedule(product, blocking, epilogue: scale, lanes: lanes)
        let heads = descriptor.batch * descriptor.heads
        blockParts = EvenSplit(blocking.rowParts, count: min(blocking.rowParts, (partsWanted + heads - 1) / heads))
        func aligned(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }
        let block = (0..<scores.partCount).reduce(0) { [scores] in max($0, scores.extents(of: $1).rows.count) }
        valuePlace = aligned(scores.packedByteCount)
        scorePlace = valuePlace + aligned(values.packedByteCount)
        factorPlace = scorePlace + aligned(block * scoreRowElements * 4)
        scratchByteCount = factorPlace + aligned(block * 4)
    }

    /// Independent parts.
    package var partCount: Int { descriptor.batch * descriptor.heads * blockParts.count }

    // MARK: Products

    private static func scoreProduct(_ descriptor: AttentionDescriptor) -> GemmDescriptor {
        var product = GemmDescriptor(m: descriptor.queryCount, n: descriptor.keyCount, k: descriptor.extent)
        product.areWeightsConstant = true
        product.src.row = descriptor.extent * (descriptor.isPacked ? descriptor.heads : 1)
        let keyRow = descriptor.extent * (descriptor.isPacked ? descriptor.keyHeads : 1)
        product.weights = MatrixStrides(row: 1, column: keyRow)
        product.operandRowElements = descriptor.mask?.query ?? 0
        return product
    }

    private static func valueProduct(_ descriptor: AttentionDescriptor) -> GemmDescriptor {
        var product = GemmDescriptor(m: descriptor.queryCount, n: descriptor.valueExtent, k: descriptor.keyCount)
        product.areWeightsConstant = true
        let row = descriptor.valueExtent * (descriptor.isPacked ? descriptor.keyHeads : 1)
        product.weights = MatrixStrides(row: row, column: 1)
        product.dstRowElements = descriptor.valueExtent * (descriptor.isPacked ? descriptor.heads : 1)
        return product
    }

    private static func scoreEpilogue(_ descriptor: AttentionDescriptor) -> Epilogue {
        var epilogue = Epilogue()
        if descriptor.scale != 1 {
            epilogue.operands.append(.init(input: -1, extent: .number(descriptor.scale)))
            epilogue.stages.append(.combine(.multiply, operand: 0))
        }
        if let mask = descriptor.mask {
            epilogue.operands.append(.init(input: 3, extent: mask.query == 0 ? .channel : .full))
            epilogue.stages.append(.combine(.add, operand: epilogue.operands.count - 1))
        }
        return epilogue
    }

    /// The division the softmax leaves over.
    private static let valueEpilogue = Epilogue(
        stages: [.combine(.multiply, operand: 0)],
        operands: [.init(input: -1, extent: .row)]
    )

    // MARK: Parts

    /// Where the operands lie, as addresses.
    package struct Operands: Sendable {
        package var query = 0
        package var key = 0
        package var value = 0
        package var mask = 0
        package var dst = 0
        /// Room for ``scratchByteCount`` bytes.
        package var scratch = 0

        package init() {}
    }

    /// One step of a part.
    package enum Call {
        case packKeys(GemmSchedule.PanelKind, GemmPackArguments)
        case packValues(GemmSchedule.PanelKind, GemmPackArguments)
        case multiplyKeys(GemmSchedule.Variant, GemmArguments)
        case softmax(SoftmaxRowsArguments)
        case multiplyValues(GemmSchedule.Variant, GemmArguments)
    }

    /// The calls of part `part`, in order.
    package func forEachCall(of part: Int, _ operands: Operands, _ body: (Call) -> Void) {
        let (product, blockPart) = part.quotientAndRemainder(dividingBy: blockParts.count)
        let head = self.head(product, operands)
        scores.forEachPacking(weights: head.key, packed: head.scratch) { body(.packKeys($0, $1)) }
        values.forEachPacking(weights: head.value, packed: head.scratch + valuePlace) { body(.packValues($0, $1)) }
        for block in blockParts[blockPart] { forEachCall(ofBlock: block, head, body) }
    }

    /// The addresses of one head of one image.
    private func head(_ product: Int, _ operands: Operands) -> Operands {
        let (image, head) = product.quotientAndRemainder(dividingBy: descriptor.heads)
        let keyHead = head / (descriptor.heads / descriptor.keyHeads)
        /// The place of a head's first element among `heads` heads of `count` positions with `extent` elements.
        func place(_ head: Int, of heads: Int, count: Int, extent: Int) -> Int {
            let inImage = descriptor.isPacked ? head * extent : head * count * extent
            return (image * heads * count * extent + inImage) * 4
        }
        var result = operands
        let (queries, keys) = (descriptor.queryCount, descriptor.keyCount)
        result.query += place(head, of: descriptor.heads, count: queries, extent: descriptor.extent)
        result.key += place(keyHead, of: descriptor.keyHeads, count: keys, extent: descriptor.extent)
        result.value += place(keyHead, of: descriptor.keyHeads, count: keys, extent: descriptor.valueExtent)
        result.dst += place(head, of: descriptor.heads, count: queries, extent: descriptor.valueExtent)
        if let mask = descriptor.mask { result.mask += (image * mask.image + head * mask.head) * 4 }
        return result
    }

    /// Scores, weights and dst of one block of a head's queries.
    private func forEachCall(ofBlock block: Int, _ head: Operands, _ body: (Call) -> Void) {
        let rows = scores.extents(of: block).rows
        let firstScore = head.scratch + scorePlace
        let factors = head.scratch + factorPlace
        var operands = GemmSchedule.Operands()
        operands.src = head.query
        operands.packed = head.scratch
        operands.dst = firstScore - rows.lowerBound * scoreRowElements * 4
        operands.epilogue[0] = head.mask
        scores.forEachCall(of: block, operands) { _, _ in
        } multiply: {
            body(.multiplyKeys($0, $1))
        }
        var softmax = SoftmaxRowsArguments()
        softmax.scores = firstScore
        softmax.factors = factors
        softmax.rowCount = rows.count
        softmax.columnCount = descriptor.keyCount
        softmax.count =
            descriptor.isCausal ? min(rows.lowerBound + 1, descriptor.keyCount) : descriptor.keyCount
        body(.softmax(softmax))
        operands.src = operands.dst
        operands.packed = head.scratch + valuePlace
        operands.dst = head.dst
        operands.epilogue[0] = factors - rows.lowerBound * 4
        values.forEachCall(of: block, operands) { _, _ in
        } multiply: {
            body(.multiplyValues($0, $1))
        }
    }
}
