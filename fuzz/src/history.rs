//! Any text as a recorded render.

use super::assert_printable;
use plimsoll::diag::Sources;
use plimsoll::history::History;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Reads the bytes as the file of a revision, as they are and below the line with their digest.
pub fn check(data: &[u8]) {
    let mut whole = b"# plimsoll revision, sha256 ".to_vec();
    whole.extend(hex(&Sha256::digest(data)).into_bytes());
    whole.push(b'\n');
    whole.extend(data);
    for file in [data, &whole] {
        read(file);
    }
}

fn read(file: &[u8]) {
    let base = tempfile::tempdir().expect("a directory");
    let directory = base.path().join("default/web");
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::write(directory.join("000001.yaml"), file).expect("a file");
    let history = History::new(base.path(), "default", "web").expect("a history");
    assert_eq!(history.list().expect("a list").len(), 1);
    match history.load(None) {
        Ok(revision) => {
            let sources = Sources::new();
            let _ = revision.objects(&sources);
            let _ = revision.appliable(&sources);
        }
        Err(error) => assert_printable(&plimsoll::diag::escape::terminal_lines(&error.to_string())),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
