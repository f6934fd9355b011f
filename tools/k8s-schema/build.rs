//! Lists the resources of the chosen version of k8s-openapi, which has no list of its own: every
//! `impl crate::Resource for T` in its sources.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    let version = (33..=37)
        .map(|minor| format!("v1_{minor}"))
        .find(|feature| env::var_os(format!("CARGO_FEATURE_{}", feature.to_uppercase())).is_some())
        .expect("choose one version, e.g. --features v1_36");
    let sources = sources().join(&version);
    let mut found = Vec::new();
    collect(&sources, &mut vec!["k8s_openapi".to_owned()], &mut found);
    found.sort();
    let mut out = String::from("resources! {\n");
    for path in found {
        writeln!(out, "    {path},").unwrap();
    }
    out.push_str("}\n");
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap()).join("resources.rs");
    fs::write(target, out).unwrap();
    println!("cargo::rerun-if-changed=build.rs");
}

/// The `src` folder of the k8s-openapi that is being linked.
fn sources() -> PathBuf {
    let output = Command::new(env::var_os("CARGO").unwrap())
        .args(["metadata", "--format-version=1", "--locked", "--all-features"])
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "k8s-openapi").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("src")
}

/// Adds the Rust path of every resource below `folder`, which is the module `module`.
fn collect(folder: &Path, module: &mut Vec<String>, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            module.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            collect(&path, module, found);
            module.pop();
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(name) = line.strip_prefix("impl crate::Resource for ") {
                found.push(format!("{}::{}", module.join("::"), name.trim_end_matches([' ', '{'])));
            }
        }
    }
}
