// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
package import AlulaTensor

extension Plan {
    /// Hands the serialised plan to `sink` piece by piece, in file order; pieces are contiguous uint8 tensors.
    ///
    /// Equal plans give equal bytes. Weights are handed over where they lie, not copied.
    /// - Throws: what `sink` throws.
    package func serialize<E: Error>(to sink: (_ piece: Tensor) throws(E) -> Void) throws(E) {
        let weights = WeightLayout(values)
        var description = describe(weights)
        let padding = description.count.roundedUp(toMultipleOf: PlanFormat.alignmentByteCount) - description.count
        description.append(contentsOf: repeatElement(0, count: padding))
        let descriptionTensor = Tensor(description, shape: [description.count])
        try sink(header(description: descriptionTensor, weights: weights))
        try sink(descriptionTensor)
        for piece in weights.pieces {
            try sink(piece)
            let gap = piece.byteCount.roundedUp(toMultipleOf: PlanFormat.alignmentByteCount) - piece.byteCount
            if gap > 0 { try sink(Tensor(zeros: .uint8, shape: [gap])) }
        }
    }

    /// The serialised plan as one uint8 tensor.
    package func serialized() -> Tensor {
        var pieces: [Tensor] = []
        serialize { pieces.append($0) }
        let whole = Tensor(uninitialized: .uint8, shape: [pieces.reduce(0) { $0 + $1.byteCount }])
        var byteOffset = 0
        for piece in pieces {
            Tensor(dataType: .uint8, shape: piece.shape, storage: whole.storage, byteOffset: byteOffset)?
                .copyElements(from: piece)
            byteOffset += piece.byteCount
        }
        return whole
    }

    /// The serialised plan in memory. TensorRT: `ICudaEngine::serialize`.
    public func serializedBytes() -> [UInt8] { serialized().elements(as: UInt8.self) }

    private func header(description: Tensor, weights: WeightLayout) -> Tensor {
        var sum = PlanChecksum()
        sum.update(description, paddedTo: PlanFormat.alignmentByteCount)
        let first = PlanFormat.headerByteCount
        let descriptionSection = PlanSection(
            byteOffset: first,
            byteCount: description.byteCount,
            checksum: sum.value
        )
        let weightsSection = PlanSection(
            byteOffset: first + description.byteCount,
            byteCount: weights.byteCount,
            checksum: weights.checksum
        )
        return PlanHeader(description: descriptionSection, weights: weightsSection).encoded
    }

    private func describe(_ weights: WeightLayout) -> [UInt8] {
        var writer = PlanWriter()
        writer.put(name)
        switch batchMode {
        case .explicit: writer.put(0)
        case .implicit(let maxBatchSize): writer.put(maxBatchSize)
        }
        writer.put(bindings.count)
        for binding in bindings { writer.put(binding) }
        writer.put(profiles.count)
        for profile in profiles { writer.put(profile) }
        writer.put(values.count)
        for (index, value) in values.enumerated() { writer.put(value, weightByteOffset: weights.byteOffsets[index]) }
        writer.put(steps.count)
        for step in steps {
            writer.put(step.name)
            writer.put(step.operation.described)
            writer.put(step.inputs)
            writer.put(step.outputs)
        }
        writer.put(isStrict ? 1 : 0)
        writer.put(timings.count)
        for (problem, tactics) in timings.sorted(by: { $0.key < $1.key }) {
            writer.put(problem)
            writer.put(tactics.count)
            for (tactic, nanoseconds) in tactics.sorted(by: { $0.key < $1.key }) {
                writer.put(tactic)
                writer.put(Int(nanoseconds))
            }
        }
        return writer.bytes
    }
}

extension PlanWriter {
    fileprivate mutating func put(_ binding: Binding) {
        put(binding.name)
        put(binding.mode.rawValue)
        put(binding.dataType.rawValue)
        guard let dimensions = binding.dimensions else { return put(-1) }
        put(dimensions.count)
        for dimension in dimensions {
            switch dimension {
            case .fixed(let extent): put(extent)
            case .symbolic(let name):
                put(-1)
                put(name)
            }
        }
    }

    fileprivate mutating func put(_ profile: OptimizationProfile) {
        put(profile.ranges.count)
        for (name, range) in profile.ranges.sorted(by: { $0.key < $1.key }) {
            put(name)
            put(range.min)
            put(range.opt)
            put(range.max)
        }
    }

    fileprivate mutating func put(_ value: PlanValue, weightByteOffset: Int?) {
        put(value.name)
        switch value.kind {
        case .binding(let index):
            put(ValueTag.binding.rawValue)
            put(index)
        case .constant(let tensor):
            put(ValueTag.constant.rawValue)
            put(tensor.dataType.rawValue)
            put(tensor.shape)
            put(weightByteOffset ?? 0)
        case .intermediate:
            put(ValueTag.intermediate.rawValue)
        }
    }
}

/// Where each constant goes in the weights section; constants over the same memory share their bytes.
private struct WeightLayout {
    /// Bytes of each distinct constant, in file order.
    var pieces: [Tensor] = []
    /// The offset within the section of each value that is a constant.
    var byteOffsets: [Int?] = []
    var byteCount = 0
    var checksum: UInt64

    init(_ values: [PlanValue]) {
        struct Source: Hashable {
            var address: UInt
            var byteCount: Int
        }
        var known: [Source: Int] = [:]
        var sum = PlanChecksum()
        for value in values {
            guard case .constant(let constant) = value.kind else {
                byteOffsets.append(nil)
                continue
            }
            let source = Source(address: constant.address, byteCount: constant.byteCount)
            if constant.isContiguous, let offset = known[source] {
                byteOffsets.append(offset)
                continue
            }
            let piece = Self.bytes(of: constant)
            sum.update(piece, paddedTo: PlanFormat.alignmentByteCount)
            pieces.append(piece)
            byteOffsets.append(byteCount)
            if constant.isContiguous { known[source] = byteCount }
            byteCount += piece.byteCount.roundedUp(toMultipleOf: PlanFormat.alignmentByteCount)
        }
        checksum = sum.value
    }

    private static func bytes(of constant: Tensor) -> Tensor {
        let source: Tensor
        if constant.isContiguous {
            source = constant
        } else {
            source = Tensor(uninitialized: constant.dataType, shape: constant.shape)
            source.copyElements(from: constant)
        }
        let view = Tensor(
            dataType: .uint8,
            shape: [source.byteCount],
            storage: source.storage,
            byteOffset: source.byteOffset
        )
        return view ?? Tensor(zeros: .uint8, shape: [0])  // the elements lie inside the storage, so their bytes do
    }
}
