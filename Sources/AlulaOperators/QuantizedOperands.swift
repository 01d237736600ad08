// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// What a one-dimensional scale or zero point of a quantised operand runs along.
enum QuantizedAxis {
    /// Rows of the left matrix of a product, or channels in front: a trailing 1 follows for every later axis.
    case outer(rank: Int)
    /// Columns of the right matrix of a product.
    case inner

    /// The shape in which a parameter of `shape` broadcasts to its operand.
    func broadcastShape(_ shape: Shape) -> Shape {
        guard shape.elementCount != 1 else { return .scalar }
        guard case .outer(let rank) = self, shape.rank == 1 else { return shape }
        return Shape([shape[0]] + [Int](repeating: 1, count: max(rank - 1, 0)))
    }
}

extension Tensor {
    /// The elements of an integer tensor minus their zero points.
    func centered(on zeroPoint: Tensor?, along axis: QuantizedAxis) -> [Int64] {
        var values = wideIntegers()
        guard let zeroPoint else { return values }
        let zeros = zeroPoint.wideIntegers()
        let strides = axis.broadcastShape(zeroPoint.shape).broadcastStrides(to: shape)
        var position = StridedIndices(shape, first: strides)
        for index in values.indices {
            values[index] -= zeros[position.offsets.first]
            position.advance()
        }
        return values
    }

    /// Writes `round(value) + zero point`, saturated to the tensor's integer type, to element `index`; ties go to even.
    func storeQuantized(_ values: [Double], zeroPoints: [Int64], at start: Int) {
        func run<T: IntegerElement>(_: T.Type) {
            var target = mutableSpan(of: T.self)
            for index in values.indices {
                let rounded = values[index].rounded(.toNearestOrEven)
                let integer = Int64(max(-0x1p40, min(0x1p40, rounded.isNaN ? 0 : rounded)))
                target[start + index] = T(clamping: integer + zeroPoints[index])
            }
        }
        switch dataType {
        case .int8: run(Int8.self)
        case .uint8: run(UInt8.self)
        default: break
        }
    }
}

extension Set where Element == DataType {
    /// int8, uint8: the types of quantised operands.
    static var bytes: Set<DataType> { [.int8, .uint8] }
}

extension CheckedInputs {
    /// Checks that input `index`, a scale or zero point, is one element or broadcasts along `axis` to `shape`.
    func requireQuantization(_ index: Int, of shape: Shape, along axis: QuantizedAxis) throws(OperatorError) {
        guard let parameter = self[index]?.shape else { return }
        guard axis.broadcastShape(parameter).broadcast(with: shape) == shape else {
            let expected = "one element, or one a row or column of \(shape)"
            throw .shapeMismatch(operator: operatorName, input: index, got: parameter, expected: expected)
        }
    }

    /// Checks that input `index` has one element, if present.
    func requireSingle(_ index: Int) throws(OperatorError) {
        guard let parameter = self[index]?.shape, parameter.elementCount != 1 else { return }
        throw .shapeMismatch(operator: operatorName, input: index, got: parameter, expected: "one element")
    }
}
