// SPDX-License-Identifier: Apache-2.0

/// Which calls of generated code compute a stack of matrix products, part by part.
package struct GemmSchedule: Sendable {
    package let descriptor: GemmDescriptor
    package let blocking: GemmBlocking
    package let epilogue: Epilogue
    /// Elements in a vector.
    package let lanes: Int
    /// Tiles of rows.
    let rows: EvenSplit
    /// Panels of columns, in vectors.
    let panels: EvenSplit
    /// Parts, in tiles of rows and in panels.
    private let rowParts: EvenSplit
    private let columnParts: EvenSplit
    /// How the epilogue's operands in memory vary.
    private let operandExtents: [Epilogue.Extent]

    package init(_ descriptor: GemmDescriptor, _ blocking: GemmBlocking, epilogue: Epilogue = Epilogue(), lanes: Int) {
        self.descriptor = descriptor
        self.blocking = blocking
        self.epilogue = epilogue
        self.lanes = lanes
        rows = EvenSplit(descriptor.m, limit: blocking.tile.rows)
        panels = EvenSplit((descriptor.n + lanes - 1) / lanes, limit: blocking.tile.vectors)
        rowParts = EvenSplit(rows.count, count: blocking.rowParts)
        columnParts = EvenSplit(panels.count, count: blocking.columnParts)
        operandExtents = epilogue.memoryOperands.map { epilogue.operands[$0].extent }
    }

    /// Independent parts.
    package var partCount: Int { descriptor.batchCount * rowParts.count * columnParts.count }

    // MARK: Code

    /// The shapes a panel can have.
    package enum PanelKind: Int, Sendable, CaseIterable {
        /// All vectors of a larger panel, or one less.
        case wide, narrow
        /// The last, whose last vector is cut short.
        case last
    }

    /// The code a call needs: for tiles with one row more or less, and for a kind of panel.
    package struct Variant: Hashable, Sendable {
        package var panel: PanelKind
        package var hasLessRows: Bool

        /// Position in a table of ``count`` entries.
        package var index: Int { panel.rawValue * 2 + (hasLessRows ? 1 : 0) }
        /// How many there are.
        package static let count = 6
    }

    private func kind(ofPanel panel: Int) -> PanelKind {
        if panel == panels.count - 1, descriptor.n % lanes != 0 { return .last }
        return panel < panels.largerCount ? .wide : .narrow
    }

    private func vectorCount(_ kind: PanelKind) -> Int {
        switch kind {
        case .wide: panels.largerSize
        case .narrow: panels.largerSize - 1
        case .last: panels[panels.count - 1].count
        }
    }

    /// The kinds of panels there are.
    package var panelKinds: [PanelKind] {
        PanelKind.allCases.filter { kind in (0..<panels.count).contains { self.kind(ofPanel: $0) == kind } }
    }

    /// The code there is.
    package var variants: [Variant] {
        panelKinds.flatMap { panel in
            [Variant(panel: panel, hasLessRows: false)]
                + (rows.largerCount < rows.count ? [Variant(panel: panel, hasLessRows: true)] : [])
        }
    }

    /// What the code of `variant` depends on.
    package func tileDescriptor(_ variant: Variant) -> GemmTileDescriptor {
        let vectors = vectorCount(variant.panel)
        let isInPlace = blocking.weights == .inPlace
        var tile = GemmTileDescriptor(
            tile: GemmTile(rows: rows.largerSize - (variant.hasLessRows ? 1 : 0), vectors: vectors),
            lastLanes: variant.panel == .last ? descriptor.n % lanes : nil,
            srcRowByteCount: descriptor.src.row * 4,
            srcTermByteCount: descriptor.src.column * 4,
            weightsTermByteCount: isInPlace ? descriptor.weights.row * 4 : vectors * lanes * 4,
            areWeightsPadded: !isInPlace,
            dstRowByteCount: descriptor.dstRowElements * 4
        )
        tile.operandRowByteCount = descriptor.operandRowElements * 4
        tile.prefetchLineCount = blocking.prefetchLineCount
        let longSum = 128  // terms: over a thousand cycles
        tile.prefetchesDst = min(descriptor.k, blocking.termsPerBlock) >= longSum
        tile.epilogue = epilogue
        return tile
    }

    /// What the code that packs a panel depends on.
    package func packDescriptor(_ kind: PanelKind) -> GemmPackDescriptor {
        let isTransposed = descriptor.areWeightsTransposed
        return GemmPackDescriptor(
            vectors: vectorCount(kind),
            lastLanes: kind == .last ? descriptor.n % lanes : nil,
            isTransposed: isTransposed,
            strideByteCount: (isTransposed ? descriptor.weights.column : descriptor.weights.row) * 4
        )
    }

    // MARK: Packed weights

    /// Bytes of one packed matrix, with room behind it for what packing writes too much.
    package var packedByteCount: Int { (panels[0..<panels.count].count * descriptor.k + slackElements) * lanes * 4 }

    /// Bytes of one packed panel of one block of terms.
    package var packedBlockByteCount: Int {
        (panels.largerSize * min(descriptor.k, blocking.termsPerBlock) + slackElements) * lanes * 4
    }

    /// Vectors: a square of terms in each vector of a panel.
    private var slackElements: Int { panels.largerSize * lanes }

    /// The calls that pack a whole matrix, panel after panel, each `[K, vectors · lanes]`.
    package func forEachPacking(weights: Int, packed: Int, _ body: (PanelKind, GemmPackArguments) -> Void) {
        for panel in 0..<panels.count {
            let place = packed + panels[panel].lowerBound * descriptor.k * lanes * 4
            body(kind(ofPanel: panel), packing(panel, weights: weights, terms: 0..<descriptor.k, into: place))
        }
    }

    private func packing(_ panel: Int, weights: Int, terms: Range<Int>, into place: Int) -> GemmPackArguments {
        let column = panels[panel].lowerBound * lanes
        let first = terms.lowerBound * descriptor.weights.row + column * descriptor.weights.column
        return GemmPackArguments(weights: weights + first * 4, panel: place, termCount: terms.count, lanes: lanes)
    }

    // MARK: Calls

    /// Where the operands lie, as addresses.
    package struct Operands: Sendable {
        package var src = 0
        /// As they are, unless ``packed`` is given.
        package var weights = 0
        /// All matrices of weights, packed one behind the other; 0 where parts pack their own.
        package var packed = 0
        /// Bytes from one packed matrix to the next.
        package var packedStrideByteCount = 0
        /// Room for ``packedBlockByteCount`` bytes where parts pack their own.
        package var scratch = 0
        package var dst = 0
        /// By position among the epilogue's operands in memory.
        package var epilogue = SIMD4<Int>()

        package init() {}
    }

    /// The rows, those of all products counted, and columns of part `part`.
    package func extents(of part: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        let place = self.place(of: part)
        let tiles = rows[place.tiles]
        let firstRow = place.product * descriptor.m
        let vectors = panels[place.panels]
        return (
            (firstRow + tiles.lowerBound)..<(firstRow + tiles.upperBound),
            (vectors.lowerBound * lanes)..<min(vectors.upperBound * lanes, descriptor.n)
        )
    }

    private func place(of part: Int) -> (product: Int, tiles: Range<Int>, panels: Range<Int>) {
        let (rest, rowPart) = part.quotientAndRemainder(dividingBy: rowParts.count)
        let (product, columnPart) = rest.quotientAndRemainder(dividingBy: columnParts.count)
        return (product, rowParts[rowPart], columnParts[columnPart])
    }

    /// What a part computes.
    private struct Part {
        var tiles: Range<Int>
        var panels: Range<Int>
        /// With the addresses of one product.
        var operands: Operands
        /// The rows of all products before it.
        var firstRow: Int
    }

    /// The calls of part `part`, in order.
    ///
    /// - Parameters:
    ///   - pack: is called where parts pack their own weights, before the calls that read them.
    package func forEachCall(
        of part: Int,
        _ operands: Operands,
        pack: (PanelKind, GemmPackArguments) -> Void,
        multiply: (Variant, GemmArguments) -> Void
    ) {
        let place = self.place(of: part)
        let part = Part(
            tiles: place.tiles,
            panels: place.panels,
            operands: self.operands(operands, product: place.product),
            firstRow: place.product * descriptor.m
        )
        for firstTerm in stride(from: 0, to: descriptor.k, by: blocking.termsPerBlock) {
            let terms = firstTerm..<min(firstTerm + blocking.termsPerBlock, descriptor.k)
            for panel in part.panels {
                var arguments = GemmArguments()
                arguments.roundCount = terms.count / GemmTileDescriptor.termUnroll
                arguments.leftTermCount = terms.count % GemmTileDescriptor.termUnroll
                arguments.continuesSum = terms.lowerBound == 0 ? 0 : 1
                arguments.leavesSum = terms.upperBound == descriptor.k ? 0 : 1
                setWeights(&arguments, panel, terms, part, pack)
                forEachTile(arguments, panel, terms, part, multiply)
            }
        }
    }

    /// The addresses of product `product` of the stack.
    private func operands(_ operands: Operands, product: Int) -> Operands {
        var (src, weights, index) = (0, 0, product)
        for axis in descriptor.batch.indices.reversed() {
            let (quotient, position) = index.quotientAndRemainder(dividingBy: descriptor.batch[axis])
            src += position * descriptor.srcBatchStrides[axis]
            weights += position * descriptor.weightsBatchStrides[axis]
            index = quotient
        }
        var result = operands
        result.src += src * 4
        result.weights += weights * 4
        if operands.packed != 0 {
            result.packed += weights / (descriptor.n * descriptor.k) * operands.packedStrideByteCount
        }
        result.dst += product * descriptor.m * descriptor.dstRowElements * 4
        return result
    }

    private func setWeights(
        _ arguments: inout GemmArguments,
        _ panel: Int,
        _ terms: Range<Int>,
        _ part: Part,
        _ pack: (PanelKind, GemmPackArguments) -> Void
    ) {
        let operands = part.operands
        if operands.packed != 0 {
            let isLastPanel = panel + 1 == part.panels.upperBound
            let isLastBlock = terms.upperBound == descriptor.k
            arguments.weights = packedPlace(panel, terms.lowerBound, operands)
            arguments.nextWeights =
                isLastPanel && !isLastBlock
                ? packedPlace(part.panels.lowerBound, terms.upperBound, operands)
                : packedPlace(min(panel + 1, panels.count - 1), isLastPanel ? 0 : terms.lowerBound, operands)
        } else if blocking.weights == .inPlace {
            let place = terms.lowerBound * descriptor.weights.row + panels[panel].lowerBound * lanes
            arguments.weights = operands.weights + place * 4
            arguments.nextWeights = arguments.weights
        } else {
            pack(
                kind(ofPanel: panel),
                packing(panel, weights: operands.weights, terms: terms, into: operands.scratch)
            )
            arguments.weights = operands.scratch
            arguments.nextWeights = operands.scratch
        }
    }

    /// The address of term `term` of a packed panel.
    private func packedPlace(_ panel: Int, _ term: Int, _ operands: Operands) -> Int {
        let vectors = panels[panel]
        return operands.packed + (vectors.lowerBound * descriptor.k + term * vectors.count) * lanes * 4
    }

    /// The calls for one panel: larger tiles of rows, then smaller ones.
    private func forEachTile(
        _ source: GemmArguments,
        _ panel: Int,
        _ terms: Range<Int>,
        _ part: Part,
        _ body: (Variant, GemmArguments) -> Void
    ) {
        let column = panels[panel].lowerBound * lanes
        let border = min(max(rows.largerCount, part.tiles.lowerBound), part.tiles.upperBound)
        for hasLessRows in [false, true] {
            let tiles = hasLessRows ? border..<part.tiles.upperBound : part.tiles.lowerBound..<border
            if tiles.isEmpty { continue }
            let row = rows[tiles.lowerBound].lowerBound
            var arguments = source
            arguments.src =
                part.operands.src + (row * descriptor.src.row + terms.lowerBound * descriptor.src.column) * 4
            arguments.dst = part.operands.dst + (row * descriptor.dstRowElements + column) * 4
            arguments.tileCount = tiles.count
            setEpilogue(&arguments, row: part.firstRow + row, column: column, part.operands)
            body(Variant(panel: kind(ofPanel: panel), hasLessRows: hasLessRows), arguments)
        }
    }

    private func setEpilogue(_ arguments: inout GemmArguments, row: Int, column: Int, _ operands: Operands) {
        for position in operandExtents.indices {
            var address = operands.epilogue[position]
            switch operandExtents[position] {
            case .channel: address += column * 4
            case .row: address += row * 4
            case .full: address += (row * descriptor.operandRowElements + column) * 4
            default: break
            }
            arguments.operands[position] = address
        }
    }
}
