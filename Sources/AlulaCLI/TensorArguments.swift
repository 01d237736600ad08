// SPDX-License-Identifier: Apache-2.0

internal import Alula
internal import AlulaTesting

/// `name:value` pairs separated by commas, as trtexec writes them; the last colon of a pair separates.
struct NamedValues {
    /// The pairs in order.
    var pairs: [(name: String, value: String)] = []

    /// Parses the values of a repeatable flag; `option` names it in errors. No name may be given twice.
    init(_ texts: [String], option: String) throws(CommandError) {
        for field in texts.joined(separator: ",").split(separator: ",") {
            guard let colon = field.lastIndex(of: ":"), colon != field.startIndex,
                field.index(after: colon) != field.endIndex
            else {
                throw .badOption(option: option, got: "'\(field)'", expected: "name:value[,name:value…]")
            }
            let name = String(field[..<colon])
            guard !pairs.contains(where: { $0.name == name }) else {
                throw .badOption(option: option, got: "'\(name)' twice", expected: "each name once")
            }
            pairs.append((name, String(field[field.index(after: colon)...])))
        }
    }
}

/// Shapes by tensor name from `name:1x3x224x224,…`.
func parseShapes(_ texts: [String], option: String) throws(CommandError) -> [String: Shape] {
    var shapes: [String: Shape] = [:]
    for (name, value) in try NamedValues(texts, option: option).pairs {
        // `scalar` is how a rank-0 tensor is spelled; it has no extents to write.
        let fields = value == "scalar" ? [] : value.split(separator: "x", omittingEmptySubsequences: false)
        let extents = fields.compactMap { Int($0) }
        guard extents.count == fields.count, let shape = Shape(checking: extents) else {
            throw .badOption(option: option, got: "'\(value)' for '\(name)'", expected: "extents such as 1x3x224x224")
        }
        shapes[name] = shape
    }
    return shapes
}

/// Tensors by name from `name:file.npy,…`.
func loadTensors(_ texts: [String], option: String) throws(CommandError) -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (name, path) in try NamedValues(texts, option: option).pairs {
        tensors[name] = try NumPyFile.read(path: path)
    }
    return tensors
}

/// A tensor with seeded content: floats in −1 ..< 1, integers and bools 0 or 1.
func randomTensor(_ type: TensorType, seed: UInt64) -> Tensor {
    var generator = SeededRandom(seed: seed)
    let tensor = Tensor(zeros: type.dataType, shape: type.shape)
    func fill<T: NumericElement>(_: T.Type, _ draw: (inout SeededRandom) -> T) {
        var elements = tensor.mutableSpan(of: T.self)
        for index in 0..<elements.count { elements[index] = draw(&generator) }
    }
    func fillIntegers<T: NumericElement>(_ type: T.Type) {
        fill(type) { T(converting: Int64($0.next() >> 63)) }
    }
    if type.dataType == .float32 {
        fill(Float.self) { Float.random(in: -1..<1, using: &$0) }
    } else if type.dataType.isFloatingPoint, let element = type.dataType.numericElementType {
        func fillFloats<T: NumericElement>(_ type: T.Type) {
            fill(type) { T(converting: Double.random(in: -1..<1, using: &$0)) }
        }
        fillFloats(element)
    } else if let element = type.dataType.numericElementType {
        fillIntegers(element)
    } else {
        var elements = tensor.mutableSpan(of: Bool.self)
        for index in 0..<elements.count { elements[index] = generator.next() >> 63 == 1 }
    }
    return tensor
}
