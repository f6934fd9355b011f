#![doc = include_str!("../README.md")]

pub mod client;
pub mod controllers;
mod go_types;
pub mod scenario;
pub mod server;
