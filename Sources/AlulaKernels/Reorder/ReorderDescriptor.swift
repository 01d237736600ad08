// SPDX-License-Identifier: Apache-2.0

/// A change of layout between planar `[C, P]` and blocked `[⌈C/c⌉, P, c]` float tensors, `P` being the positions of all
/// spatial axes together and `c` the lanes of a vector. The batch is not part of it: images are independent.
package struct ReorderDescriptor: Hashable, Sendable {
    /// Which side is written.
    package enum Direction: String, Hashable, Sendable, CaseIterable {
        /// Lanes behind the last channel become zero.
        case toBlocked
        /// Lanes behind the last channel are dropped.
        case toPlanar
    }

    package var direction: Direction
    package var channels: Int
    /// Elements of one channel.
    package var positions: Int

    package init(_ direction: Direction, channels: Int, positions: Int) {
        self.direction = direction
        self.channels = channels
        self.positions = positions
    }

    /// Blocks of channels; the last may be partly filled.
    package func blockCount(lanes: Int) -> Int { (channels + lanes - 1) / lanes }

    /// Why the generator does not cover the problem for vectors of `lanes`; nil if it does.
    package func rejection(lanes: Int) -> String? {
        guard channels > 0, positions > 0 else { return "nothing to do" }
        guard positions * lanes * 4 <= Int(Int32.max) else {
            return "a block of \(lanes) channels is larger than 2 GiB"
        }
        return nil
    }
}

/// The fields generated code reads; one call moves some neighbouring blocks, or a part of one. Addresses and counts.
package struct ReorderArguments: BitwiseCopyable, Sendable {
    /// The first position in the first channel.
    package var planar = 0
    /// The same position in the first block.
    package var blocked = 0
    package var blockCount = 0
    /// Squares of as many positions as channels, in each block.
    package var tileCount = 0
    /// 1 where the positions left over at the end of a plane follow, else 0.
    package var tailCount = 0
}
