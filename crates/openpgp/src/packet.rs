//! The packets that keyrings and signatures are made of.

use crate::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(crate) const SIGNATURE: u8 = 2;
pub(crate) const SECRET_KEY: u8 = 5;
pub(crate) const PUBLIC_KEY: u8 = 6;
pub(crate) const SECRET_SUBKEY: u8 = 7;
pub(crate) const USER_ID: u8 = 13;
pub(crate) const PUBLIC_SUBKEY: u8 = 14;

/// A packet: its type and its content.
pub(crate) struct Packet<'a> {
    pub(crate) tag: u8,
    pub(crate) body: &'a [u8],
}

/// Reads packets one after the other.
pub(crate) fn read_packets(bytes: &[u8]) -> Result<Vec<Packet<'_>>, Error> {
    let mut reader = Reader(bytes);
    let mut packets = Vec::new();
    while !reader.0.is_empty() {
        let packet =
            reader.packet().ok_or_else(|| Error::new("it is damaged, or not made of OpenPGP packets"))?;
        packets.push(packet);
    }
    Ok(packets)
}

/// Bytes that are read from the front. Every method returns `None` if there are too few.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// A number of so many bytes, the first the most significant.
    pub(crate) fn number(&mut self, bytes: usize) -> Option<u32> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    fn length(&mut self, bytes: usize) -> Option<usize> {
        usize::try_from(self.number(bytes)?).ok()
    }

    /// A multiprecision integer: its bytes without leading zeros.
    pub(crate) fn integer(&mut self) -> Option<&'a [u8]> {
        let bits = self.length(2)?;
        self.take(bits.div_ceil(8))
    }

    /// A length of one, two or five bytes, as packets and subpackets have it.
    fn variable_length(&mut self, two_byte_end: u8) -> Option<usize> {
        match self.byte()? {
            first @ 0..192 => Some(usize::from(first)),
            first if first < two_byte_end => {
                Some(((usize::from(first) - 192) << 8) + usize::from(self.byte()?) + 192)
            }
            255 => self.length(4),
            // Keys and signatures are never divided.
            _ => None,
        }
    }

    fn packet(&mut self) -> Option<Packet<'a>> {
        let first = self.byte()?;
        if first & 0x80 == 0 {
            return None;
        }
        let (tag, length) = if first & 0x40 == 0 {
            let length = match first & 3 {
                0 => self.length(1)?,
                1 => self.length(2)?,
                2 => self.length(4)?,
                _ => return None,
            };
            (first >> 2 & 0x0f, length)
        } else {
            (first & 0x3f, self.variable_length(224)?)
        };
        Some(Packet { tag, body: self.take(length)? })
    }

    /// The next subpacket of a signature: its type, whether it must be understood, and its content.
    pub(crate) fn subpacket(&mut self) -> Option<(u8, bool, &'a [u8])> {
        let length = self.variable_length(255)?;
        let mut inner = Reader(self.take(length)?);
        let first = inner.byte()?;
        Some((first & 0x7f, first & 0x80 != 0, inner.0))
    }
}

/// The content of an armored text, between its first and last line. The checksum at its end, if there is one, is optional
/// and protects nothing.
pub(crate) fn read_armor(text: &str, kind: &str) -> Option<Vec<u8>> {
    let (begin, end) = (format!("-----BEGIN PGP {kind}-----"), format!("-----END PGP {kind}-----"));
    let mut lines = text.lines().map(str::trim_end).skip_while(|line| *line != begin).skip(1);
    // Headers end with an empty line.
    lines.find(|line| line.is_empty())?;
    let mut encoded = String::new();
    for line in lines {
        if line == end {
            return STANDARD.decode(encoded).ok();
        }
        if !line.starts_with('=') {
            encoded.push_str(line);
        }
    }
    None
}
