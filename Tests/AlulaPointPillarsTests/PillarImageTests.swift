// SPDX-License-Identifier: Apache-2.0

import Alula
import AlulaPointPillars
import AlulaTesting
import Testing

@Suite struct PillarScatterTests {
    @Test(arguments: [1, 4, 5, 9])
    func featuresLandInTheirCellsAndNowhereElse(channels: Int) throws {
        let configuration = try Small.configuration()
        let voxels = try voxelTensors(try Small.cloud(60), configuration)
        let features = random([200, channels], seed: 4)
        let operation = try PillarScatter(rowCount: 16, columnCount: 24)
        let inputs: [Tensor?] = [features, voxels[3], voxels[5]]
        let grid = voxels[4].elements(as: Int32.self)
        let values = features.elements(as: Float.self)
        for output in [try run(operation, inputs)[0], try runParts(operation, inputs)[0]] {
            #expect(output.shape == [1, channels, 16, 24])
            let image = output.elements(as: Float.self)
            for channel in 0..<channels {
                for (cell, pillar) in grid.enumerated() {
                    let expected = pillar < 0 ? 0 : values[Int(pillar) * channels + channel]
                    #expect(image[channel * 384 + cell] == expected)
                }
            }
        }
    }

    @Test func pluginsCoordinatesAreFrameLayerRowColumn() throws {
        let operation = try PillarScatter(rowCount: 3, columnCount: 5)
        let features = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [1, 3, 2])
        let cells = Tensor([0, 0, 2, 4, 0, 0, 0, 1, 9, 9, 9, 9] as [Int32], shape: [1, 3, 4])
        let image = try run(operation, [features, cells, Tensor([Int32(2)], shape: [1])])[0].elements(as: Float.self)
        #expect(image[14] == 1 && image[15 + 14] == 2 && image[1] == 3 && image[15 + 1] == 4)
        #expect(image.count { $0 != 0 } == 4)
    }

    @Test func cellsOutsideTheImageAreRefused() throws {
        let operation = try PillarScatter(rowCount: 3, columnCount: 5)
        for cell: [Int32] in [[3, 0], [0, 5], [-1, 0]] {
            let inputs = [
                Tensor([1] as [Float], shape: [1, 1]), Tensor(cell, shape: [1, 2]), Tensor([Int32(1)], shape: [1]),
            ]
            #expect(throws: OperatorError.self) { try run(operation, inputs) }
            #expect(throws: OperatorError.self) { try runParts(operation, inputs) }
        }
    }
}

@Suite struct PillarConvolutionTests {
    struct Window: Sendable {
        var kernel: Int
        var stride: Int
        var pad: Int
        var isRectified: Bool
    }

    static let windows = [
        Window(kernel: 3, stride: 2, pad: 1, isRectified: true),
        Window(kernel: 3, stride: 1, pad: 1, isRectified: false),
        Window(kernel: 1, stride: 1, pad: 0, isRectified: true),
        Window(kernel: 5, stride: 3, pad: 0, isRectified: true),
        Window(kernel: 4, stride: 4, pad: 2, isRectified: false),
    ]

    /// `[O, C, KH, KW]` as `[KH, KW, C, O]`.
    private func arranged(_ weights: Tensor) -> Tensor {
        let (outputs, channels, kernel) = (weights.shape[0], weights.shape[1], weights.shape[2])
        let source = weights.elements(as: Float.self)
        let values = (0..<source.count).map { index in
            let (rest, output) = index.quotientAndRemainder(dividingBy: outputs)
            let (tap, channel) = rest.quotientAndRemainder(dividingBy: channels)
            return source[(output * channels + channel) * kernel * kernel + tap]
        }
        return Tensor(values, shape: [kernel, kernel, channels, outputs])
    }

