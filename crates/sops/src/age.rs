//! The age format, version 1: files that are encrypted for X25519 keys.
//!
//! Source: <https://age-encryption.org/v1>.

use crate::AGE_HEADER;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::fmt;

const VERSION: &str = "age-encryption.org/v1";
const AGE_FOOTER: &str = "-----END AGE ENCRYPTED FILE-----";
/// The part of a key before its data.
const SECRET_KEY: &str = "age-secret-key-";
/// The most bytes that one piece of the content has, without its tag.
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;

/// Private keys.
#[derive(Clone, Default)]
pub struct Keys(Vec<Identity>);

#[derive(Clone)]
struct Identity {
    secret: [u8; 32],
    public: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

impl Keys {
    /// Adds the keys in a text: one on each line, `#` begins a comment. Returns how many were added: keys of other kinds are
    /// not.
    pub fn add(&mut self, text: &str) -> usize {
        let before = self.0.len();
        self.0.extend(text.lines().filter_map(|line| Identity::parse(line.trim())));
        self.0.len() - before
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Decrypts an armored file; `None` if it is damaged, or for other keys.
    pub(crate) fn decrypt(&self, armored: &str) -> Option<Vec<u8>> {
        let bytes = read_armor(armored)?;
        let header = Header::read(&bytes)?;
        let of_stanza = |stanza| self.0.iter().find_map(|identity| identity.unwrap(stanza));
        let file_key = header.stanzas.iter().find_map(of_stanza)?;
        header.verify(&file_key)?;
        decrypt_content(&file_key, header.content)
    }
}

impl Identity {
    fn parse(text: &str) -> Option<Self> {
        let secret = bech32(SECRET_KEY, text)?;
        let public = x25519_dalek::x25519(secret, x25519_dalek::X25519_BASEPOINT_BYTES);
        Some(Self { secret, public })
    }

    /// The key of the file, if the stanza is for this key.
    fn unwrap(&self, stanza: &Stanza<'_>) -> Option<[u8; 16]> {
        let ["X25519", share] = stanza.arguments[..] else { return None };
        let share: [u8; 32] = STANDARD_NO_PAD.decode(share).ok()?.try_into().ok()?;
        let shared = x25519_dalek::x25519(self.secret, share);
        // A share of low order makes a key that anybody can compute.
        if shared == [0; 32] || stanza.body.len() != 16 + TAG {
            return None;
        }
        let salt = [share, self.public].concat();
        let key = derive(&shared, &salt, b"age-encryption.org/v1/X25519")?;
        open(&key, [0; 12], &stanza.body)?.try_into().ok()
    }
}

/// One recipient in a header.
struct Stanza<'a> {
    arguments: Vec<&'a str>,
    body: Vec<u8>,
}

struct Header<'a> {
    stanzas: Vec<Stanza<'a>>,
    /// What the MAC authenticates.
    authenticated: &'a [u8],
    mac: Vec<u8>,
    content: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut line = || {
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            let (line, after) = rest.split_at(end);
            rest = &after[1..];
            std::str::from_utf8(line).ok()
        };
        if line()? != VERSION {
            return None;
        }
        let mut stanzas: Vec<Stanza<'a>> = Vec::new();
        let mac = loop {
            let first = line()?;
            if let Some(mac) = first.strip_prefix("--- ") {
                break STANDARD_NO_PAD.decode(mac).ok()?;
            }
            let arguments = first.strip_prefix("-> ")?.split(' ').collect();
            let mut body = String::new();
            loop {
                let part = line()?;
                body.push_str(part);
                if part.len() < 64 {
                    break;
                }
            }
            stanzas.push(Stanza { arguments, body: STANDARD_NO_PAD.decode(body).ok()? });
        };
        let header = &bytes[..bytes.len() - rest.len()];
        let end = header.windows(5).rposition(|window| window == b"\n--- ")?;
        Some(Self { stanzas, authenticated: &header[..end + 4], mac, content: rest })
    }

    fn verify(&self, file_key: &[u8]) -> Option<()> {
        let key = derive(file_key, &[], b"header")?;
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&key).ok()?;
        mac.update(self.authenticated);
        mac.verify_slice(&self.mac).ok()
    }
}

fn derive(secret: &[u8], salt: &[u8], purpose: &[u8]) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), secret).expand(purpose, &mut key).ok()?;
    Some(key)
}

fn open(key: &[u8; 32], nonce: [u8; 12], sealed: &[u8]) -> Option<Vec<u8>> {
    ChaCha20Poly1305::new(&Key::from(*key)).decrypt(&nonce.into(), sealed).ok()
}

/// The content: a nonce, then pieces that are numbered, the last one marked.
fn decrypt_content(file_key: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    let (nonce, mut rest) = content.split_at_checked(16)?;
    let key = derive(file_key, nonce, b"payload")?;
    let mut plain = Vec::new();
    for number in 0_u64.. {
        let (piece, after) = rest.split_at(rest.len().min(CHUNK + TAG));
        let is_last = after.is_empty();
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&number.to_be_bytes());
        nonce[11] = u8::from(is_last);
        let opened = open(&key, nonce, piece)?;
        // Only an empty file has an empty piece.
        if opened.is_empty() && number > 0 {
            return None;
        }
        plain.extend(opened);
        if is_last {
            break;
        }
        rest = after;
    }
    Some(plain)
}

