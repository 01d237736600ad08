// SPDX-License-Identifier: Apache-2.0

public import Alula

extension ImporterRegistry {
    /// Importers of ONNX's operators and of the plugins that PointPillars exports for TensorRT are made of: NVIDIA's
    /// `PPScatterPlugin` (CUDA-PointPillars), `VoxelGeneratorPlugin`, `PillarScatterPlugin` and `DecodeBbox3DPlugin` (TAO).
    public static let pointPillars: ImporterRegistry = {
        var registry = ImporterRegistry.standard
        // Exporters put plugin nodes into ONNX's own domain, or into one of these.
        for domain in ["", "TRT", "trt.plugins", "nvinfer1"] {
            registry.register("PPScatterPlugin", domain: domain, importScatter)
            registry.register("PillarScatterPlugin", domain: domain, importScatter)
            registry.register("VoxelGeneratorPlugin", domain: domain, importVoxelGenerator)
            registry.register("DecodeBbox3DPlugin", domain: domain, importDecode)
        }
        return registry
    }()
}

/// `PPScatterPlugin`, `PillarScatterPlugin`: features `[V, C]` or `[1, V, C]`, cells as frame, layer, row, column, and the
/// number of pillars.
@Sendable
private func importScatter(_ context: inout ImportContext) throws(ImportError) {
    guard let shape = try context.integers("dense_shape"), shape.count == 2 else {
        throw context.unsupported("no attribute 'dense_shape' of two integers", expected: "rows and columns")
    }
    context.emit(
        try context.make { () throws(OperatorError) in
            try PillarScatter(rowCount: shape[0], columnCount: shape[1])
        }
    )
}

/// `VoxelGeneratorPlugin`: points `[1, N, F]` and their number become decorated points `[1, V, S, D]`, cells `[1, V, 4]` and the
/// number of pillars `[1]`.
@Sendable
private func importVoxelGenerator(_ context: inout ImportContext) throws(ImportError) {
    let range = try context.floats("point_cloud_range", count: 6)
    let size = try context.floats("voxel_size", count: 3)
    guard let slots = try context.integer("max_num_points_per_voxel"), let pillars = try context.integer("max_voxels"),
        let width = try context.integer("voxel_feature_num")
    else {
        throw context.unsupported(
            "a missing attribute",
            expected: "max_num_points_per_voxel, max_voxels and voxel_feature_num"
        )
    }
    let declared = context.input(0).flatMap { context.graph[$0].dimensions?.last?.extent }
    let fields = declared ?? (width > 10 ? 5 : 4)
    guard (2...3).contains(width - fields - 3) else {
        throw context.unsupported(
            "voxel_feature_num \(width) for points of \(fields) features",
            expected: "\(fields + 5) or \(fields + 6)"
        )
    }
    let minimum = SIMD3(range[0], range[1], range[2])
    let pillarSize = SIMD3(size[0], size[1], size[2])
    let voxelise = try context.make { () throws(OperatorError) in
        do {
            let grid = try PillarGrid(checking: minimum, SIMD3(range[3], range[4], range[5]), pillarSize)
            return try Voxelise(grid: grid, maxPillars: pillars, maxPointsPerPillar: slots)
        } catch let problem as ParameterProblem {
            throw problem.operatorError(Voxelise.name)
        } catch let error as OperatorError {
            throw error
        } catch {
            throw .unknownOperator(name: Voxelise.name)
        }
    }
    let decoration = PillarDecoration(
        fieldCount: fields,
        referenceAxisCount: width - fields - 3,
        pillarSize: pillarSize,
        referenceOffset: minimum + pillarSize / 2
    )
    let padded = try context.make { () throws(OperatorError) in
        try PaddedPillars(decoration: decoration, isDecorated: true, slotCount: slots)
    }
    emitVoxels(voxelise, padded, pillars: pillars, &context)
}

private func emitVoxels(
    _ voxelise: Voxelise,
    _ padded: PaddedPillars,
    pillars: Int,
    _ context: inout ImportContext
) {
    let name = context.displayName
    let made = context.graph.append(
        voxelise,
        inputs: [context.input(0), context.input(1)],
        outputNames: (0..<6).map { "\(name).\($0)" },
        name: "\(name).voxelise"
    )
    let voxels = context.emitIntermediate(padded, inputs: [made[0], made[1], made[2], made[3], made[5]])
    context.bindOutput(0, to: context.leadingOne(voxels))
    let frames = context.addConstant(Tensor(zeros: .int32, shape: [pillars, 2]))
    let cells = context.emitIntermediate(Concat(axis: 1), inputs: [frames, made[3]])
    context.bindOutput(1, to: context.leadingOne(cells))
    context.bindOutput(2, to: context.first(made[5]))
}

