//! Keyrings: certificates, each a primary key with its user IDs and subkeys.

use crate::Error;
use crate::key::Key;
use crate::packet::{
    PUBLIC_KEY, PUBLIC_SUBKEY, Packet, SECRET_KEY, SECRET_SUBKEY, SIGNATURE, USER_ID, read_armor,
    read_packets,
};
use crate::signature::{
    CERTIFICATION_REVOCATION, CERTIFICATIONS, DIRECT, KEY_REVOCATION, SUBKEY_BINDING, SUBKEY_REVOCATION,
    Signature, framed_user_id,
};

/// Public keys.
#[derive(Debug, Clone, Default)]
pub struct Keyring(pub(crate) Vec<Certificate>);

/// A primary key, and what belongs to it. Only signatures that were verified are kept.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    pub(crate) primary: Key,
    /// On the primary key itself.
    direct: Vec<Signature>,
    user_ids: Vec<(Vec<u8>, Vec<Signature>)>,
    subkeys: Vec<(Key, Vec<Signature>)>,
}

/// What the signatures that follow a packet are on.
enum Subject {
    Primary,
    UserId(Vec<u8>),
    Subkey(Key),
    /// Not understood.
    Other,
}

impl Keyring {
    /// Reads exported keys: `gpg --export`, armored or not.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.get(8..12) == Some(b"KBXf") {
            return Err(Error::new(
                "it is a keybox of GnuPG, not a keyring: export the keys with `gpg --export > FILE`",
            ));
        }
        let text =
            std::str::from_utf8(bytes).ok().filter(|text| text.trim_start().starts_with("-----BEGIN PGP"));
        let armored = text.map(|text| {
            let key = read_armor(text, "PUBLIC KEY BLOCK").or_else(|| read_armor(text, "PRIVATE KEY BLOCK"));
            key.ok_or_else(|| Error::new("its armor is damaged, or around something else than keys"))
        });
        let armored = armored.transpose()?;
        let packets = read_packets(armored.as_deref().unwrap_or(bytes))?;
        let mut certificates: Vec<Certificate> = Vec::new();
        let mut subject = Subject::Other;
        for Packet { tag, body } in packets {
            match tag {
                PUBLIC_KEY | SECRET_KEY => {
                    subject = Subject::Other;
                    if let Some(primary) = Key::read(body) {
                        let (direct, user_ids, subkeys) = (Vec::new(), Vec::new(), Vec::new());
                        certificates.push(Certificate { primary, direct, user_ids, subkeys });
                        subject = Subject::Primary;
                    }
                }
                // Of a primary key that is not understood, nothing is.
                _ if certificates.is_empty() || matches!((&subject, tag), (Subject::Other, USER_ID)) => {}
                USER_ID => subject = Subject::UserId(body.to_vec()),
                PUBLIC_SUBKEY | SECRET_SUBKEY => {
                    subject = Key::read(body).map_or(Subject::Other, Subject::Subkey);
                }
                SIGNATURE => {
                    if let (Some(certificate), Some(signature)) =
                        (certificates.last_mut(), Signature::read(body))
                    {
                        certificate.add(&subject, signature);
                    }
                }
                _ => subject = Subject::Other,
            }
        }
        Ok(Self(certificates))
    }
}

impl Certificate {
    /// Keeps a signature if the primary key made it.
    fn add(&mut self, subject: &Subject, signature: Signature) {
        // Keys may have thousands of certifications by others, which are slow to verify and never kept. Nothing can be
        // gained by changing the name in a signature, which may be unprotected: it could be removed as well.
        if signature.names_another(&self.primary) {
            return;
        }
        let primary = &self.primary.framed;
        match subject {
            Subject::Primary => {
                if matches!(signature.kind, DIRECT | KEY_REVOCATION)
                    && signature.is_by(&self.primary, &[primary])
                {
                    self.direct.push(signature);
                }
            }
            Subject::UserId(name) => {
                let is_certification =
                    CERTIFICATIONS.contains(&signature.kind) || signature.kind == CERTIFICATION_REVOCATION;
                if is_certification && signature.is_by(&self.primary, &[primary, &framed_user_id(name)]) {
                    entry(&mut self.user_ids, name, |one, other| one == other).push(signature);
                }
            }
            Subject::Subkey(key) => {
                let is_binding = matches!(signature.kind, SUBKEY_BINDING | SUBKEY_REVOCATION);
                if is_binding && signature.is_by(&self.primary, &[primary, &key.framed]) {
                    let is_same = |one: &Key, other: &Key| one.fingerprint == other.fingerprint;
                    entry(&mut self.subkeys, key, is_same).push(signature);
                }
            }
            Subject::Other => {}
        }
    }

