// SPDX-License-Identifier: Apache-2.0

public import AlulaTensor

/// One operation with its parameters: what it is called, which shapes it gives, and what it computes, slowly and plainly.
///
/// An operator is a value: it holds parameters, never tensors. The scalar ``evaluate(_:into:)`` is the definition that
/// every kernel is tested against, and what runs where no kernel exists. An operator defined outside Alula conforms to
/// this protocol and is registered with ``OperatorRegistry/register(_:)``.
///
/// Semantics are those of the newest ONNX opset the importer knows; older spellings are translated on import.
public protocol Operator: Sendable {
    /// The operator's name, unique in a registry. ONNX's name where the operator is ONNX's.
    static var name: String { get }

    /// Restores the operator from its parameters, checking them; plans may come from anywhere.
    init(attributes: Attributes) throws(OperatorError)

    /// The parameters, such that `init(attributes:)` gives an equal operator.
    var attributes: Attributes { get }

    /// The types of all outputs the operator can have, from the types of its inputs.
    ///
    /// - Parameter inputs: one entry per input in ONNX order; nil for an omitted optional input.
    /// - Throws: ``OperatorError/valueRequired(input:)`` when the shape depends on the *content* of an input that is not
    ///   known yet: the output is then sized when the step runs.
    func inferOutputs(_ inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType]

    /// The outputs where they follow from the inputs' *types* alone, as for `Shape`; nil for all other operators.
    ///
    /// Lets shape arithmetic be resolved before anything runs.
    func outputsKnownFromTypes(_ inputs: [OperatorInput?]) throws(OperatorError) -> [Tensor]?

    /// Computes the outputs; the scalar definition.
    ///
    /// Inputs and outputs are contiguous, never alias, and have the types `inferOutputs` checked and gave.
    /// - Parameter outputs: memory for each output of `inferOutputs`; nil where the output is not used. May be shorter
    ///   than the inferred list.
    func evaluate(_ inputs: [Tensor?], into outputs: [Tensor?]) throws(OperatorError)

    /// Whether the first output is zero almost everywhere, as after a scatter into zeros: a convolution that reads it may
    /// then skip what is empty, where that is quicker. Results do not depend on it.
    var outputIsSparse: Bool { get }

    /// Floating-point operations of one evaluation (a multiply-add counts two); 0 for pure data movement.
    func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int
}

extension Operator {
    /// Nil: the content of the inputs is needed.
    public func outputsKnownFromTypes(_ inputs: [OperatorInput?]) throws(OperatorError) -> [Tensor]? { nil }

    /// One operation an output element.
    public func floatingPointOperations(inputs: [TensorType?], outputs: [TensorType]) -> Int {
        outputs.first?.shape.elementCount ?? 0
    }

    /// False.
    public var outputIsSparse: Bool { false }

    /// The operator's name.
    public var name: String { Self.name }
}

/// What a shape rule may know of an input: its type always, its content when it is constant or already computed.
public struct OperatorInput: Sendable {
    /// Data type and shape.
    public var type: TensorType
    /// The content, if known.
    public var value: Tensor?

    /// An input of `type`, with its content if known.
    public init(_ type: TensorType, value: Tensor? = nil) {
        self.type = type
        self.value = value
    }

    /// An input whose content is `value`.
    public init(_ value: Tensor) { self.init(value.type, value: value) }

    /// The element type.
    public var dataType: DataType { type.dataType }
    /// The extents.
    public var shape: Shape { type.shape }
}

/// An operator that maps every element of one float tensor by itself, so that it can run inside the kernel that makes
/// the tensor, on values still in registers or cache.
public protocol ElementwiseOperator: Operator {
    /// The scalar function in `float32`.
    func apply(_ x: Float) -> Float
    /// Applies the function to every element in place.
    ///
    /// A requirement only so that each type's loop is compiled with its function inlined.
    func apply(inPlace elements: inout MutableSpan<Float>)
}

extension ElementwiseOperator {
    /// Applies the function to every element in place.
    public func apply(inPlace elements: inout MutableSpan<Float>) {
        for index in 0..<elements.count { elements[index] = apply(elements[index]) }
    }
}
