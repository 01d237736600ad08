// SPDX-License-Identifier: Apache-2.0

package import AlulaJIT

/// What the code that packs a panel of weights depends on.
package struct GemmPackDescriptor: Hashable, Sendable {
    /// Width of the panel.
    package var vectors: Int
    /// Columns of the last vector that exist; nil when all do.
    package var lastLanes: Int?
    /// Whether the terms of a column lie side by side, instead of the columns of a term.
    package var isTransposed: Bool
    /// From a weight to that of the next term, or, transposed, of the next column.
    package var strideByteCount: Int

    package init(vectors: Int, lastLanes: Int?, isTransposed: Bool, strideByteCount: Int) {
        self.vectors = vectors
        self.lastLanes = lastLanes
        self.isTransposed = isTransposed
        self.strideByteCount = strideByteCount
    }
}

/// The fields generated code reads. Addresses and counts.
package struct GemmPackArguments: BitwiseCopyable, Sendable {
    /// The first term's first column.
    package var weights = 0
    /// `[terms, vectors · lanes]`; transposed weights may fill up to a vector's lanes of terms behind the last.
    package var panel = 0
    /// Terms: whole vectors of them, and those left over.
    package var roundCount = 0
    package var leftTermCount = 0

    package init() {}

    /// The arguments for `termCount` terms.
    package init(weights: Int, panel: Int, termCount: Int, lanes: Int) {
        self.weights = weights
        self.panel = panel
        roundCount = termCount / lanes
        leftTermCount = termCount % lanes
    }
}

/// Generates the packing of a panel of weights: `panel[term, column] = weights[term, column]`, zero behind the last column.
///
/// Transposed weights go through registers in squares.
package struct GemmPackGenerator {
    private let jit: KernelBuilder
    private let descriptor: GemmPackDescriptor
    private let weights: IntegerVariable
    private let panel: IntegerVariable

    /// The program for `descriptor`.
    package static func program(_ descriptor: GemmPackDescriptor, target: VectorTarget) -> KernelProgram {
        let generator = GemmPackGenerator(descriptor, target)
        if descriptor.isTransposed { generator.generateTransposed() } else { generator.generateCopy() }
        return generator.jit.finish()
    }

    private init(_ descriptor: GemmPackDescriptor, _ target: VectorTarget) {
        let order = descriptor.isTransposed ? "_transposed" : ""
        jit = KernelBuilder(name: "f32_gemmpack\(order)_\(descriptor.vectors * target.lanes)", target: target)
        self.descriptor = descriptor
        weights = jit.argument("weights", at: MemoryLayout<GemmPackArguments>.offset(of: \.weights))
        panel = jit.argument("panel", at: MemoryLayout<GemmPackArguments>.offset(of: \.panel))
    }

    private var panelTermByteCount: Int { descriptor.vectors * jit.vectorByteCount }
    private var wholeVectors: Int { descriptor.vectors - (descriptor.lastLanes == nil ? 0 : 1) }

    private func loaded(_ role: String, _ path: PartialKeyPath<GemmPackArguments>) -> IntegerVariable {
        jit.argument(role, at: MemoryLayout<GemmPackArguments>.offset(of: path))
    }

    // MARK: Columns side by side

    private func generateCopy() {
        let tail = descriptor.lastLanes.map { lanes in
            let mask = jit.mask("tail")
            jit.lanesBelow(mask, jit.integer("last lanes", lanes))
            return mask
        }
        jit.loop("rounds left", count: loaded("rounds", \.roundCount)) { _ in copyTerms(jit.lanes, tail) }
        jit.loop("terms left", count: loaded("terms", \.leftTermCount)) { _ in copyTerms(1, tail) }
    }

    /// `count` terms in straight code.
    private func copyTerms(_ count: Int, _ tail: LaneMask?) {
        for term in 0..<count {
            for vector in 0..<descriptor.vectors {
                let value = jit.floats("value")
                let place = term * descriptor.strideByteCount + vector * jit.vectorByteCount
                jit.load(value, from: weights[place], where: vector < wholeVectors ? nil : tail)
                jit.store(value, to: panel[term * panelTermByteCount + vector * jit.vectorByteCount])
            }
        }
        jit.advance(weights, by: count * descriptor.strideByteCount)
        jit.advance(panel, by: count * panelTermByteCount)
    }

    // MARK: Terms side by side

    private func generateTransposed() {
        jit.loop("vectors left", count: wholeVectors) { _ in
            transposeColumns(jit.lanes)
            jit.advance(weights, by: jit.lanes * descriptor.strideByteCount)
            jit.advance(panel, by: jit.vectorByteCount)
        }
        if let lanes = descriptor.lastLanes { transposeColumns(lanes) }
    }

    /// All terms of the next `columnCount` columns.
    private func transposeColumns(_ columnCount: Int) {
        let source = jit.integer("source", weights)
        let target = jit.integer("target", panel)
        jit.loop("squares left", count: loaded("rounds", \.roundCount)) { _ in
            transposeSquare(columnCount, from: source, to: target, where: nil)
            jit.advance(source, by: jit.vectorByteCount)
            jit.advance(target, by: jit.lanes * panelTermByteCount)
        }
        let left = loaded("terms", \.leftTermCount)
        jit.when(left, .notEqual, 0) {
            let mask = jit.mask("terms")
            jit.lanesBelow(mask, left)
            transposeSquare(columnCount, from: source, to: target, where: mask)
        }
    }

    /// `lanes` terms of `columnCount` columns, the others zero.
    private func transposeSquare(
        _ columnCount: Int,
        from source: IntegerVariable,
        to target: IntegerVariable,
        where mask: LaneMask?
    ) {
        let rows = (0..<jit.lanes).map { column in
            let row = jit.floats("row[\(column)]")
            if column < columnCount {
                jit.load(row, from: source[column * descriptor.strideByteCount], where: mask)
            } else {
                jit.set(row, to: 0)
            }
            return row
        }
        for (term, column) in jit.transposed(rows).enumerated() {
            jit.store(column, to: target[term * panelTermByteCount])
        }
    }
}