    /// The names that are certified and not revoked.
    pub(crate) fn names(&self) -> Vec<String> {
        let is_valid = |signatures: &[Signature]| {
            newest(signatures, |signature| CERTIFICATIONS.contains(&signature.kind)).is_some()
                && !signatures.iter().any(|signature| signature.kind == CERTIFICATION_REVOCATION)
        };
        let valid = self.user_ids.iter().filter(|(_, signatures)| is_valid(signatures));
        valid.map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect()
    }

    /// The key that a signature names, if it belongs to this certificate.
    pub(crate) fn find(&self, signature: &Signature) -> Option<&Key> {
        let keys = std::iter::once(&self.primary).chain(self.subkeys.iter().map(|(key, _)| key));
        keys.into_iter().find(|key| signature.names(key))
    }

    /// Checks that a key of the certificate may sign messages, `now` and when the signature was made.
    pub(crate) fn check(&self, key: &Key, signature: &Signature, now: u64) -> Result<(), Error> {
        if self.direct.iter().any(|signature| signature.kind == KEY_REVOCATION) {
            return Err(Error::new("the key was revoked"));
        }
        let own = self.user_ids.iter().flat_map(|(_, signatures)| signatures).chain(&self.direct);
        let own =
            newest(own, |signature| signature.kind == DIRECT || CERTIFICATIONS.contains(&signature.kind));
        let own = own.ok_or_else(|| Error::new("the key has no valid signature on itself"))?;
        check_lifetime(&self.primary, own, now)?;
        if key.fingerprint == self.primary.fingerprint {
            return check_use(own.lets_sign(), key, signature);
        }
        let bindings = self.subkeys.iter().find(|(subkey, _)| subkey.fingerprint == key.fingerprint);
        let bindings = bindings.map_or(&[][..], |(_, signatures)| signatures);
        if bindings.iter().any(|signature| signature.kind == SUBKEY_REVOCATION) {
            return Err(Error::new("the subkey was revoked"));
        }
        let binding = newest(bindings, |signature| signature.kind == SUBKEY_BINDING);
        let binding = binding.ok_or_else(|| Error::new("the subkey does not belong to the key"))?;
        check_lifetime(key, binding, now)?;
        check_use(binding.lets_sign() && binding.has_consent_of(key, &self.primary), key, signature)
    }
}

fn check_lifetime(key: &Key, own: &Signature, now: u64) -> Result<(), Error> {
    let is_over =
        |created: u32, lifetime: u32| lifetime > 0 && now >= u64::from(created) + u64::from(lifetime);
    if is_over(key.created, own.key_lifetime) || is_over(own.created, own.lifetime) {
        return Err(Error::new("the key has expired"));
    }
    Ok(())
}

fn check_use(may_sign: bool, key: &Key, signature: &Signature) -> Result<(), Error> {
    if !may_sign {
        return Err(Error::new("the key is not for signatures"));
    }
    if signature.created < key.created {
        return Err(Error::new("the signature is older than the key"));
    }
    Ok(())
}

/// The signature that counts among several.
fn newest<'a>(
    signatures: impl IntoIterator<Item = &'a Signature>,
    is_meant: impl Fn(&Signature) -> bool,
) -> Option<&'a Signature> {
    signatures.into_iter().filter(|signature| is_meant(signature)).max_by_key(|signature| signature.created)
}

/// The signatures on a thing, after the entry was made if it is new.
fn entry<'a, T: Clone>(
    entries: &'a mut Vec<(T, Vec<Signature>)>,
    wanted: &T,
    is_same: impl Fn(&T, &T) -> bool,
) -> &'a mut Vec<Signature> {
    let at = entries.iter().position(|(one, _)| is_same(one, wanted)).unwrap_or_else(|| {
        entries.push((wanted.clone(), Vec::new()));
        entries.len() - 1
    });
    &mut entries[at].1
}
