// SPDX-License-Identifier: Apache-2.0

package import AlulaTensor

/// Stores a tensor in another layout; its type and meaning stay.
///
/// Made when an engine is prepared for concrete shapes, never by a network: it appears in no plan file. src and dst are given
/// with the shapes they are stored in.
package struct Reorder: Operator {
    /// `Alula.Reorder`; not an ONNX operator.
    package static let name = "Alula.Reorder"

    /// How src is stored.
    package var source: TensorLayout
    /// How dst is stored.
    package var destination: TensorLayout

    /// From one layout to another.
    package init(from source: TensorLayout, to destination: TensorLayout) {
        self.source = source
        self.destination = destination
    }

    /// Restores the operator; 0 lanes stand for the planar layout.
    package init(attributes: Attributes) throws(OperatorError) {
        func layout(_ name: String) throws(OperatorError) -> TensorLayout {
            let lanes = try attributes.integer(name, default: 0, for: Self.name)
            return lanes > 0 ? .blocked(lanes: lanes) : .planar
        }
        source = try layout("from")
        destination = try layout("to")
    }

    /// Lanes of both layouts, 0 where planar.
    package var attributes: Attributes {
        func lanes(_ layout: TensorLayout) -> Int {
            if case .blocked(let lanes) = layout { lanes } else { 0 }
        }
        return ["from": .integer(lanes(source)), "to": .integer(lanes(destination))]
    }

    /// The input's type.
    package func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
        [try CheckedInputs(inputs, of: Self.name, count: 1...1).required(0).type]
    }

    /// Element by element; what lies behind the last channel becomes zero.
    package func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError) {
        guard let src = inputs[0], let dst = outputs[0] else { return }
        let values = src.elements(as: Float.self)
        var target = dst.mutableSpan(of: Float.self)
        for index in 0..<target.count { target[index] = 0 }
        let channels = max(Self.channelCount(src, source), 1)
        let count = min(channels, Self.channelCount(dst, destination))
        let plane = Self.positionCount(src, source)
        for image in 0..<src.shape[0] {
            for channel in 0..<count {
                let from = Self.place(source, image, channel, of: src)
                let to = Self.place(destination, image, channel, of: dst)
                for position in 0..<plane {
                    target[to.start + position * to.stride] = values[from.start + position * from.stride]
                }
            }
        }
    }

    /// Channels there is room for.
    private static func channelCount(_ tensor: Tensor, _ layout: TensorLayout) -> Int {
        if case .blocked(let lanes) = layout { tensor.shape[1] * lanes } else { tensor.shape[1] }
    }

    private static func positionCount(_ tensor: Tensor, _ layout: TensorLayout) -> Int {
        let isBlocked = layout != .planar
        return tensor.shape.elementCount(in: 2..<(tensor.shape.rank - (isBlocked ? 1 : 0)))
    }

    /// Where a channel of an image starts, and the elements from one position to the next.
    private static func place(
        _ layout: TensorLayout,
        _ image: Int,
        _ channel: Int,
        of tensor: Tensor
    ) -> (start: Int, stride: Int) {
        let plane = positionCount(tensor, layout)
        guard case .blocked(let lanes) = layout else { return ((image * tensor.shape[1] + channel) * plane, 1) }
        let block = image * tensor.shape[1] + channel / lanes
        return (block * plane * lanes + channel % lanes, lanes)
    }

    /// Zero: data movement only.
    package func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int { 0 }
}
