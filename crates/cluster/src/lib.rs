#![doc = include_str!("../README.md")]

pub mod controllers;
pub mod scenario;
pub mod server;
