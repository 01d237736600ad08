// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// Which output of a network is which detection head, and whether channels come first.
struct DetectionHeads {
    /// One head.
    struct Head {
        var output: Graph.ValueID
        var isChannelFirst: Bool
    }

    var box: Head
    var classes: Head
    var direction: Head?
    /// Rows of the head's output.
    var rowCount: Int
    /// Columns of the head's output.
    var columnCount: Int

    /// Tells the heads among `outputs` by their channels, and by name where two have as many.
    ///
    /// - Throws: ``PointPillarsError/mismatch(what:model:configuration:)`` when one is missing or they differ in extent.
    init(
        _ outputs: [(value: Graph.ValueID, name: String, shape: Shape)],
        _ configuration: PointPillarsConfiguration
    ) throws(PointPillarsError) {
        // All heads of a network are laid out alike, so an extent that happens to equal a number of channels misleads nobody.
        var search = HeadSearch(outputs, channelAxis: 3)
        do {
            self = try search.heads(configuration)
        } catch {
            var other = HeadSearch(outputs, channelAxis: 1)
            let heads: DetectionHeads
            do {
                heads = try other.heads(configuration)
            } catch let second {
                throw other.foundCount > search.foundCount ? second : error
            }
            self = heads
        }
        try require(configuration.headStride, configuration.grid)
    }

    fileprivate init(box: Head, classes: Head, direction: Head?, rowCount: Int, columnCount: Int) {
        self.box = box
        self.classes = classes
        self.direction = direction
        self.rowCount = rowCount
        self.columnCount = columnCount
    }

    private func require(_ stride: Int?, _ grid: PillarGrid) throws(PointPillarsError) {
        guard let stride else { return }
        let cells = [grid.rowCount / stride, grid.columnCount / stride]
        guard [rowCount, columnCount] == cells else {
            throw .mismatch(
                what: "cells of the detection head",
                model: "\(rowCount) rows, \(columnCount) columns",
                configuration: "\(cells[0]) and \(cells[1]), one for \(stride) pillars (feature_map_stride)"
            )
        }
    }
}

/// Looks for the heads among a network's outputs, with the channels on one axis.
private struct HeadSearch {
    private var rest: [(value: Graph.ValueID, name: String, shape: Shape)]
    private let channelAxis: Int
    private let described: String
    private var extents: [[Int]] = []

    init(_ outputs: [(value: Graph.ValueID, name: String, shape: Shape)], channelAxis: Int) {
        rest = outputs
        self.channelAxis = channelAxis
        described = outputs.map { "'\($0.name)' \($0.shape)" }.joined(separator: ", ")
    }

    /// How far the search came.
    var foundCount: Int { extents.count }

    mutating func heads(_ configuration: PointPillarsConfiguration) throws(PointPillarsError) -> DetectionHeads {
        let anchors = configuration.anchors.anchors.count
        let classCount = configuration.classNames.count
        let box = try take("box codes", anchors, configuration.anchors.codeCount, names: ["box", "reg"])
        let classes = try take("logits of \(classCount) classes", anchors, classCount, names: ["cls", "score", "conf"])
        var direction: DetectionHeads.Head?
        if let binCount = configuration.direction?.binCount {
            direction = try take("logits of \(binCount) directions", anchors, binCount, names: ["dir"])
        }
        guard extents.allSatisfy({ $0 == extents[0] }) else {
            throw .mismatch(
                what: "detection head",
                model: "outputs \(described)",
                configuration: "heads of equal height and width"
            )
        }
        return DetectionHeads(
            box: box,
            classes: classes,
            direction: direction,
            rowCount: extents[0][0],
            columnCount: extents[0][1]
        )
    }

    private mutating func take(
        _ what: String,
        _ anchors: Int,
        _ each: Int,
        names: [String]
    ) throws(PointPillarsError) -> DetectionHeads.Head {
        let channels = anchors * each
        let fitting = rest.indices.filter { index in
            let shape = rest[index].shape
            return shape.rank == 4 && shape[0] == 1 && shape[channelAxis] == channels
        }
        let named = fitting.first { index in names.contains { rest[index].name.lowercased().contains($0) } }
        guard let index = named ?? fitting.first else {
            throw .mismatch(
                what: "detection head",
                model: "outputs \(described)",
                configuration: "\(what) with \(channels) channels, \(anchors) anchors a cell"
            )
        }
        let chosen = rest.remove(at: index)
        let isChannelFirst = channelAxis == 1
        extents.append(isChannelFirst ? [chosen.shape[2], chosen.shape[3]] : [chosen.shape[1], chosen.shape[2]])
        return DetectionHeads.Head(output: chosen.value, isChannelFirst: isChannelFirst)
    }
}
