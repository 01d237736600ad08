// SPDX-License-Identifier: Apache-2.0

internal import AlulaTensor

/// The fields of a `TensorProto`, elements still in the file.
private struct TensorFields {
    var name = ""
    var extents: [Int] = []
    var elementType = 0
    var rawRange: Range<Int>?
    var isExternal = false
    var isSegment = false
    var external: [String: String] = [:]
}

/// Reads a `TensorProto`: element bytes are viewed in place where they are aligned for their type, copied on
/// first use otherwise.
///
/// - Throws: ``WireError`` when the message is malformed, ``ImportError`` when an external file cannot be read. Memory
///   is only allocated for elements that are really there.
struct TensorDecoder {
    let source: ModelSource

    /// The tensor and its name.
    func decode(_ reader: consuming WireReader) throws -> (name: String, content: TensorContent) {
        let message = reader.remainingRange
        let fields = try readFields(&reader)
        guard let type = UInt8(exactly: fields.elementType).flatMap(DataType.init(rawValue:)) else {
            return (fields.name, .unsupported("element type \(elementTypeName(fields.elementType))"))
        }
        if fields.isSegment { return (fields.name, .unsupported("a tensor stored in segments")) }
        guard let shape = Shape(checking: fields.extents) else {
            let reason = "tensor '\(fields.name)' of shape \(fields.extents)"
            throw WireError(byteOffset: message.lowerBound, reason: reason)
        }
        let tensorType = TensorType(type, shape)
        if fields.isExternal {
            return (fields.name, .tensor(try external(fields, tensorType)))
        }
        if let range = fields.rawRange {
            return (fields.name, .tensor(try raw(fields, tensorType, range)))
        }
        let content = source.content
        let typed = TypedElements(name: fields.name, type: tensorType)
        return (fields.name, .tensor(try typed.decode(WireReader(content.span(of: UInt8.self), range: message))))
    }

    private func readFields(_ reader: inout WireReader) throws(WireError) -> TensorFields {
        var fields = TensorFields()
        while let field = try reader.nextField() {
            switch field.number {
            case 1: try reader.appendIntegers(field, to: &fields.extents)
            case 2: fields.elementType = try reader.integer(field)
            case 3:
                fields.isSegment = true
                try reader.skip(field)
            case 8: fields.name = try reader.string(field)
            case 9: fields.rawRange = try reader.range(field)
            case 13:
                let (key, value) = try readEntry(reader.message(field))
                fields.external[key] = value
            case 14: fields.isExternal = try reader.integer(field) == 1
            default: try reader.skip(field)
            }
        }
        return fields
    }

    private func readEntry(_ reader: consuming WireReader) throws(WireError) -> (String, String) {
        var entry = ("", "")
        while let field = try reader.nextField() {
            switch field.number {
            case 1: entry.0 = try reader.string(field)
            case 2: entry.1 = try reader.string(field)
            default: try reader.skip(field)
            }
        }
        return entry
    }

    private func raw(_ fields: TensorFields, _ type: TensorType, _ range: Range<Int>) throws(WireError) -> Tensor {
        guard range.count == type.byteCount else {
            let reason = "tensor '\(fields.name)': got \(range.count) bytes, expected \(type.byteCount) for \(type)"
            throw WireError(byteOffset: range.lowerBound, reason: reason)
        }
        return view(of: source.content, at: range.lowerBound, type)
    }

    private func external(_ fields: TensorFields, _ type: TensorType) throws(ImportError) -> Tensor {
        guard let location = fields.external["location"] else {
            throw .file(path: source.path, reason: "tensor '\(fields.name)': external data without a location")
        }
        let file = try source.externalFile(location)
        let start = fields.external["offset"].map { Int($0) } ?? 0
        let byteCount = fields.external["length"].map { Int($0) } ?? type.byteCount
        guard let start, let byteCount, start >= 0, byteCount == type.byteCount, start <= file.byteCount - byteCount
        else {
            let got = "offset \(fields.external["offset"] ?? "0"), length \(fields.external["length"] ?? "unset")"
            throw .file(
                path: location,
                reason: "tensor '\(fields.name)' (\(type), \(type.byteCount) bytes): got \(got) "
                    + "in a file of \(file.byteCount) bytes"
            )
        }
        return view(of: file, at: start, type)
    }

    /// The bytes of `file` from `start` as a tensor: in place when aligned, else copied when its elements are first used.
    private func view(of file: Tensor, at start: Int, _ type: TensorType) -> Tensor {
        let place = file.byteOffset + start
        guard type.dataType != .bool else { return bools(of: file, at: place, type.shape) }
        if let view = Tensor(dataType: type.dataType, shape: type.shape, storage: file.storage, byteOffset: place) {
            return view
        }
        let storage = TensorStorage(aligningOnUse: file.storage, byteOffset: place, byteCount: type.byteCount)
        guard let view = Tensor(dataType: type.dataType, shape: type.shape, storage: storage, byteOffset: 0) else {
            preconditionFailure("memory that is aligned on use is aligned")
        }
        return view
    }

    /// A bool in memory is exactly 0 or 1; in a file any byte but 0 is true.
    private func bools(of file: Tensor, at place: Int, _ shape: Shape) -> Tensor {
        let type = DataType.uint8
        guard let bytes = Tensor(dataType: type, shape: shape, storage: file.storage, byteOffset: place) else {
            preconditionFailure("the range was checked")
        }
        return Tensor(bytes.elements(as: UInt8.self).map { $0 != 0 }, shape: shape)
    }
}

/// Reads the elements of a tensor from the message's typed fields.
private struct TypedElements {
    let name: String
    let type: TensorType

    /// The number of the field that holds elements of the type.
    private var fieldNumber: Int {
        switch type.dataType {
        case .float32: 4
        case .int64: 7
        case .float64: 10
        case .uint32, .uint64: 11
        default: 5
        }
    }

    func decode(_ reader: consuming WireReader) throws(WireError) -> Tensor {
        let start = reader.position
        var floats: [Float] = []
        var doubles: [Double] = []
        var integers: [Int] = []
        while let field = try reader.nextField() {
            guard field.number == fieldNumber else {
                try reader.skip(field)
                continue
            }
            switch type.dataType {
            case .float32: try reader.appendFloats(field, to: &floats)
            case .float64: try reader.appendDoubles(field, to: &doubles)
            default: try reader.appendIntegers(field, to: &integers)
            }
        }
        let count = floats.count + doubles.count + integers.count
        guard count == type.shape.elementCount else {
            let reason = "tensor '\(name)': got \(count) elements, expected \(type.shape.elementCount) for \(type)"
            throw WireError(byteOffset: start, reason: reason)
        }
        switch type.dataType {
        case .float32: return Tensor(floats, shape: type.shape)
        case .float64: return Tensor(doubles, shape: type.shape)
        case .float16:
            return Tensor(integers.map { Float16(bitPattern: UInt16(truncatingIfNeeded: $0)) }, shape: type.shape)
        case .bool: return Tensor(integers.map { $0 != 0 }, shape: type.shape)
        default: return converted(integers)
        }
    }

    private func converted(_ integers: [Int]) -> Tensor {
        guard let element = type.dataType.numericElementType else { preconditionFailure("bool is handled before") }
        func convert<T: NumericElement>(_: T.Type) -> Tensor {
            Tensor(integers.map { T(converting: Int64($0)) }, shape: type.shape)
        }
        return convert(element)
    }
}
