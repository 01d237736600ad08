// SPDX-License-Identifier: Apache-2.0

extension EpilogueArguments {
    /// One operand at `address`.
    package init(_ address: Int) {
        self.init()
        self[0] = address
    }
}

extension Epilogue {
    /// Inputs shaped like the output: their memory may become the output's, since each element is read right before its
    /// place is written.
    package var fullInputs: [Int] { operands.filter { $0.extent == .full }.map(\.input) }
}
