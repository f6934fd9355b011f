//! The workload controllers as state machines with logical time.
#![doc = include_str!("../README.md")]

pub mod client;
pub mod controllers;
mod go_types;
pub mod server;
