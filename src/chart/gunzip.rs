//! Gzip, read to its end.

use flate2::bufread::GzDecoder;
use std::io::{self, Read};

/// How every member of a gzip file begins.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The text of all members of a gzip file, one after the other. The checksum of each is checked. As in gzip itself, zeros
/// after the last member are padding, and anything else is ignored, which [`Self::has_garbage`] says.
pub(super) struct Gunzip<'a> {
    member: GzDecoder<&'a [u8]>,
    has_garbage: bool,
}

impl<'a> Gunzip<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { member: GzDecoder::new(bytes), has_garbage: false }
    }

    /// Whether something that is not gzip follows; known when everything has been read.
    pub(super) fn has_garbage(&self) -> bool {
        self.has_garbage
    }
}

impl Read for Gunzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let rest = *self.member.get_ref();
            if !rest.starts_with(&MAGIC) {
                self.has_garbage = rest.iter().any(|byte| *byte != 0);
                return Ok(0);
            }
            self.member = GzDecoder::new(rest);
        }
    }
}
