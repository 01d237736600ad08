// SPDX-License-Identifier: Apache-2.0

public import AlulaOperators
package import AlulaTensor

extension Plan {
    /// Reads a plan from untrusted bytes; constants point into `storage` and are not copied.
    ///
    /// Header, description and weights are checked against their checksums, every count, offset, shape and index against
    /// its range, and the wiring by ``validate()``. Never traps; memory is bounded by a small multiple of the file.
    /// - Parameters:
    ///   - storage: the whole file, at an address that is a multiple of 8 bytes (mapped files and owned storage are).
    ///   - operators: where operators are looked up by name.
    package init(from storage: TensorStorage, operators: OperatorRegistry) throws(PlanError) {
        guard let file = Tensor(dataType: .uint8, shape: [storage.byteCount], storage: storage, byteOffset: 0) else {
            throw .notAPlan(guess: nil)
        }
        let header = try PlanHeader(checking: file)
        try Self.verify(header.description, named: "description", in: file)
        try Self.verify(header.weights, named: "weights", in: file)
        let start = header.description.byteOffset
        var reader = PlanReader(
            file,
            section: "description",
            range: start..<start + header.description.byteCount
        )
        try self.init(
            reading: &reader,
            weights: WeightSection(file: file, section: header.weights),
            operators: operators
        )
        let rest = start + header.description.byteCount - reader.position
        guard rest < PlanFormat.alignmentByteCount, try reader.bytes(rest, "padding").allSatisfy({ $0 == 0 }) else {
            throw reader.malformed("padding", got: "\(rest) bytes", expected: "fewer than 256 zeros")
        }
        try validate()
    }

    /// Reads a plan from bytes in memory, which are copied once. TensorRT: `IRuntime::deserializeCudaEngine`.
    public init(_ bytes: [UInt8], operators: OperatorRegistry = .standard) throws(PlanError) {
        try self.init(from: Tensor(bytes, shape: [bytes.count]).storage, operators: operators)
    }

    private static func verify(_ section: PlanSection, named name: String, in file: Tensor) throws(PlanError) {
        var sum = PlanChecksum()
        sum.update(
            file.slice(section.byteOffset..<section.byteOffset + section.byteCount),
            paddedTo: PlanFormat.alignmentByteCount
        )
        guard sum.value == section.checksum else { throw .checksumMismatch(section: name) }
    }

    private init(
        reading reader: inout PlanReader,
        weights: WeightSection,
        operators: OperatorRegistry
    ) throws(PlanError) {
        name = try reader.string("network name")
        let maxBatchSize = try reader.integer(in: 0...Self.largestBatchSize, "maximum batch size")
        batchMode = maxBatchSize == 0 ? .explicit : .implicit(maxBatchSize: maxBatchSize)
        bindings = []
        for _ in 0..<(try reader.count("bindings", entryByteCount: 18)) { bindings.append(try reader.binding()) }
        profiles = []
        for _ in 0..<(try reader.count("profiles", entryByteCount: 8)) { profiles.append(try reader.profile()) }
        values = []
        for _ in 0..<(try reader.count("values", entryByteCount: 9)) { values.append(try reader.value(weights)) }
        steps = []
        for _ in 0..<(try reader.count("steps", entryByteCount: 40)) {
            steps.append(try reader.step(valueCount: values.count, operators: operators))
        }
        isStrict = try reader.integer(in: 0...1, "strictness") == 1
        for _ in 0..<(try reader.count("timed problems", entryByteCount: 16)) {
            let problem = try reader.string("problem")
            var tactics: [String: Double] = [:]
            for _ in 0..<(try reader.count("timed tactics", entryByteCount: 16)) {
                let name = try reader.string("tactic")
                tactics[name] = Double(try reader.integer(in: 0...(1 << 60), "nanoseconds"))
            }
            timings[problem] = tactics
        }
    }

    /// The largest maximum batch size of implicit-batch plans.
    package static var largestBatchSize: Int { 1 << 20 }
}

/// The mapped bytes that constants point into.
private struct WeightSection {
    var file: Tensor
    var section: PlanSection
}

