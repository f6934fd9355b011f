//! Every integration test, linked once.

mod admission;
mod chart;
mod cli;
mod diff;
mod docs;
mod gotpl;
mod history;
mod judges;
mod lint;
mod preview;
mod render;
mod scenarios;
mod tera;
mod upgrade;
mod values;
mod yaml;
