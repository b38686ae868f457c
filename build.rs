//! Link options of the extension's library.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // `cargo pgrx` reads the SQL of the extension from a section that nothing refers to: keep it. This holds for
    // the library alone; test binaries need the linker to drop what refers to the server.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,--no-gc-sections");
    }
}
