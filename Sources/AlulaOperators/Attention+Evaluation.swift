// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// The extents of an attention, whether heads are packed or not.
package struct AttentionProblem {
    package let batch: Int
    /// Heads of query.
    package let heads: Int
    /// Heads of key and value.
    package let keyHeads: Int
    /// `S`.
    package let queryCount: Int
    /// `P`.
    package let pastCount: Int
    /// `P + T`.
    package let keyCount: Int
    /// `D`.
    package let extent: Int
    /// `DV`.
    package let valueExtent: Int
    /// Whether heads are packed into the last axes.
    package let isPacked: Bool

    /// Checks `shapes`, those of query, key, value, mask, past key and past value.
    package init(_ operation: Attention, _ shapes: [Shape?]) throws(OperatorError) {
        func mismatch(_ input: Int, _ expected: String) -> OperatorError {
            .shapeMismatch(
                operator: Attention.name,
                input: input,
                got: (input < shapes.count ? shapes[input] : nil) ?? .scalar,
                expected: expected
            )
        }
        let given = shapes + [Shape?](repeating: nil, count: max(0, 6 - shapes.count))
        guard let query = given[0], query.rank == 3 || query.rank == 4 else { throw mismatch(0, "rank 3 or 4") }
        let isPacked = query.rank == 3
        /// Batch, heads, positions and extent of operand `input`.
        func split(_ input: Int, _ packedHeads: Int?) throws(OperatorError) -> [Int] {
            guard let shape = given[input], shape.rank == query.rank, shape[0] == query[0] else {
                throw mismatch(input, "rank \(query.rank) and batch \(query[0]), as the query")
            }
            guard isPacked else { return shape.extents }
            guard let packedHeads, packedHeads > 0, shape[2] % packedHeads == 0 else {
                throw mismatch(input, "a last axis that the number of heads divides")
            }
            return [shape[0], packedHeads, shape[1], shape[2] / packedHeads]
        }
        let (q, k) = (try split(0, operation.queryHeads), try split(1, operation.keyHeads))
        let v = try split(2, operation.keyHeads)
        guard k[1] > 0, q[1] % k[1] == 0, k[3] == q[3] else {
            throw mismatch(1, "heads that divide \(q[1]), of \(q[3]) elements")
        }
        guard v[1] == k[1], v[2] == k[2] else { throw mismatch(2, "\(k[1]) heads of \(k[2]) positions, as the key") }
        let past = given[4].map { $0.rank == 4 ? $0[2] : -1 } ?? 0
        for (input, extent) in [(4, k[3]), (5, v[3])] {
            guard given[4] != nil || given[5] != nil else { break }
            guard past >= 0, given[input] == Shape([q[0], k[1], past, extent]) else {
                throw mismatch(input, "[\(q[0]), \(k[1]), past, \(extent)], for keys and values alike")
            }
        }
        keyCount = past + k[2]
        let scores = [q[0], q[1], q[2], keyCount]
        if let mask = given[3], !Self.fits(mask, scores) { throw mismatch(3, "a shape that broadcasts to \(scores)") }
        self.isPacked = isPacked
        batch = q[0]
        heads = q[1]
        keyHeads = k[1]
        queryCount = q[2]
        pastCount = past
        extent = q[3]
        valueExtent = v[3]
    }

    /// Whether a mask broadcasts to the scores, or to the first keys of them.
    private static func fits(_ mask: Shape, _ scores: [Int]) -> Bool {
        guard let keyCount = mask.last, keyCount <= scores[3] else { return false }
        let target = Shape(scores.dropLast() + [keyCount])
        return mask.broadcast(with: target) == target
    }

    /// Extents of dst, all keys, all values and scores.
    var outputShapes: [[Int]] {
        [
            isPacked ? [batch, queryCount, heads * valueExtent] : [batch, heads, queryCount, valueExtent],
            [batch, keyHeads, keyCount, extent], [batch, keyHeads, keyCount, valueExtent],
            [batch, heads, queryCount, keyCount],
        ]
    }

    /// Copies `present` behind `past`: `[N, HK, P + T, extent]`.
    func joined(_ past: [Double]?, _ present: [Double], extent: Int) -> [Double] {
        var joined: [Double] = []
        let count = keyCount - pastCount
        for n in 0..<batch {
            for head in 0..<keyHeads {
                let row = n * keyHeads + head
                if let past { joined += past[row * pastCount * extent..<(row + 1) * pastCount * extent] }
                for position in 0..<count {
                    let start = index(n, head, position, of: count, keyHeads) * extent
                    joined += present[start..<start + extent]
                }
            }
        }
        return joined
    }

    /// The row of a position in an operand with `count` positions and `heads` heads.
    func index(_ n: Int, _ head: Int, _ position: Int, of count: Int, _ heads: Int) -> Int {
        isPacked ? (n * count + position) * heads + head : (n * heads + head) * count + position
    }
}

