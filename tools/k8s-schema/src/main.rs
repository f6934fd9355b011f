//! Writes what plimsoll embeds of the Kubernetes API, for several versions in one text: each line that is not in all of
//! them is followed by the versions that have it. `./generate` puts the texts in their places.
//!
//! ```text
//! k8s-schema                     prints the kinds, and the fields of their types, from the sources of k8s-openapi
//! k8s-schema merge-rules FOLDER  prints how lists and maps are merged, from the OpenAPI documents in FOLDER
//! k8s-schema check FILE          compares printed merge rules with the sources of k8s-openapi
//! ```
//!
//! The kinds and fields, line by line (order: kinds, then types, both sorted; fields sorted within their type):
//!
//! ```text
//! kind apps/v1 StatefulSet statefulsets N apps.v1.StatefulSet
//! type apps.v1.StatefulSetSpec
//!  minReadySeconds i32
//!  updateStrategy @apps.v1.StatefulSetUpdateStrategy
//!  volumeClaimTemplates [@core.v1.PersistentVolumeClaim
//!  someNewField {s 35..
//! ```
//!
//! Scopes: `N`amespaced, `C`luster, `S`ubresource. Types: `s` string, `b` boolean, `i32`, `i64`, `f` float,
//! `y` base64, `t` time, `io` integer or string, `q` quantity, `any`; `[T` list, `{T` map with free keys,
//! `@name` another type. The merge rules are described in `merge.rs`.

mod api;
mod merge;
mod sources;
mod versions;

use api::Api;
use sources::Sources;
use std::process::ExitCode;
use std::{env, fs};
use versions::MINORS;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => {
            let apis: Vec<_> = MINORS.map(|minor| (minor, Api::of(&Sources::read(minor)))).collect();
            print!("{}", api::text(&apis));
        }
        ["merge-rules", folder] => print!("{}", merge::text(folder.as_ref())),
        ["check", file] => {
            let faults = merge::faults(&fs::read_to_string(file).expect("a readable file"));
            for fault in &faults {
                eprintln!("{file}: {fault}");
            }
            if !faults.is_empty() {
                return ExitCode::FAILURE;
            }
        }
        _ => {
            eprintln!("usage: k8s-schema [merge-rules FOLDER | check FILE]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
