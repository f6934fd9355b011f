//! Other programs.

use std::io::{self, Write as _};
use std::process::{Command, Output, Stdio};

/// Runs a command with `input` on its standard input, and collects its standard output.
pub(crate) fn run_with_input(command: &mut Command, input: Vec<u8>) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take();
    // Written from a thread of its own, so that neither side waits for the other.
    let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
    let output = child.wait_with_output();
    // A program need not read to the end. If it gave up early, its status says so.
    let _ = writer.join();
    output
}
