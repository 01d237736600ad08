// SPDX-License-Identifier: Apache-2.0

internal import AlulaJIT
internal import AlulaOperators
internal import AlulaTensor

/// The tactics of poolings in blocked layout.
enum PoolingTactics {
    /// A few tiles for `MaxPool` without indices and `AveragePool`, one tactic for folds of whole planes.
    @Sendable
    static func tactics(_ problem: KernelProblem) -> [KernelTactic] {
        tactics(problem, tiles: nil) + planes(problem)
    }

    /// Window poolings, by tiles of choice.
    static func tactics(_ problem: KernelProblem, tiles: [WindowTile]?) -> [KernelTactic] {
        guard let pooling = BlockedProblem(problem), let (function, geometry) = window(pooling) else { return [] }
        let axes = geometry.padded(to: 2).axes
        let descriptor = PoolingDescriptor(
            function,
            channels: pooling.src[1],
            rows: axes[0],
            columns: axes[1],
            epilogue: pooling.epilogue
        )
        let (target, batch) = (pooling.target, pooling.src[0])
        guard descriptor.rejection(lanes: target.lanes) == nil else { return [] }
        let blocks = Double(batch * descriptor.blockCount(lanes: target.lanes))
        let ranked = tiles?.map { (tile: $0, cycles: 0) } ?? Array(descriptor.rankedTiles(target).prefix(2))
        return ranked.map { tile, cycles in
            pooling.tactic("window pooling \(tile)", problem, cycles: cycles * blocks) { () throws(JITError) in
                try WindowPooling(descriptor, batch: batch, tile: tile, target: target, cache: .shared)
            }
        }
    }

    private static func window(
        _ pooling: BlockedProblem
    ) -> (function: PoolingDescriptor.Function, geometry: WindowGeometry)? {
        guard let src = pooling.inputs.first??.shape else { return nil }
        if let pool = pooling.producer as? MaxPool, let geometry = try? pool.geometry(src: src) {
            return (.maximum, geometry)
        }
        if let pool = pooling.producer as? AveragePool, let geometry = try? pool.geometry(src: src) {
            return (.average(countsPadding: pool.countsPadding), geometry)
        }
        return nil
    }

    /// `GlobalMaxPool`, `GlobalAveragePool`, and `ReduceMean` and `ReduceSum` over all spatial axes, known beforehand.
    private static func planes(_ problem: KernelProblem) -> [KernelTactic] {
        guard let target = problem.target, let layout = problem.blockedLayout else { return [] }
        let fused = problem.operation as? Fused
        guard let src = problem.inputs.first ?? nil, src.dataType == .float32, (3...4).contains(src.shape.rank),
            src.shape.elementCount > 0, problem.outputs.first?.dataType == .float32,
            let function = fold(fused?.producer ?? problem.operation, src.shape, problem),
            let epilogue = Epilogue(blocked: fused?.stages ?? [], problem)
        else { return [] }
        let descriptor = PlanePoolingDescriptor(
            function,
            channels: src.shape[1],
            positions: src.shape.elementCount(in: 2..<src.shape.rank),
            epilogue: epilogue
        )
        guard descriptor.rejection(lanes: target.lanes) == nil else { return [] }
        let cyclesPerByte = 0.1
        return [
            KernelTactic(
                "plane pooling",
                inputLayouts: epilogue.inputLayouts([layout], problem),
                outputLayout: layout,
                estimatedNanoseconds: Double(src.byteCount) * cyclesPerByte / ConvolutionTactics.cyclesPerNanosecond
            ) {
                do throws(JITError) {
                    return try PlanePooling(descriptor, batch: src.shape[0], target: target, cache: .shared)
                } catch {
                    assertionFailure("\(error)")  // a few vectors fit every register file
                    return nil
                }
            }
        ]
    }

    private static func fold(
        _ producer: any Operator,
        _ src: Shape,
        _ problem: KernelProblem
    ) -> PlanePoolingDescriptor.Function? {
        switch producer {
        case is GlobalMaxPool: return .maximum
        case is GlobalAveragePool: return .mean
        case is ReduceMean, is ReduceSum:
            guard problem.isConstant(1), let axes = problem.constants[1]?.integers(),
                Set(axes.compactMap { src.normalizedAxis($0) }) == Set(2..<src.rank)
            else { return nil }
            return producer is ReduceMean ? .mean : .sum
        default: return nil
        }
    }
}