fn read_armor(text: &str) -> Option<Vec<u8>> {
    let inner = text.trim().strip_prefix(AGE_HEADER)?.strip_suffix(AGE_FOOTER)?;
    let encoded: String = inner.lines().map(str::trim).collect();
    STANDARD.decode(encoded).ok()
}

/// The 32 bytes of a Bech32 text, such as a key (BIP 173, without its limit of length).
fn bech32(prefix: &str, text: &str) -> Option<[u8; 32]> {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const CHECKSUM: usize = 6;
    let is_mixed = text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase());
    let lowered = text.to_ascii_lowercase();
    let data = lowered.strip_prefix(prefix)?.strip_prefix('1').filter(|_| !is_mixed)?;
    let digits = data.bytes().map(|byte| ALPHABET.iter().position(|known| *known == byte));
    let digits: Vec<u8> = digits.map(|digit| u8::try_from(digit?).ok()).collect::<Option<_>>()?;
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    if polymod(high.chain([0]).chain(low).chain(digits.iter().copied())) != 1 {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for digit in &digits[..digits.len().checked_sub(CHECKSUM)?] {
        bits = (bits << 5 | u32::from(*digit)) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    let is_padded = count < 5 && bits & ((1 << count) - 1) == 0;
    bytes.try_into().ok().filter(|_| is_padded)
}

/// The checksum of Bech32.
fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |checksum, value| {
        let top = checksum >> 25;
        let shifted = (checksum & 0x01ff_ffff) << 5 ^ u32::from(value);
        GENERATOR.iter().enumerate().fold(
            shifted,
            |sum, (bit, term)| {
                if top >> bit & 1 == 1 { sum ^ term } else { sum }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `age-keygen` and `age` have made them.
    const KEY: &str = "AGE-SECRET-KEY-170CAE9H5YV09NAVYZ6V7F5GSRE5WYQZWLU0GLGKQUES4RJN9YZYSF5DU6H";
    const SEALED: &str = "-----BEGIN AGE ENCRYPTED FILE-----\n\
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBKdjlscWJ3ejZ6KzB0ZUc4\n\
        NzdyelFJZzVMeVVZWEdPbXp5WGxHYTdLV1JzClc3SFdTNTNHWXVNTjEwM0REUzdt\n\
        MUNXdkxNQUF0SE9lNjZzTTNOWW5BN1UKLS0tIG5vdnE5K1NsSkM4dkxwMDZ0ZVM2\n\
        U3hyOWtrNFF6M1NZMm1nYWlpUUxBK3cKWNlfZztryz3kM/YyZqC3HgeCiw5O5CwH\n\
        acea6ipC91+sPlmtajeOa5lT/2OS\n\
        -----END AGE ENCRYPTED FILE-----";

    #[test]
    fn files_are_opened_by_their_key_alone() {
        let mut keys = Keys::default();
        assert_eq!(keys.add(&format!("# a comment\n{KEY}\nAGE-PLUGIN-X-1QQ\n")), 1);
        assert_eq!(keys.decrypt(SEALED).as_deref(), Some(&b"some content\n"[..]));
        assert_eq!(Keys::default().decrypt(SEALED), None);
        // Every part counts.
        let bytes = read_armor(SEALED).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let armored = format!("{AGE_HEADER}\n{}\n{AGE_FOOTER}\n", STANDARD.encode(&changed));
            assert_eq!(keys.decrypt(&armored), None, "byte {at}");
        }
        for end in 0..bytes.len() {
            let armored = format!("{AGE_HEADER}\n{}\n{AGE_FOOTER}\n", STANDARD.encode(&bytes[..end]));
            assert_eq!(keys.decrypt(&armored), None, "{end} bytes");
        }
    }

    #[test]
    fn keys_have_a_checksum() {
        let mut keys = Keys::default();
        assert_eq!(keys.add(&KEY.to_lowercase()), 1);
        for bad in [
            "",
            "AGE-SECRET-KEY-1",
            &KEY.replace("KEY-1", "KEY-1q"),
            &KEY[..KEY.len() - 1],
            &KEY.replacen('Q', "P", 1),
        ] {
            assert_eq!(keys.add(bad), 0, "{bad}");
        }
    }

    #[test]
    fn long_contents_have_several_pieces() {
        let mut keys = Keys::default();
        keys.add(KEY);
        let identity = &keys.0[0];
        assert_eq!(
            x25519_dalek::x25519(identity.secret, x25519_dalek::X25519_BASEPOINT_BYTES),
            identity.public
        );
        let file_key = [7; 16];
        let nonce = [9; 16];
        let key = derive(&file_key, &nonce, b"payload").unwrap();
        let plain = vec![b'x'; CHUNK + 5];
        let mut content = nonce.to_vec();
        for (number, piece) in plain.chunks(CHUNK).enumerate() {
            let mut nonce = [0; 12];
            nonce[10] = u8::try_from(number).unwrap();
            nonce[11] = u8::from(number == 1);
            content.extend(ChaCha20Poly1305::new(&Key::from(key)).encrypt(&nonce.into(), piece).unwrap());
        }
        assert_eq!(decrypt_content(&file_key, &content), Some(plain));
        assert_eq!(decrypt_content(&file_key, &content[..16 + CHUNK + TAG]), None);
    }
}