extension Attention {
    /// The scalar definition, in double precision; every output is rounded once.
    public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let query = inputs[0], let key = inputs[1], let value = inputs[2] else { return }
        let problem = try AttentionProblem(self, inputs.map { $0?.shape })
        let queries = query.doubles()
        let keys = problem.joined(inputs.operand(4)?.doubles(), key.doubles(), extent: problem.extent)
        let values = problem.joined(inputs.operand(5)?.doubles(), value.doubles(), extent: problem.valueExtent)
        let mask = maskRows(inputs.operand(3), problem)
        var dst = [Double](
            repeating: 0,
            count: query.shape[0] * problem.heads * problem.queryCount * problem.valueExtent
        )
        var stages: [Double] = []
        for n in 0..<problem.batch {
            for head in 0..<problem.heads {
                let keyRow = (n * problem.keyHeads + head / (problem.heads / problem.keyHeads)) * problem.keyCount
                for s in 0..<problem.queryCount {
                    let row = problem.index(n, head, s, of: problem.queryCount, problem.heads)
                    let scores = scores(queries, row: row, keys, from: keyRow, problem)
                    let bias = mask(n, head, s)
                    let (weights, stage) = self.weights(scores, bias)
                    stages += stage
                    for (t, weight) in weights.enumerated() where weight != 0 {
                        for d in 0..<problem.valueExtent {
                            dst[row * problem.valueExtent + d] +=
                                weight * values[(keyRow + t) * problem.valueExtent + d]
                        }
                    }
                }
            }
        }
        for (index, result) in [dst, keys, values, stages].enumerated() { outputs.operand(index)?.store(result) }
    }

    /// The scaled products of one query with all keys.
    private func scores(
        _ queries: [Double],
        row: Int,
        _ keys: [Double],
        from keyRow: Int,
        _ problem: AttentionProblem
    ) -> [Double] {
        let scale = scale.map(Double.init) ?? 1 / Double(problem.extent).squareRoot()
        return (0..<problem.keyCount).map { t in
            var sum = 0.0
            for d in 0..<problem.extent {
                sum += queries[row * problem.extent + d] * keys[(keyRow + t) * problem.extent + d]
            }
            return sum * scale
        }
    }

    /// The softmax of one query's scores, and the scores at the stage asked for.
    private func weights(_ products: [Double], _ bias: [Double]) -> (weights: [Double], stage: [Double]) {
        let cap = Double(softcap)
        let capped = cap > 0 ? products.map { cap * ElementaryFunctions.tanh($0 / cap) } : products
        let masked = zip(capped, bias).map { $0 + $1 }
        let largest = masked.max() ?? 0
        // All keys are masked: nothing to attend to.
        let isEmpty = bias.allSatisfy { $0 == -.infinity }
        let powers = isEmpty ? masked.map { _ in 0 } : masked.map { ElementaryFunctions.exp($0 - largest) }
        let sum = powers.reduce(0, +)
        let weights = isEmpty ? powers : powers.map { $0 / sum }
        switch scoreStage {
        case .products: return (weights, products)
        case .capped: return (weights, capped)
        case .masked: return (weights, masked)
        case .weights: return (weights, weights)
        }
    }

    /// What is added to the scores of one query: the mask, and −∞ where it may not attend.
    private func maskRows(
        _ mask: Tensor?,
        _ problem: AttentionProblem
    ) -> (_ n: Int, _ head: Int, _ query: Int) -> [Double] {
        let isBool = mask?.dataType == .bool
        let values = mask?.doubles() ?? []
        let extent = mask.map { $0.shape[$0.shape.rank - 1] } ?? problem.keyCount
        // A mask of one key broadcasts; any other one that is too short hides the rest.
        let isBroadcast = extent == 1 && mask != nil && problem.keyCount != 1
        let target = Shape([problem.batch, problem.heads, problem.queryCount, extent])
        let strides = mask?.shape.broadcastStrides(to: target) ?? [0, 0, 0, 0]
        return { n, head, query in
            (0..<problem.keyCount).map { t in
                if isCausal, t > problem.pastCount + query { return -.infinity }
                guard mask != nil else { return 0 }
                guard t < extent || isBroadcast else { return -.infinity }
                let value = values[
                    n * strides[0] + head * strides[1] + query * strides[2] + (isBroadcast ? 0 : t) * strides[3]
                ]
                return isBool ? (value != 0 ? 0 : -.infinity) : value
            }
        }
    }
}
