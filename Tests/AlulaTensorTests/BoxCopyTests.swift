// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor
internal import Testing

@Suite("copies of runs and boxes")
struct BoxCopyTests {
    private func numbers(_ count: Int) -> Tensor { Tensor((0..<count).map { Int32($0) }, shape: [count]) }

    @Test("a run lands where it is told to, and nowhere else", arguments: DataType.allCases)
    func runTouchesOnlyItsTarget(_ type: DataType) throws {
        let ones = Tensor(Array(repeating: true, count: 5), shape: [5])
        let source = Tensor(uninitialized: type, shape: [5])
        func fill<T: NumericElement>(_: T.Type) {
            source.copyElements(from: Tensor((1...5).map { T(converting: Int64($0)) }, shape: [5]))
        }
        if let numeric = type.numericElementType { fill(numeric) } else { source.copyElements(from: ones) }
        let target = Tensor(zeros: type, shape: [8])
        target.copyRun(at: 3, from: source, at: 1, count: 2)
        let expected = type == .bool ? [0, 0, 0, 1, 1, 0, 0, 0] : [0, 0, 0, 2, 3, 0, 0, 0]
        #expect(target.doubles() == expected.map(Double.init))
    }

    @Test("steps may be zero, negative, or larger than the axis")
    func stepsAreFollowed() {
        let source = numbers(12)
        let target = Tensor(zeros: .int32, shape: [2, 3])
        target.copyBox([2, 3], at: BoxSteps([3, 1]), from: source, at: BoxSteps(start: 11, [-4, -1]))
        #expect(target.elements(as: Int32.self) == [11, 10, 9, 7, 6, 5])
        target.copyBox([2, 3], at: BoxSteps([1, 2]), from: source, at: BoxSteps(start: 1, [0, 5]))
        #expect(target.elements(as: Int32.self) == [1, 1, 6, 6, 11, 11])
    }

    @Test("a box with an empty axis copies nothing, a box without axes copies one element")
    func degenerateBoxes() {
        let target = Tensor(zeros: .int32, shape: [4])
        target.copyBox([3, 0], at: BoxSteps([1, 1]), from: numbers(4), at: BoxSteps([1, 1]))
        #expect(target.elements(as: Int32.self) == [0, 0, 0, 0])
        target.copyBox([], at: BoxSteps(start: 2, []), from: numbers(4), at: BoxSteps(start: 3, []))
        #expect(target.elements(as: Int32.self) == [0, 0, 3, 0])
    }

    @Test("fill writes one element everywhere")
    func fillRepeats() {
        let target = Tensor(zeros: .int32, shape: [2, 2])
        target.fill(from: numbers(5), at: 4)
        #expect(target.elements(as: Int32.self) == [4, 4, 4, 4])
    }
}
