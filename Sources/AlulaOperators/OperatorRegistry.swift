// SPDX-License-Identifier: Apache-2.0

/// The operators a builder or engine knows, by name.
///
/// A value: extend ``standard`` with operators of your own and hand it to the builder and the engine.
public struct OperatorRegistry: Sendable {
    private var types: [String: any Operator.Type] = [:]

    /// A registry without operators.
    public init() {}

    /// Adds an operator type, replacing one of the same name.
    public mutating func register<T: Operator>(_ type: T.Type) {
        types[T.name] = type
    }

    /// The names of all registered operators, ascending.
    public var names: [String] { types.keys.sorted() }

    /// Restores an operator from its name and parameters.
    ///
    /// - Throws: ``OperatorError/unknownOperator(name:)``, or what the operator's initialiser throws.
    public func makeOperator(_ description: OperatorDescription) throws(OperatorError) -> any Operator {
        if description.name == Fused.name { return try Fused(attributes: description.attributes, registry: self) }
        guard let type = types[description.name] else { throw .unknownOperator(name: description.name) }
        return try type.init(attributes: description.attributes)
    }

    /// All operators of this module.
    public static let standard: OperatorRegistry = {
        var registry = OperatorRegistry()
        registerElementwise(in: &registry)
        registerNeural(in: &registry)
        registerMovement(in: &registry)
        return registry
    }()
}

extension OperatorRegistry {
    /// Activations, arithmetic, comparison, logic, casts, reductions.
    private static func registerElementwise(in registry: inout OperatorRegistry) {
        registry.register(Relu.self)
        registry.register(Identity.self)
    }

    /// Convolutions, matrix products, pooling, normalisation, resizing, quantisation.
    private static func registerNeural(in registry: inout OperatorRegistry) {
        registry.register(Conv.self)
        registry.register(ConvTranspose.self)
        registry.register(MatMul.self)
        registry.register(Gemm.self)
    }

    /// Shapes, slices, gathers, scatters, selection.
    private static func registerMovement(in registry: inout OperatorRegistry) {
        registry.register(Concat.self)
        registry.register(Split.self)
        registry.register(Slice.self)
        registry.register(Gather.self)
        registry.register(GatherElements.self)
        registry.register(GatherND.self)
        registry.register(ScatterElements.self)
        registry.register(ScatterND.self)
        registry.register(Transpose.self)
        registry.register(Reshape.self)
        registry.register(Flatten.self)
        registry.register(Squeeze.self)
        registry.register(Unsqueeze.self)
        registry.register(Expand.self)
        registry.register(Tile.self)
        registry.register(Pad.self)
        registry.register(ShapeOf.self)
        registry.register(SizeOf.self)
        registry.register(ConstantOfShape.self)
        registry.register(NumberRange.self)
        registry.register(TopK.self)
        registry.register(NonZero.self)
        registry.register(OneHot.self)
    }
}
