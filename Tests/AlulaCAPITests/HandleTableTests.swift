// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AlulaCAPI

/// The interface as a whole is tested from C and Python (Bindings/Python/tests); here is what only Swift sees.
@Suite struct HandleTableTests {
    private final class Thing: HandleObject {
        static let kind = HandleKind.bytes
    }

    private final class OtherThing: HandleObject {
        static let kind = HandleKind.plan
    }

    private let table = HandleTable()

    @Test func aHandleFindsItsObjectAndNoOther() throws {
        let things = [Thing(), Thing(), Thing()]
        let handles = things.map { table.insert($0) }
        #expect(Set(handles).count == 3)
        for (thing, handle) in zip(things, handles) {
            #expect(try table.object(handle, as: Thing.self) === thing)
        }
    }

    @Test func staleForeignAndInventedHandlesAreNamed() throws {
        let handle = table.insert(Thing())
        #expect(throws: (any Error).self) { try table.object(handle, as: OtherThing.self) }
        for invented in [0, 1, handle + 256, handle | 1 << 63, UInt64.max, 0xdead_beef] where invented != handle {
            #expect(throws: (any Error).self, "\(invented)") { try table.object(invented, as: Thing.self) }
        }
        try table.remove(handle, as: Thing.self)
        let error = #expect(throws: (any Error).self) { try table.object(handle, as: Thing.self) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("stale handle"))
        #expect(throws: (any Error).self) { try table.remove(handle, as: Thing.self) }
    }

    @Test func aSlotIsUsedAgainWithAnotherHandle() throws {
        var last: UInt64 = 0
        for _ in 0..<100 {
            let handle = table.insert(Thing())
            #expect(handle != last)
            if last != 0 { #expect(throws: (any Error).self) { try table.object(last, as: Thing.self) } }
            try table.remove(handle, as: Thing.self)
            last = handle
        }
    }

    @Test func theTableKeepsObjectsUntilTheyAreDestroyed() throws {
        weak var thing: Thing?
        let handle: UInt64
        do {
            let made = Thing()
            thing = made
            handle = table.insert(made)
        }
        #expect(thing != nil)
        try table.remove(handle, as: Thing.self)
        #expect(thing == nil)
    }
}
