// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

/// ONNX EyeLike, opset 9, 22.
@Sendable
func importEyeLike(_ context: inout ImportContext) throws(ImportError) {
    var dataType: DataType?
    if let number = try context.integer("dtype") {
        dataType = UInt8(exactly: number).flatMap(DataType.init(rawValue:))
        guard dataType != nil else {
            throw context.unsupported("dtype = \(number)", expected: "the number of a supported data type")
        }
    }
    context.emit(EyeLike(dataType: dataType, diagonal: try context.integer("k", default: 0)))
}
