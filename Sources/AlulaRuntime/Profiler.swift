// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem

/// Receives the time of every layer of a context's runs.
///
/// TensorRT counterpart: `IProfiler`.
public protocol Profiler: AnyObject, Sendable {
    /// One layer ran for `milliseconds`. Called once a layer after each run, in execution order, on the stream's thread;
    /// must not call back into streams, events or contexts.
    func reportLayerTime(_ layerName: String, milliseconds: Double)
}

/// A profiler that keeps what it is told.
public final class LayerTimeRecorder: Profiler {
    /// One layer's times over all runs, in milliseconds.
    public struct Layer: Sendable {
        /// The layer's name.
        public var name: String
        /// One entry a run.
        public var milliseconds: [Double]
    }

    private struct State {
        var layers: [Layer] = []
        var indices: [String: Int] = [:]
    }

    private let state = Locked(State())

    /// A recorder without times.
    public init() {}

    /// Adds one time.
    public func reportLayerTime(_ layerName: String, milliseconds: Double) {
        state.withLock { state in
            if let index = state.indices[layerName] {
                state.layers[index].milliseconds.append(milliseconds)
            } else {
                state.indices[layerName] = state.layers.count
                state.layers.append(Layer(name: layerName, milliseconds: [milliseconds]))
            }
        }
    }

    /// All layers in the order they first ran.
    public var layers: [Layer] { state.withLock { $0.layers } }
}