extension PlanReader {
    fileprivate mutating func binding() throws(PlanError) -> Binding {
        let name = try string("binding name")
        let rawMode = try byte("binding mode")
        guard let mode = Binding.Mode(rawValue: rawMode) else {
            throw malformed("binding mode", got: "\(rawMode)", expected: "0 or 1")
        }
        let dataType = try dataType("binding data type")
        let rank = try integer("binding rank")
        guard rank >= 0 else {
            guard rank == -1 else { throw malformed("binding rank", got: "\(rank)", expected: "-1 or more") }
            return Binding(name: name, mode: mode, dataType: dataType, dimensions: nil)
        }
        var dimensions: [Dimension] = []
        for _ in 0..<rank {
            let extent = try integer(in: -1...(1 << 48), "binding extent")
            dimensions.append(extent < 0 ? .symbolic(try string("dimension name")) : .fixed(extent))
        }
        return Binding(name: name, mode: mode, dataType: dataType, dimensions: dimensions)
    }

    fileprivate mutating func profile() throws(PlanError) -> OptimizationProfile {
        var ranges: [String: OptimizationProfile.Range] = [:]
        for _ in 0..<(try count("profile ranges", entryByteCount: 32)) {
            let name = try string("profile input")
            let min = try shape("profile minimum")
            let opt = try shape("profile optimum")
            let max = try shape("profile maximum")
            guard ranges.updateValue(.init(min: min, opt: opt, max: max), forKey: name) == nil else {
                throw malformed("profile input", got: "'\(name)' twice", expected: "distinct names")
            }
        }
        return OptimizationProfile(ranges)
    }

    fileprivate mutating func value(_ weights: WeightSection) throws(PlanError) -> PlanValue {
        let name = try string("value name")
        let raw = try byte("value kind")
        guard let tag = ValueTag(rawValue: raw) else { throw malformed("value kind", got: "\(raw)", expected: "0...2") }
        switch tag {
        case .binding: return PlanValue(name: name, kind: .binding(try integer("binding index")))
        case .intermediate: return PlanValue(name: name, kind: .intermediate)
        case .constant: return PlanValue(name: name, kind: .constant(try constant(weights)))
        }
    }

    private mutating func constant(_ weights: WeightSection) throws(PlanError) -> Tensor {
        let type = TensorType(try dataType("constant data type"), try shape("constant shape"))
        let byteOffset = try integer("constant offset")
        let section = weights.section
        guard byteOffset >= 0, byteOffset <= section.byteCount, type.byteCount <= section.byteCount - byteOffset,
            byteOffset % PlanFormat.alignmentByteCount == 0,
            let tensor = Tensor(
                dataType: type.dataType,
                shape: type.shape,
                storage: weights.file.storage,
                byteOffset: section.byteOffset + byteOffset
            )
        else {
            throw malformed(
                "range of a constant",
                got: "\(type.byteCount) bytes at \(byteOffset)",
                expected: "a multiple of 256 inside \(section.byteCount) bytes of weights"
            )
        }
        if type.dataType == .bool { try checkBools(tensor, weights) }
        return tensor
    }

    /// Bytes of a bool constant must be 0 or 1: anything else is no value of the type.
    private func checkBools(_ tensor: Tensor, _ weights: WeightSection) throws(PlanError) {
        let start = tensor.byteOffset
        let bytes = weights.file.slice(start..<start + tensor.byteCount)
        let span = bytes.span(of: UInt8.self)
        for index in 0..<bytes.byteCount where span[index] > 1 {
            throw malformed("bool constant", got: "\(span[index])", expected: "0 or 1")
        }
    }

    fileprivate mutating func step(valueCount: Int, operators: OperatorRegistry) throws(PlanError) -> Step {
        let name = try string("step name")
        let description = try operatorDescription()
        let operation: any Operator
        do {
            operation = try operators.makeOperator(description)
        } catch .unknownOperator(let operatorName) {
            throw .unknownOperator(name: operatorName, step: name)
        } catch {
            throw .operatorRefused(step: name, reason: error)
        }
        let inputs = try indices(below: valueCount, "step input")
        let outputs = try indices(below: valueCount, "step output")
        return Step(name: name, operation: operation, inputs: inputs, outputs: outputs)
    }
}
