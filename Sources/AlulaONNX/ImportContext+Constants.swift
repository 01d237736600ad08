// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaTensor

extension ImportContext {
    /// Adds a constant list of integers, for what was an attribute in older opsets.
    mutating func addIntegers(_ values: [Int]) -> Graph.ValueID {
        addConstant(Tensor(values.map { Int64($0) }, shape: [values.count]))
    }

    /// The input at `index`, or, where an older opset has an attribute `name` instead, that as a constant.
    ///
    /// Nil when there is neither.
    mutating func integersInput(
        _ index: Int,
        orAttribute name: String,
        before opset: Int
    ) throws(ImportError) -> Graph.ValueID? {
        guard self.opset < opset else { return input(index) }
        guard let values = try integers(name) else { return nil }
        return addIntegers(values)
    }
}
