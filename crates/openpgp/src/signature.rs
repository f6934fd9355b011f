//! Signatures of version 4.

use crate::key::{Hash, Key, Values};
use crate::packet::{Reader, SIGNATURE, read_packets};

pub(crate) const BINARY: u8 = 0x00;
pub(crate) const TEXT: u8 = 0x01;
/// On a key and a user ID.
pub(crate) const CERTIFICATIONS: std::ops::RangeInclusive<u8> = 0x10..=0x13;
pub(crate) const SUBKEY_BINDING: u8 = 0x18;
const PRIMARY_KEY_BINDING: u8 = 0x19;
pub(crate) const DIRECT: u8 = 0x1f;
pub(crate) const KEY_REVOCATION: u8 = 0x20;
pub(crate) const SUBKEY_REVOCATION: u8 = 0x28;
pub(crate) const CERTIFICATION_REVOCATION: u8 = 0x30;

/// The flag of keys that sign messages.
const MAY_SIGN: u8 = 0x02;

#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub(crate) kind: u8,
    pub(crate) hash: Hash,
    /// Seconds since 1970.
    pub(crate) created: u32,
    /// How long it is valid, in seconds; zero for ever.
    pub(crate) lifetime: u32,
    /// How long the key is valid that it is on.
    pub(crate) key_lifetime: u32,
    flags: Option<u8>,
    issuer: Option<Vec<u8>>,
    issuer_fingerprint: Option<Vec<u8>>,
    /// That of the subkey on the primary key.
    embedded: Option<Box<Self>>,
    /// What is hashed after the content.
    trailer: Vec<u8>,
    values: Values,
}

impl Signature {
    /// Reads the packet; `None` if it is damaged, or has what is not understood and must be.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        Self::read_in(body, true)
    }

    fn read_in(body: &[u8], may_embed: bool) -> Option<Self> {
        let mut reader = Reader(body);
        if reader.byte()? != 4 {
            return None;
        }
        let (kind, algorithm) = (reader.byte()?, reader.byte()?);
        let hash = Hash::of(reader.byte()?)?;
        let hashed_length = usize::try_from(reader.number(2)?).ok()?;
        let hashed = reader.take(hashed_length)?;
        let mut trailer = body[..6 + hashed_length].to_vec();
        let trailer_length = u32::try_from(trailer.len()).ok()?;
        trailer.extend([4, 0xff]);
        trailer.extend(trailer_length.to_be_bytes());
        let mut signature = Self {
            kind,
            hash,
            created: 0,
            lifetime: 0,
            key_lifetime: 0,
            flags: None,
            issuer: None,
            issuer_fingerprint: None,
            embedded: None,
            trailer,
            values: Values::Whole(Vec::new()),
        };
        let mut has_time = false;
        let mut subpackets = Reader(hashed);
        while !subpackets.0.is_empty() {
            let (kind, is_critical, content) = subpackets.subpacket()?;
            let mut content = Reader(content);
            match kind {
                2 => {
                    signature.created = content.number(4)?;
                    has_time = true;
                }
                3 => signature.lifetime = content.number(4)?,
                9 => signature.key_lifetime = content.number(4)?,
                27 => signature.flags = Some(content.byte().unwrap_or(0)),
                // Preferences, which do not matter here.
                11 | 20..=26 | 30 | 31 | 34 | 39 => {}
                _ if signature.read_unprotected(kind, content.0, may_embed) => {}
                _ if is_critical => return None,
                _ => {}
            }
        }
        if !has_time {
            return None;
        }
        let length = usize::try_from(reader.number(2)?).ok()?;
        let mut subpackets = Reader(reader.take(length)?);
        while !subpackets.0.is_empty() {
            let (kind, _, content) = subpackets.subpacket()?;
            signature.read_unprotected(kind, content, may_embed);
        }
        // The first bytes of the digest, to find errors early.
        reader.take(2)?;
        let mut integer = || reader.integer().map(<[u8]>::to_vec);
        signature.values = match algorithm {
            1 | 3 => Values::One(integer()?),
            17 | 19 | 22 => Values::Two(integer()?, integer()?),
            27 => Values::Whole(reader.take(64)?.to_vec()),
            _ => return None,
        };
        Some(signature)
    }

    /// Reads what only helps to find keys, or is signed itself. Returns whether it was that.
    fn read_unprotected(&mut self, kind: u8, content: &[u8], may_embed: bool) -> bool {
        match kind {
            16 if content.len() == 8 => {
                self.issuer.get_or_insert_with(|| content.to_vec());
            }
            33 => {
                // Its first byte is the version of the key.
                let fingerprint = content.split_first().filter(|(version, _)| **version == 4);
                if let Some((_, fingerprint)) = fingerprint {
                    self.issuer_fingerprint.get_or_insert_with(|| fingerprint.to_vec());
                }
            }
            32 if may_embed => {
                self.embedded = Self::read_in(content, false).map(Box::new);
            }
            _ => return false,
        }
        true
    }

    /// Whether the signature names a key.
    pub(crate) fn names(&self, key: &Key) -> bool {
        self.is_named(key) == Some(true)
    }

    /// Whether the signature names a key, and it is not this one.
    pub(crate) fn names_another(&self, key: &Key) -> bool {
        self.is_named(key) == Some(false)
    }

    /// Whether a key is the one that the signature names; `None` if it names none.
    fn is_named(&self, key: &Key) -> Option<bool> {
        match (&self.issuer_fingerprint, &self.issuer) {
            (Some(fingerprint), _) => Some(fingerprint == &key.fingerprint),
            (None, Some(id)) => Some(id == key.id()),
            (None, None) => None,
        }
    }

    /// Whether the key that it is on may sign messages. Keys without flags are of a time when all could.
    pub(crate) fn lets_sign(&self) -> bool {
        self.flags.is_none_or(|flags| flags & MAY_SIGN != 0)
    }

    /// Whether `key` has signed these parts.
    pub(crate) fn is_by(&self, key: &Key, parts: &[&[u8]]) -> bool {
        let mut data = parts.concat();
        data.extend(&self.trailer);
        key.verifies(self.hash, &self.hash.digest(&data), &self.values)
    }

    /// Whether a subkey that signs agrees to belong to `primary`.
    pub(crate) fn has_consent_of(&self, subkey: &Key, primary: &Key) -> bool {
        self.embedded.as_ref().is_some_and(|signature| {
            signature.kind == PRIMARY_KEY_BINDING
                && signature.is_by(subkey, &[&primary.framed, &subkey.framed])
        })
    }
}

/// A user ID as signatures on it cover it.
pub(crate) fn framed_user_id(name: &[u8]) -> Vec<u8> {
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    [&[0xb4][..], &length.to_be_bytes(), name].concat()
}

/// The signatures in a list of packets; `None` if there is anything else.
pub(crate) fn read_signatures(bytes: &[u8]) -> Option<Vec<Signature>> {
    let packets = read_packets(bytes).ok()?;
    let is_signatures = !packets.is_empty() && packets.iter().all(|packet| packet.tag == SIGNATURE);
    is_signatures.then(|| packets.iter().filter_map(|packet| Signature::read(packet.body)).collect())
}