    @Test(arguments: windows, [0, 1, 30, 2000])
    func resultIsThatOfTheDenseConvolution(window: Window, pointCount: Int) throws {
        let configuration = try Small.configuration(maxPillars: 400)
        let voxels = try voxelTensors(try Small.cloud(pointCount, seed: 8), configuration)
        let features = random([400, 6], seed: 21)
        let weights = random([19, 6, window.kernel, window.kernel], seed: 22)
        let bias = random([19], seed: 23)
        let scatter = try PillarScatter(rowCount: 16, columnCount: 24)
        let image = try run(scatter, [features, voxels[3], voxels[5]])[0]
        let pads = [window.pad, window.pad]
        let dense = Conv(
            window: WindowParameters(strides: [window.stride, window.stride], padsBegin: pads, padsEnd: pads)
        )
        var expected = try run(dense, [image, weights, bias])[0]
        if window.isRectified { expected = try run(Relu(), [expected])[0] }
        let operation = try PillarConvolution(
            stride: window.stride,
            pad: window.pad,
            isRectified: window.isRectified
        )
        let inputs: [Tensor?] = [features, voxels[4], voxels[5], arranged(weights), bias]
        let tolerance = Tolerance(relative: 1e-5, absolute: 1e-5)
        #expect(difference(try run(operation, inputs)[0], expected, within: tolerance).failure == nil)
        for parts in [nil, 1, 4] {
            let got = try runParts(operation, inputs, parts: parts)[0]
            #expect(difference(got, expected, within: tolerance).failure == nil)
        }
    }

    @Test func shapesThatDoNotFitAreNamed() throws {
        let operation = try PillarConvolution(stride: 2, pad: 1, isRectified: true)
        let types = [
            TensorType(.float32, [400, 6]), TensorType(.int32, [16, 24]), TensorType(.int32, [8]),
            TensorType(.float32, [3, 3, 6, 19]), TensorType(.float32, [19]),
        ]
        #expect(
            try operation.inferOutputs(types.map { OperatorInput($0) }) == [TensorType(.float32, [1, 19, 8, 12])]
        )
        for (index, shape) in [(3, [3, 3, 7, 19] as Shape), (4, [18]), (3, [30, 3, 6, 19])] {
            var wrong = types
            wrong[index].shape = shape
            #expect(throws: OperatorError.self) { try operation.inferOutputs(wrong.map { OperatorInput($0) }) }
        }
    }
}

@Suite struct PaddedPillarsTests {
    @Test func slotsHoldPointsThenZeros() throws {
        let configuration = try Small.configuration()
        let cloud = try Small.cloud(300)
        let voxels = try voxelTensors(cloud, configuration)
        let decoration = PillarDecoration(
            fieldCount: 4,
            referenceAxisCount: 3,
            pillarSize: configuration.grid.pillarSize,
            referenceOffset: SIMD3(0.25, -3.75, -1)
        )
        let inputs: [Tensor?] = [voxels[0], voxels[1], voxels[2], voxels[3], voxels[5]]
        let raw = try PaddedPillars(decoration: decoration, isDecorated: false, slotCount: 8)
        let expected = try voxelise(cloud, configuration).padded(slots: 8)
        let got = try runParts(raw, inputs)[0].elements(as: Float.self)
        #expect(Array(got.prefix(expected.count)) == expected)
        #expect(got.dropFirst(expected.count).allSatisfy { $0 == 0 })
        let decorated = try PaddedPillars(decoration: decoration, isDecorated: true, slotCount: 8)
        let features = try runParts(decorated, inputs)[0]
        #expect(features.shape == [200, 8, 10])
        let values = features.elements(as: Float.self)
        let counts = voxels[1].elements(as: Int32.self)
        for pillar in 0..<200 {
            for axis in 4..<7 {
                let offsets = (0..<8).map { values[(pillar * 8 + $0) * 10 + axis] }
                #expect(abs(offsets.reduce(0, +)) < 1e-4, "distances from the mean cancel")
            }
            for slot in Int(counts[pillar])..<8 {
                #expect(values[(pillar * 8 + slot) * 10..<(pillar * 8 + slot + 1) * 10].allSatisfy { $0 == 0 })
            }
        }
    }
}
