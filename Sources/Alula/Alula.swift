// SPDX-License-Identifier: Apache-2.0

// The umbrella: `import Alula` is all a user needs. Documentation chapters live in Alula.docc beside this file.
@_exported public import AlulaBuilder
@_exported public import AlulaGraph
@_exported public import AlulaONNX
@_exported public import AlulaOperators
@_exported public import AlulaPlan
@_exported public import AlulaRuntime
@_exported public import AlulaTensor
