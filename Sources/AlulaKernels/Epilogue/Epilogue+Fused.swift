// SPDX-License-Identifier: Apache-2.0

package import AlulaOperators
package import AlulaTensor

extension Epilogue {
    /// The stages of a fused operator; nil when one of them has no code or an operand varies in another way.
    ///
    /// - Parameters:
    ///   - inputs: types of all inputs of the fused node.
    ///   - constants: their contents, where known; may be shorter than `inputs`. Constants of one element become numbers.
    ///   - output: the shape of the producer's output.
    ///   - channelAxis: the axis of `output` that ``Extent/channel`` runs along.
    package init?(
        stages source: [Fused.Stage],
        inputs: [TensorType?],
        constants: [Tensor?] = [],
        output: Shape,
        channelAxis: Int
    ) {
        self.init()
        for stage in source {
            guard let index = stage.operandInput else {
                guard let function = VectorFunction(stage.operation) else { return nil }
                stages.append(.function(function))
                continue
            }
            guard inputs.indices.contains(index), let type = inputs[index], type.dataType == .float32,
                let shape = Self.operandShape(type.shape, of: stage.operation, output: output)
            else { return nil }
            let extent: Extent
            if shape.elementCount == 1, let number = Self.number(constants, index) {
                extent = .number(number)
            } else {
                guard let found = Extent(of: shape, in: output, channelAxis: channelAxis) else { return nil }
                extent = found
            }
            guard append(stage.operation, isReversed: stage.isReversed, Operand(input: index, extent: extent)) else {
                return nil
            }
        }
    }

    /// Appends a stage with an operand; false when it has no code.
    mutating func append(_ operation: any Operator, isReversed: Bool = false, _ operand: Operand) -> Bool {
        if operation is Pow {
            guard case .number(let exponent) = operand.extent, !isReversed, VectorFunction.powers.contains(exponent)
            else { return false }
            stages.append(.function(.power(exponent)))
            return true
        }
        guard let combination = Combination(operation, isReversed: isReversed) else { return false }
        stages.append(.combine(combination, operand: number(of: operand)))
        return true
    }

    /// The number of `operand` among ``operands``, where it is added unless it is there.
    mutating func number(of operand: Operand) -> Int {
        if let known = operands.firstIndex(of: operand) { return known }
        operands.append(operand)
        return operands.count - 1
    }

    /// The operand's shape, as it broadcasts to the output; nil if it does not.
    static func operandShape(_ shape: Shape, of operation: any Operator, output: Shape) -> Shape? {
        var shape = shape
        if let leaky = operation as? PRelu, leaky.isChannelwise, shape.rank == 1, shape[0] > 1, output.rank > 2 {
            shape = Shape([shape[0]] + Array(repeating: 1, count: output.rank - 2))
        }
        return shape.broadcast(with: output) == output ? shape : nil
    }

    /// The first element of a constant input; nil if the content is not known.
    static func number(_ constants: [Tensor?], _ index: Int) -> Float? {
        guard constants.indices.contains(index), let tensor = constants[index] else { return nil }
        return tensor.span(of: Float.self)[0]
    }
}

extension Epilogue.Extent {
    /// How `shape`, which broadcasts to `output`, varies over it; nil when it is none of the known ways.
    init?(of shape: Shape, in output: Shape, channelAxis: Int) {
        let missing = output.rank - shape.rank
        let axes = Set((0..<shape.rank).filter { shape[$0] != 1 }.map { $0 + missing })
        let all = Set((0..<output.rank).filter { output[$0] != 1 })
        if shape == output && !axes.isEmpty {
            self = .full
        } else if axes.isEmpty {
            self = .scalar
        } else if axes == [channelAxis] {
            self = .channel
        } else if axes == all {
            self = .full
        } else if axes == [0, channelAxis] {
            self = .imageChannel
        } else if axes == all.subtracting([channelAxis]) {
            self = .row
        } else {
            return nil
        }
    }
}
