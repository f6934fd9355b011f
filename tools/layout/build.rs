//! Links the release binary for Linux: with the C library in it, and its functions laid out by who uses them, as
//! `functions.ld` lists them, at a fixed address.
//!
//! The kernel maps a program in pieces of 64 kB around the place that is touched. Left in the linker's order, the two
//! megabytes of functions that a render runs are spread over nearly all of the twelve there are, and nearly all of them
//! become resident. `generate` beside this file makes the list.

#![expect(clippy::disallowed_methods, reason = "cargo tells build scripts what they ask by the environment")]

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

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
        let is_asked_for =
            env::var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|features| features.contains("crt-static"));
        if env::var_os("TARGET") == env::var_os("HOST") && !is_asked_for {
            link_libc_in();
        }
    }
}

/// The libraries that rustc names to the linker for a program on glibc, but for that which unwinds stacks.
const OF_GLIBC: [&str; 6] = ["util", "rt", "pthread", "m", "dl", "c"];

/// Links the C library in, if there is one to link in: a loader and shared libraries cost a small render half as much
/// memory again, and the binary runs wherever there is a kernel.
///
/// `-Ctarget-feature=+crt-static` says the same, but only where `--target` is given: without one it is for procedural
/// macros, too, which are libraries. rustc goes on to ask for shared libraries, so each is given here as a linker script
/// that names the static one.
fn link_libc_in() {
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else { return };
    let archives = OF_GLIBC.iter().map(|name| archive(name)).collect::<Option<Vec<_>>>();
    let (Some(archives), Some(_)) = (archives, archive("gcc_eh")) else { return };
    let scripts = OF_GLIBC.iter().zip(archives).map(|(name, path)| (*name, format!("INPUT({path})")));
    for (name, script) in scripts.chain([("gcc_s", "GROUP(-lgcc_eh -lgcc -lc)".to_owned())]) {
        if fs::write(out.join(format!("lib{name}.a")), script).is_err() {
            return;
        }
    }
    println!("cargo::rustc-link-arg-bins=-L{}", out.display());
    println!("cargo::rustc-link-arg-bins=-static");
}

/// Where the C compiler, which links, finds a static library.
fn archive(name: &str) -> Option<String> {
    let found = Command::new("cc").arg(format!("-print-file-name=lib{name}.a")).output().ok()?;
    let path = String::from_utf8(found.stdout).ok()?.trim().to_owned();
    // It repeats the name of what it does not find.
    path.starts_with('/').then_some(path)
}
