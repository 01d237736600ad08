// SPDX-License-Identifier: Apache-2.0

internal import Alula

/// One cloud to look at, and where it comes from.
public struct Frame: Sendable {
    /// The name results carry: a file, a time stamp.
    public var name: String
    /// Gets the points; called once, on a thread of the pipeline's, while earlier frames are computed.
    public var load: @Sendable () throws(FrameError) -> PointCloud

    /// When the frame was due, for its latency; nil counts from the moment the pipeline takes it.
    public var due: ContinuousClock.Instant?

    /// A frame whose points are got when its turn comes.
    public init(name: String, load: @escaping @Sendable () throws(FrameError) -> PointCloud) {
        self.name = name
        self.load = load
    }

    /// A frame whose points are there already.
    public init(name: String, cloud: PointCloud) {
        self.name = name
        load = { () throws(FrameError) in cloud }
    }
}

/// Why one frame has no detections; the frames after it have.
public struct FrameError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What, where, got, expected.
    public var description: String

    /// An error with the words a user sees.
    public init(_ description: String) { self.description = description }
}

/// What became of one frame.
public struct FrameResult: Sendable {
    /// The frame's position among all, from 0 on.
    public var index: Int
    /// The frame's name.
    public var name: String
    /// What was found, or why nothing could be.
    public var outcome: Result<Detections, FrameError>
    /// The frame's points, if the pipeline keeps them and they could be read.
    public var cloud: PointCloud?
    /// From the moment the frame was due or taken to the moment its boxes were there, milliseconds.
    public var latencyMilliseconds: Double

    init(
        index: Int,
        name: String,
        outcome: Result<Detections, FrameError>,
        cloud: PointCloud?,
        latencyMilliseconds: Double
    ) {
        self.index = index
        self.name = name
        self.outcome = outcome
        self.cloud = cloud
        self.latencyMilliseconds = latencyMilliseconds
    }
}
