// SPDX-License-Identifier: Apache-2.0

internal import AlulaGraph
internal import AlulaOperators
internal import AlulaTensor

/// ONNX Clip, opset 6 (bounds as attributes), 11, 12, 13 (bounds as inputs).
///
/// Constant floating-point bounds become parameters; others become `Max` and `Min`.
@Sendable
func importClip(_ context: inout ImportContext) throws(ImportError) {
    guard context.opset >= 11 else {
        let minimum = try context.float("min", default: -.infinity)
        let maximum = try context.float("max", default: .infinity)
        return context.emit(
            Clip(minimum: minimum.isFinite ? minimum : nil, maximum: maximum.isFinite ? maximum : nil)
        )
    }
    let minimum = constantBound(context, 1)
    let maximum = constantBound(context, 2)
    if (minimum != nil) == (context.input(1) != nil), (maximum != nil) == (context.input(2) != nil) {
        if minimum == nil && maximum == nil { return context.emit(Identity(), inputs: [context.input(0)]) }
        return context.emit(Clip(minimum: minimum, maximum: maximum), inputs: [context.input(0)])
    }
    switch (context.input(1), context.input(2)) {
    case (let low?, let high?):
        let raised = context.emitIntermediate(Max(), inputs: [context.input(0), low])
        context.emit(Min(), inputs: [raised, high])
    case (let low?, nil): context.emit(Max(), inputs: [context.input(0), low])
    case (nil, let high): context.emit(Min(), inputs: [context.input(0), high])
    }
}

/// Input `index` as a parameter: a constant floating-point number that `float32` holds exactly.
private func constantBound(_ context: ImportContext, _ index: Int) -> Float? {
    guard let bound = context.constant(index), bound.dataType.isFloatingPoint, bound.elementCount == 1 else {
        return nil
    }
    return Float(exactly: bound.doubles()[0])
}