/// `DecodeBbox3DPlugin`: class logits, box codes and direction logits become `[1, H·W·A, 9]` boxes (x, y, z, length, width,
/// height, yaw, class, score), here best first, and their number `[1]`.
@Sendable
private func importDecode(_ context: inout ImportContext) throws(ImportError) {
    let range = try context.floats("point_cloud_range", count: 6)
    let bottoms = try context.floats("anchor_bottom_height") ?? []
    let anchors = try context.floats("anchors", count: bottoms.count * 2 * 4)
    let kinds = (0..<bottoms.count * 2).map { index in
        Anchor(
            length: anchors[index * 4],
            width: anchors[index * 4 + 1],
            height: anchors[index * 4 + 2],
            bottom: bottoms[index / 2],
            rotation: anchors[index * 4 + 3]
        )
    }
    let direction = AnchorDecode.Direction(
        binCount: try context.integer("num_dir_bins", default: 2),
        offset: try context.float("dir_offset", default: 0.78539),
        limitOffset: try context.float("dir_limit_offset", default: 0)
    )
    let threshold = try context.float("score_thresh", default: 0.1)
    let decode = try context.make { () throws(OperatorError) in
        do {
            let set = try AnchorSet(
                minimum: SIMD3(range[0], range[1], range[2]),
                maximum: SIMD3(range[3], range[4], range[5]),
                anchors: kinds,
                isCentred: false,
                coding: .openPCDet
            )
            return try AnchorDecode(
                anchors: set,
                classCount: bottoms.count,
                direction: direction,
                scoreThreshold: threshold,
                limit: 0
            )
        } catch let error as OperatorError {
            throw error
        } catch {
            throw .invalidAttribute(
                operator: AnchorDecode.name,
                attribute: "anchors",
                got: "\(error)",
                expected: "anchors"
            )
        }
    }
    let name = context.displayName
    let made = context.graph.append(
        decode,
        inputs: [context.input(1), context.input(0), context.input(2)],
        outputNames: (0..<6).map { "\(name).\($0)" },
        name: "\(name).decode"
    )
    let labels = context.emitIntermediate(Cast(to: .float32), inputs: [made[2]])
    let columns = [made[0], context.column(labels), context.column(made[1])]
    let table = context.emitIntermediate(Concat(axis: 1), inputs: columns)
    context.bindOutput(0, to: context.leadingOne(table))
    context.bindOutput(1, to: context.first(made[5]))
}

extension ImportContext {
    /// Makes an operator; what it refuses becomes the node's error.
    fileprivate func make<T>(_ body: () throws(OperatorError) -> T) throws(ImportError) -> T {
        do {
            return try body()
        } catch {
            throw .operatorRefused(node: displayName, error: error)
        }
    }

    /// The attribute `name`: exactly `count` real numbers.
    fileprivate func floats(_ name: String, count: Int) throws(ImportError) -> [Float] {
        guard let values = try floats(name), values.count == count, count > 0 else {
            throw unsupported("attribute '\(name)'", expected: "\(count) real numbers")
        }
        return values
    }

    /// `[…]` as `[1, …]`.
    fileprivate mutating func leadingOne(_ value: Graph.ValueID?) -> Graph.ValueID {
        emitIntermediate(Unsqueeze(), inputs: [value, addConstant(Tensor([Int64(0)], shape: [1]))])
    }

    /// `[M]` as `[M, 1]`.
    fileprivate mutating func column(_ value: Graph.ValueID?) -> Graph.ValueID {
        emitIntermediate(Unsqueeze(), inputs: [value, addConstant(Tensor([Int64(1)], shape: [1]))])
    }

    /// The first element, `[1]`.
    fileprivate mutating func first(_ value: Graph.ValueID?) -> Graph.ValueID {
        let bounds = [Int64(0), 1].map { addConstant(Tensor([$0], shape: [1])) }
        return emitIntermediate(Slice(), inputs: [value, bounds[0], bounds[1]])
    }
}
