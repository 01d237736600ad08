// swift-tools-version: 6.2
import PackageDescription

/// One row of the module table: a target, what it may import, and what its tests are called.
///
/// `Tools/check-imports.sh` compares every `import` in `Sources/` with this table; SwiftPM alone does not.
struct Module {
    var name: String
    var dependencies: [String] = []
    var packages: [Target.Dependency] = []
    var isTested = true
    /// Files the tests read in place, relative to the test target.
    var testData: [String] = []
    var isExecutable = false
}

/// Bottom to top: a module imports only rows above it that it names.
let modules: [Module] = [
    Module(name: "AlulaTensor"),
    Module(name: "AlulaSystem"),
    Module(name: "AlulaX86", testData: ["Encodings"]),
    Module(name: "AlulaJIT", dependencies: ["AlulaX86", "AlulaSystem"]),
    Module(name: "AlulaOperators", dependencies: ["AlulaTensor"]),
    Module(name: "AlulaGraph", dependencies: ["AlulaOperators", "AlulaTensor"]),
    Module(name: "AlulaONNX", dependencies: ["AlulaGraph", "AlulaOperators", "AlulaTensor", "AlulaSystem"]),
    Module(name: "AlulaKernels", dependencies: ["AlulaJIT", "AlulaOperators", "AlulaTensor", "AlulaSystem"]),
    Module(name: "AlulaPlan", dependencies: ["AlulaKernels", "AlulaOperators", "AlulaTensor"]),
    Module(
        name: "AlulaBuilder",
        dependencies: ["AlulaGraph", "AlulaKernels", "AlulaPlan", "AlulaOperators", "AlulaTensor", "AlulaSystem"]
    ),
    Module(
        name: "AlulaRuntime",
        dependencies: ["AlulaPlan", "AlulaKernels", "AlulaOperators", "AlulaTensor", "AlulaSystem"]
    ),
    Module(
        name: "Alula",
        dependencies: [
            "AlulaTensor", "AlulaOperators", "AlulaGraph", "AlulaONNX", "AlulaPlan", "AlulaBuilder", "AlulaRuntime",
        ]
    ),
    // The system module for locks and borrowed memory, which stay out of the public interface.
    Module(name: "AlulaCAPI", dependencies: ["Alula", "AlulaSystem", "CAlula"]),
    Module(name: "AlulaPointPillars", dependencies: ["Alula"]),
    Module(
        name: "AlulaPointPillarsYAML",
        dependencies: ["AlulaPointPillars"],
        packages: [.product(name: "Yams", package: "Yams")]
    ),
    Module(
        name: "AlulaTesting",
        dependencies: [
            "AlulaGraph", "AlulaONNX", "AlulaOperators", "AlulaKernels", "AlulaPlan", "AlulaBuilder", "AlulaRuntime",
            "AlulaTensor", "AlulaSystem",
        ],
        isTested: false
    ),
    Module(
        name: "AlulaCLI",
        dependencies: [
            "Alula", "AlulaPointPillars", "AlulaPointPillarsYAML", "AlulaSystem", "AlulaTesting", "AlulaJIT",
        ],
        packages: [.product(name: "ArgumentParser", package: "swift-argument-parser")],
        isExecutable: true
    ),
]

/// The same settings for every target, each with its reason.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    // Every unsafe use is spelled `unsafe`, so `Tools/check-unsafe.sh` can hold it to a list of places.
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    .enableUpcomingFeature("MemberImportVisibility"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
    .enableUpcomingFeature("InternalImportsByDefault"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Span-returning accessors need `@_lifetime`; there is no stable spelling yet.
    .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
    name: "alula",
    products: [
        .library(name: "Alula", targets: ["Alula"]),
        .executable(name: "alula", targets: ["AlulaCLI"]),
        // Tools/build-library.sh makes libalula.so of it.
        .library(name: "AlulaC", type: .dynamic, targets: ["AlulaCAPI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: modules.flatMap { module -> [Target] in
        let dependencies = module.dependencies.map { Target.Dependency.target(name: $0) } + module.packages
        let target: Target =
            module.isExecutable
            ? .executableTarget(name: module.name, dependencies: dependencies, swiftSettings: settings)
            : .target(name: module.name, dependencies: dependencies, swiftSettings: settings)
        guard module.isTested else { return [target] }
        let testDependencies: [Target.Dependency] =
            [.target(name: module.name)] + dependencies
            + (["AlulaTensor", "AlulaX86", "AlulaCLI"].contains(module.name)
                ? [] : [.target(name: "AlulaTesting")])
            // Counts of fuzz tests come from the environment, which only the system module reads.
            + (module.name == "AlulaPlan" ? [.target(name: "AlulaSystem")] : [])
            + (module.name == "AlulaRuntime" ? [.target(name: "CAllocationCounter")] : [])
        return [
            target,
            .testTarget(
                name: module.name + "Tests",
                dependencies: testDependencies,
                exclude: module.testData,
                swiftSettings: settings
            ),
        ]
    }
        + [
            // The header of the C interface, and the per-thread error text that only C can keep.
            .target(name: "CAlula"),
            // Stands in front of malloc in the test executable; no product links it.
            .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
            .testTarget(
                name: "ConformanceTests",
                dependencies: [
                    "Alula", "AlulaTesting", "AlulaTensor", "AlulaSystem", "AlulaOperators", "AlulaGraph", "AlulaONNX",
                    "AlulaKernels", "AlulaPlan", "AlulaBuilder", "AlulaRuntime",
                ],
                swiftSettings: settings
            ),
        ]
)
