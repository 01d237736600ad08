// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor
internal import Testing

@Suite struct PoolingTests {
    /// A random pooling; the taps of a window as src indices, those in the padding included.
    private struct Problem {
        var kernel: [Int]
        var window: WindowParameters
        var ceilMode: Bool
        var src: Tensor

        init(seed: Int, rank: Int) {
            var random = ProblemGenerator(seed: UInt64(seed))
            let kernel = (0..<rank).map { _ in random.integer(in: 1...3) }
            self.kernel = kernel
            window = WindowParameters(
                strides: kernel.map { _ in random.integer(in: 1...3) },
                dilations: kernel.map { _ in random.integer(in: 1...2) },
                padsBegin: kernel.map { random.integer(in: 0...$0 - 1) },
                padsEnd: kernel.map { random.integer(in: 0...$0 - 1) }
            )
            ceilMode = seed % 2 == 1
            src = random.floats(Shape([2, 2] + kernel.map { _ in random.integer(in: 5...7) }))
        }

        func taps(_ dst: [Int]) -> [[Int]] {
            indices(kernel).map { tap in
                var index = [dst[0], dst[1]]
                for axis in kernel.indices {
                    let start = dst[axis + 2] * window.strides[axis] - window.padsBegin[axis]
                    index.append(start + tap[axis] * window.dilations[axis])
                }
                return index
            }
        }

        func isInside(_ index: [Int]) -> Bool { zip(index, src.shape).allSatisfy { $0 >= 0 && $0 < $1 } }

        func isInsidePadding(_ index: [Int]) -> Bool {
            kernel.indices.allSatisfy { index[$0 + 2] < src.shape[$0 + 2] + window.padsEnd[$0] }
        }
    }

    @Test(arguments: 1...3, 0..<12)
    func largestElementsAndTheirIndicesMatchTheDefinition(rank: Int, seed: Int) throws {
        let problem = Problem(seed: seed, rank: rank)
        let pool = MaxPool(kernelShape: problem.kernel, window: problem.window, ceilMode: problem.ceilMode)
        let outputs = try evaluateAll(pool, [problem.src])
        let expected = makeTensor(outputs[0].shape) { dst in
            problem.taps(dst).filter(problem.isInside).map { problem.src.at($0) }.max() ?? -.infinity
        }
        #expect(largestDifference(outputs[0], expected) == 0, "seed \(seed)")
        let source = problem.src.span(of: Float.self)
        for (value, index) in zip(outputs[0].elements(as: Float.self), outputs[1].elements(as: Int64.self)) {
            #expect(source[Int(index)] == value)
        }
    }

    @Test(arguments: 1...3, 0..<24)
    func meansMatchTheDefinition(rank: Int, seed: Int) throws {
        let countsPadding = seed % 4 >= 2
        let problem = Problem(seed: seed, rank: rank)
        let pool = AveragePool(
            kernelShape: problem.kernel,
            window: problem.window,
            ceilMode: problem.ceilMode,
            countsPadding: countsPadding
        )
        let dst = try evaluateFirst(pool, problem.src)
        let expected = makeTensor(dst.shape) { index in
            let taps = problem.taps(index)
            let sum = taps.map { problem.src.at($0) }.reduce(0, +)
            let count = taps.filter(countsPadding ? problem.isInsidePadding : problem.isInside).count
            return sum / Double(max(count, 1))
        }
        #expect(largestDifference(dst, expected) < 1e-6, "seed \(seed)")
        #expect(try AveragePool(attributes: pool.attributes).attributes == pool.attributes)
    }

    @Test func ceilModeAddsNoWindowThatStartsInThePadding() throws {
        let window = WindowParameters(strides: [3], padsBegin: [0], padsEnd: [1])
        for (extent, count) in [(3, 1), (4, 2), (6, 2), (7, 3)] {
            let axis = try window.geometry(srcExtents: [extent], kernelExtents: [2], ceilMode: true, for: "MaxPool")
                .axes[0]
            #expect(axis.dstExtent == count, "\(extent) elements")
        }
    }

    @Test func columnMajorIndicesCountTheFirstAxisFastest() throws {
        let src = Tensor((0..<24).map { Float($0) }, shape: [1, 2, 3, 4])
        let whole = MaxPool(kernelShape: [3, 4], isColumnMajor: true)
        // The last element of each channel is last in either order; the last of the first row is element 9.
        #expect(try evaluateAll(whole, [src])[1].elements(as: Int64.self) == [11, 23])
        let row = MaxPool(kernelShape: [1, 4], isColumnMajor: true)
        #expect(try evaluateAll(row, [src])[1].elements(as: Int64.self).prefix(3) == [9, 10, 11])
    }

    @Test func integersArePooledInTheirOwnType() throws {
        let src = Tensor([-128, -5, -7, -128] as [Int8], shape: [1, 1, 4])
        let dst = try evaluateFirst(MaxPool(kernelShape: [2]), src)
        #expect(dst.elements(as: Int8.self) == [-5, -5, -7])
        let lowest = try evaluateAll(MaxPool(kernelShape: [1]), [src])
        #expect(lowest[0].elements(as: Int8.self)[0] == -128 && lowest[1].elements(as: Int64.self)[0] == 0)
    }

    @Test func notANumberIsNeverTheLargest() throws {
        let src = Tensor([.nan, 1, .nan, .nan] as [Float], shape: [1, 1, 4])
        let window = WindowParameters(strides: [2])
        let dst = try evaluateFirst(MaxPool(kernelShape: [2], window: window), src).elements(as: Float.self)
        #expect(dst == [1, -.infinity])
        #expect(try evaluateFirst(GlobalMaxPool(), src).elements(as: Float.self) == [1])
    }

    @Test func globalPoolingsKeepTheRank() throws {
        let src = Tensor((0..<24).map { Float($0) }, shape: [2, 1, 3, 4])
        let mean = try evaluateFirst(GlobalAveragePool(), src)
        #expect(mean.shape == [2, 1, 1, 1] && mean.elements(as: Float.self) == [5.5, 17.5])
        #expect(try evaluateFirst(GlobalMaxPool(), src).elements(as: Float.self) == [11, 23])
    }

    @Test func unfitPoolingsAreNamed() {
        let cases: [(any Operator, Shape)] = [
            (MaxPool(kernelShape: [2]), [1, 1, 1]), (MaxPool(kernelShape: [2, 2]), [1, 1, 4]),
            (MaxPool(kernelShape: [0]), [1, 1, 4]), (AveragePool(kernelShape: [2]), [1, 4]),
            (AveragePool(kernelShape: [-1]), [1, 1, 4]), (GlobalMaxPool(), [3]),
        ]
        for (pool, src) in cases {
            #expect(throws: OperatorError.self, "\(pool)") {
                try pool.inferOutputs([OperatorInput(TensorType(.float32, src))])
            }
        }
    }
}
