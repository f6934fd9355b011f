//! Lays the functions of the release binary out by who uses them, as `functions.ld` lists them, at a fixed address.
//!
//! The kernel maps a program in pieces of 64 kB around the place that is touched. Left in the linker's order, the two
//! megabytes of functions that a render runs are spread over nearly all of the twelve there are, and nearly all of them
//! become resident. `generate` beside this file makes the list.

#![expect(clippy::disallowed_methods, reason = "cargo tells build scripts what they ask by the environment")]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=tools/layout/functions.ld");
    println!("cargo::rerun-if-changed=tools/layout/build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // Linkers that somebody chose, as mold, may know no such scripts.
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let is_default_linker =
        env::var_os("RUSTC_LINKER").is_none() && !flags.contains("linker") && !flags.contains("fuse-ld");
    if is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is_default_linker
        && let Ok(root) = env::var("CARGO_MANIFEST_DIR")
    {
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{root}/tools/layout/functions.ld");
        // At a place of its own choice the program would have a megabyte of pointers to mend before it starts.
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
