// SPDX-License-Identifier: Apache-2.0

internal import AlulaPlan
public import AlulaTensor

extension ExecutionContext {
    /// Sets the shape of an input with dynamic extents and prepares the engine for it, so that enqueueing does not.
    ///
    /// Shapes prepared once are kept. On an implicit-batch engine the shape leads with the batch, for
    /// ``enqueue(on:fileID:line:)``.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for an unknown input or a shape outside the binding's fixed extents
    ///   or the profile's range; ``ExecutionError/invalidConfig(_:)`` when the network cannot run with it;
    ///   ``ExecutionError/failedAllocation(_:)``. With several dynamic inputs, shapes that do not go together are reported
    ///   by ``inferShapes()`` and by enqueueing, since they are set one after the other.
    /// - Note: TensorRT: `setInputShape`, `setBindingDimensions`.
    public func setInputShape(_ shape: Shape, for name: String) throws(ExecutionError) {
        let index = try inputIndex(name)
        let binding = engine.plan.bindings[index]
        guard binding.accepts(shape, batchMode: engine.plan.batchMode) else {
            let batch = engine.hasImplicitBatchDimension ? " after a batch of 1...\(engine.maxBatchSize)" : ""
            throw .invalidArgument(
                .init(
                    "shape does not fit",
                    in: engine.bindingLabels[index],
                    got: "\(shape)",
                    expected: (binding.dimensions.map { "\($0)" } ?? "any") + batch
                )
            )
        }
        try checkProfile(shape, of: index)
        guard inputShapes[index] != shape || core.current == nil else { return }
        let previous = inputShapes[index]
        inputShapes[index] = shape
        shapeError = nil
        do {
            try prepareCurrent()
        } catch {
            let varyingCount = inputShapes.indices.count {
                engine.hasImplicitBatchDimension || engine.plan.bindings[$0].fixedShape == nil
            }
            guard varyingCount < 2 else {
                shapeError = error
                return
            }
            inputShapes[index] = previous
            try? prepareCurrent()
            throw error
        }
    }

    private func inputIndex(_ name: String) throws(ExecutionError) -> Int {
        let index = try index(of: name)
        guard engine.plan.bindings[index].mode == .input else {
            throw .invalidArgument(
                .init("shape set on an output", in: core.location, got: "'\(name)'", expected: "an input")
            )
        }
        return index
    }

    /// The binding index of `name`.
    func index(of name: String) throws(ExecutionError) -> Int {
        guard let index = engine.bindingIndex(named: name) else {
            let names = engine.plan.bindings.map { "'\($0.name)'" }.joined(separator: ", ")
            throw .invalidArgument(
                .init("no such binding", in: core.location, got: "'\(name)'", expected: "one of \(names)")
            )
        }
        return index
    }

    private func checkProfile(_ shape: Shape, of index: Int) throws(ExecutionError) {
        let ranges = try engine.profileRanges(profileIndex)
        guard let range = ranges[engine.plan.bindings[index].name] else { return }
        guard shape.indices.allSatisfy({ range.min[$0] <= shape[$0] && shape[$0] <= range.max[$0] }) else {
            throw .invalidArgument(
                .init(
                    "shape is outside optimization profile \(profileIndex)",
                    in: engine.bindingLabels[index],
                    got: "\(shape)",
                    expected: "\(range.min) to \(range.max)"
                )
            )
        }
    }

    /// The inputs whose shapes are still to be set; empty when everything is ready.
    ///
    /// - Throws: what is wrong with shapes that are all set but do not go together.
    /// - Note: TensorRT: `inferShapes`.
    public func inferShapes() throws(ExecutionError) -> [String] {
        if let shapeError { throw shapeError }
        return inputShapes.indices.filter { inputShapes[$0] == nil }.map { engine.plan.bindings[$0].name }
    }

    /// The shape of a binding for the present input shapes; after a completed run also of an output that the run sized, for
    /// that run. Nil when it is not known yet.
    ///
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` for an unknown name.
    /// - Note: TensorRT: `getTensorShape`; after a run, `IOutputAllocator::notifyShape`.
    public func shape(of name: String) throws(ExecutionError) -> Shape? {
        let index = try index(of: name)
        if index < inputShapes.count { return inputShapes[index] }
        guard let current = core.current else { return nil }
        if let type = current.instance.bindingTypes[index] { return type.shape }
        guard let last = core.lastRun, last.instance === current.instance else { return nil }
        return last.dynamicShapes[index]
    }

    // MARK: - Profiles

    /// The optimization profile whose ranges shapes are checked against. TensorRT: `getOptimizationProfile`.
    public var optimizationProfile: Int { profileIndex }

    /// Chooses an optimization profile; shapes of dynamic inputs are to be set again.
    ///
    /// Takes effect for later enqueues; any number of contexts may use one profile.
    /// - Throws: ``ExecutionError/invalidArgument(_:)`` when there is no such profile.
    /// - Note: TensorRT: `setOptimizationProfileAsync`.
    public func setOptimizationProfile(_ index: Int) throws(ExecutionError) {
        _ = try engine.profileRanges(index)
        profileIndex = index
        guard !engine.hasImplicitBatchDimension else { return }
        shapeError = nil
        for index in inputShapes.indices { inputShapes[index] = engine.plan.bindings[index].fixedShape }
        try prepareCurrent()
    }
}
