//! Every integration test, linked once.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic, as the tests themselves")]

mod admission;
#[cfg(unix)]
mod against;
mod applies;
#[cfg(unix)]
mod authoring;
mod browser;
mod builtin;
mod calls;
#[cfg(unix)]
mod cases;
mod certificates;
mod chart;
#[cfg(unix)]
mod ci;
mod cli;
#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod completion;
mod consequences;
#[cfg(unix)]
mod convert;
mod coverage;
#[cfg(unix)]
mod create;
#[cfg(unix)]
mod dependency;
mod diff;
mod docs;
mod driver;
#[cfg(unix)]
mod escaping;
#[cfg(unix)]
mod files;
#[cfg(unix)]
mod fuzz;
mod gotpl;
mod helm_command;
mod history;
mod hostile;
#[cfg(unix)]
mod hostile_repositories;
mod imports;
mod inputs;
mod judges;
mod kinds;
mod kustomize;
mod limits;
#[cfg(unix)]
mod links;
mod lint;
#[cfg(unix)]
mod lookup;
mod migrate;
#[cfg(unix)]
mod oci;
#[cfg(unix)]
mod package;
#[cfg(unix)]
mod pages;
mod plans;
mod preview;
#[cfg(unix)]
mod push;
mod rehearse;
mod remediation;
#[cfg(unix)]
mod remote;
mod render;
mod scenarios;
#[cfg(unix)]
mod script;
mod secrets;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod shipping;
mod show;
#[cfg(unix)]
mod sops;
mod support;
mod tera;
mod unittest;
mod updates;
mod upgrade;
mod values;
#[cfg(unix)]
mod verify;
mod watch;
mod workload_kinds;
mod world;
mod yaml;
