// SPDX-License-Identifier: Apache-2.0

// Every row of a table is a member of the assembler: `asm.vaddps` finds `ArithmeticTable.vaddps`.
extension Assembler {
    package subscript<S: Shape>(dynamicMember row: KeyPath<MoveTable, Form<S>>) -> Call<S> {
        Call(assembler: self, form: MoveTable.shared[keyPath: row].instruction)
    }

    package subscript<S: Shape>(dynamicMember row: KeyPath<FusedTable, Form<S>>) -> Call<S> {
        Call(assembler: self, form: FusedTable.shared[keyPath: row].instruction)
    }

    package subscript<S: Shape>(dynamicMember row: KeyPath<ArithmeticTable, Form<S>>) -> Call<S> {
        Call(assembler: self, form: ArithmeticTable.shared[keyPath: row].instruction)
    }

    package subscript<S: Shape>(dynamicMember row: KeyPath<IntegerTable, Form<S>>) -> Call<S> {
        Call(assembler: self, form: IntegerTable.shared[keyPath: row].instruction)
    }

    package subscript<S: Shape>(dynamicMember row: KeyPath<ConversionTable, Form<S>>) -> Call<S> {
        Call(assembler: self, form: ConversionTable.shared[keyPath: row].instruction)
    }

    package subscript<S: Shape>(dynamicMember row: KeyPath<PermuteTable, Form<S>>) -> Call<S> {
        Call(assembler: self, form: PermuteTable.shared[keyPath: row].instruction)
    }

    package subscript<S: Shape>(dynamicMember row: KeyPath<MaskTable, Form<S>>) -> Call<S> {
        Call(assembler: self, form: MaskTable.shared[keyPath: row].instruction)
    }

    package subscript<S: Shape>(dynamicMember row: KeyPath<GeneralTable, Form<S>>) -> Call<S> {
        Call(assembler: self, form: GeneralTable.shared[keyPath: row].instruction)
    }
}

/// All tables, for enumerating every form.
package enum InstructionTables {
    /// Every table by name, each with its rows in order.
    package static var all: [(name: String, forms: [InstructionForm])] {
        [
            ("moves", rows(MoveTable.shared)), ("fused", rows(FusedTable.shared)),
            ("arithmetic", rows(ArithmeticTable.shared)), ("integer", rows(IntegerTable.shared)),
            ("conversions", rows(ConversionTable.shared)), ("permutes", rows(PermuteTable.shared)),
            ("masks", rows(MaskTable.shared)), ("general", rows(GeneralTable.shared)),
        ]
    }

    private static func rows(_ table: Any) -> [InstructionForm] {
        Mirror(reflecting: table).children.flatMap { child -> [InstructionForm] in
            if let form = child.value as? any AnyForm { return [form.instruction] }
            return (child.value as? [any AnyForm])?.map(\.instruction) ?? []
        }
    }
}
