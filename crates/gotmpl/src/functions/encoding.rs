//! Sprig's encodings and digests.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use plimsoll_diag::escape::hex;
use sha2::Digest as _;

use crate::function::{Function, fixed};
use crate::value::Value;

pub(crate) const TABLE: &[Function] = &[
    fixed("b64enc", 1, |args| Ok(base64::engine::general_purpose::STANDARD.encode(args.bytes(0)?).into())),
    fixed("b64dec", 1, |args| Ok(decode64(args.bytes(0)?))),
    fixed("b32enc", 1, |args| Ok(encode32(args.bytes(0)?).into())),
    fixed("b32dec", 1, |args| Ok(decode32(args.bytes(0)?))),
    fixed("sha1sum", 1, |args| Ok(hex(&sha1::Sha1::digest(args.bytes(0)?)).into())),
    fixed("sha256sum", 1, |args| Ok(hex(&sha2::Sha256::digest(args.bytes(0)?)).into())),
    fixed("sha512sum", 1, |args| Ok(hex(&sha2::Sha512::digest(args.bytes(0)?)).into())),
    fixed("adler32sum", 1, |args| Ok(adler32(args.bytes(0)?).to_string().into())),
];

/// As Go reads it: bits that are left over in the last digit do not matter.
const STANDARD64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Invalid base64 gives the text of the error, as in Sprig.
fn decode64(text: &[u8]) -> Value {
    let plain: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    match STANDARD64.decode(&plain) {
        Ok(bytes) => Value::from_bytes(&bytes),
        Err(_) => format!("illegal base64 data at input byte {}", corrupt64(text)).into(),
    }
}

/// Where Go reports invalid base64.
fn corrupt64(text: &[u8]) -> usize {
    let is_break = |position: usize| matches!(text.get(position), Some(b'\r' | b'\n'));
    let after_breaks = |mut position: usize| {
        while is_break(position) {
            position += 1;
        }
        position
    };
    // The digits of the group that is being read.
    let mut digits = 0;
    let mut position = 0;
    loop {
        let Some(byte) = text.get(position) else { return position - digits };
        match byte {
            b'\r' | b'\n' => {}
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => digits = (digits + 1) % 4,
            b'=' if digits == 2 => {
                let second = after_breaks(position + 1);
                return match text.get(second) {
                    Some(b'=') => after_breaks(second + 1),
                    Some(_) => second - 1,
                    None => text.len(),
                };
            }
            b'=' if digits == 3 => return after_breaks(position + 1),
            _ => return position,
        }
        position += 1;
    }
}

const ALPHABET32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn encode32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut bits = [0; 8];
        bits[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(bits);
        let digits = (chunk.len() * 8).div_ceil(5);
        for index in 0..8 {
            let digit = usize::try_from(bits >> (35 - index * 5) & 31).unwrap_or(0);
            out.push(if index < digits { char::from(ALPHABET32[digit]) } else { '=' });
        }
    }
    out
}

/// Invalid base32 gives the text of the error, as in Sprig. As in Go, nothing after the padding is read.
fn decode32(text: &[u8]) -> Value {
    let plain: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let bad = |position: usize| Value::from(format!("illegal base32 data at input byte {position}"));
    let mut out = Vec::with_capacity(plain.len() / 8 * 5);
    for start in (0..plain.len()).step_by(8) {
        let (mut bits, mut digits) = (0_u64, 0);
        while digits < 8 {
            let position = start + digits;
            let Some(byte) = plain.get(position) else { return bad(start) };
            let after = &plain[position + 1..];
            if *byte == b'=' && digits >= 2 && after.len() < 8 {
                let Some(padding) = after.get(..7 - digits) else { return bad(plain.len()) };
                if let Some(other) = padding.iter().position(|byte| *byte != b'=') {
                    return bad(position + other);
                }
                if matches!(digits, 3 | 6) {
                    return bad(position);
                }
                bits <<= (8 - digits) * 5;
                out.extend_from_slice(&bits.to_be_bytes()[3..3 + digits * 5 / 8]);
                return Value::from_bytes(&out);
            }
            let Some(digit) = ALPHABET32.iter().position(|known| known == byte) else { return bad(position) };
            bits = bits << 5 | digit as u64;
            digits += 1;
        }
        out.extend_from_slice(&bits.to_be_bytes()[3..]);
    }
    Value::from_bytes(&out)
}

fn adler32(bytes: &[u8]) -> u32 {
    const BASE: u32 = 65_521;
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % BASE;
        (low, (high + low) % BASE)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_goes_both_ways() {
        for (plain, coded) in
            [("", ""), ("f", "MY======"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI======")]
        {
            assert_eq!(encode32(plain.as_bytes()), coded);
            assert_eq!(decode32(coded.as_bytes()).as_str(), Some(plain));
        }
        assert_eq!(decode32(b"M1======").as_str(), Some("illegal base32 data at input byte 1"));
    }

    #[test]
    fn base64_errors_name_the_byte() {
        assert_eq!(decode64(b"aGk\n=").as_str(), Some("hi"));
        for (text, position) in
            [("a!k=", 1), ("a\nb\n", 2), ("abcde", 4), ("ab=", 3), ("ab=c", 2), ("abc=d", 4), ("a===", 1)]
        {
            let error = format!("illegal base64 data at input byte {position}");
            assert_eq!(decode64(text.as_bytes()).as_str(), Some(&*error), "{text:?}");
        }
        assert_eq!(decode64(b"aGl=").as_str(), Some("hi"));
    }

    #[test]
    fn checksums() {
        assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
    }
}
