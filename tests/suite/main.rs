//! Every integration test, linked once.
#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic, as the tests themselves")]

mod admission;
#[cfg(unix)]
mod against;
mod applies;
mod browser;
mod builtin;
mod certificates;
mod chart;
#[cfg(unix)]
mod ci;
mod cli;
mod diff;
mod docs;
#[cfg(unix)]
mod escaping;
mod gotpl;
mod history;
mod hostile;
mod inputs;
mod judges;
mod lint;
#[cfg(unix)]
mod pages;
mod preview;
mod rehearse;
mod remediation;
mod render;
mod scenarios;
mod support;
mod tera;
mod updates;
mod upgrade;
mod values;
mod yaml;
