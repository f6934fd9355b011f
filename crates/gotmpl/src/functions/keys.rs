//! Private keys: the kinds that Sprig makes, in the forms that Go writes and reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dsa::{Components, KeySize};
use ed25519_dalek::Signer as _;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng as _;
use rsa::BoxedUint;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{LineEnding, PrivateKeyInfoRef};
use rsa::signature::SignatureEncoding as _;

use sec1::{EcParameters, EcPrivateKey};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::der::asn1::{Any, BitString, Null, ObjectIdentifier, OctetStringRef, Uint};
use x509_cert::der::oid::db::{rfc5912, rfc8410};
use x509_cert::der::{Decode as _, Encode as _, pem};
use x509_cert::spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef, SubjectPublicKeyInfoOwned};

use crate::error::{Error, Result};
use crate::random::Random;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most RSA keys that are kept.
const MAX_KNOWN_KEYS: usize = 64;

/// RSA keys by the state of the generator before them, each with the generator after it. `usize` is the number of bits.
type KnownKeys = BTreeMap<([u8; 32], u128, usize), (Box<rsa::PrivateKey>, ChaCha20Rng)>;

/// The RSA keys of fixed seeds.
fn known_keys() -> MutexGuard<'static, KnownKeys> {
    static KNOWN: Mutex<KnownKeys> = Mutex::new(BTreeMap::new());
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A private key.
pub(super) enum PrivateKey {
    Rsa(Box<rsa::PrivateKey>),
    /// The secret number, as long as the curve's order.
    Ec(Curve, Vec<u8>),
    /// The seed.
    Ed25519([u8; 32]),
    /// `p`, `q`, `g`, `y` and `x`. Such keys are made and read, but Go signs nothing with them.
    Dsa(Box<[Uint; 5]>),
}

/// A curve of NIST's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P224,
    P256,
    P384,
    P521,
}

/// What one curve's crate does, by the same names in each.
macro_rules! on_curve {
    ($curve:expr, $module:ident => $result:expr) => {
        match $curve {
            Curve::P224 => {
                use p224 as $module;
                $result
            }
            Curve::P256 => {
                use p256 as $module;
                $result
            }
            Curve::P384 => {
                use p384 as $module;
                $result
            }
            Curve::P521 => {
                use p521 as $module;
                $result
            }
        }
    };
}

impl Curve {
    const ALL: [Self; 4] = [Self::P224, Self::P256, Self::P384, Self::P521];

    fn oid(self) -> ObjectIdentifier {
        match self {
            Self::P224 => rfc5912::SECP_224_R_1,
            Self::P256 => rfc5912::SECP_256_R_1,
            Self::P384 => rfc5912::SECP_384_R_1,
            Self::P521 => rfc5912::SECP_521_R_1,
        }
    }

    /// The algorithm that Go signs with: the digest is as long as the curve, but no shorter than 256 bits.
    fn signature_oid(self) -> ObjectIdentifier {
        match self {
            Self::P224 | Self::P256 => rfc5912::ECDSA_WITH_SHA_256,
            Self::P384 => rfc5912::ECDSA_WITH_SHA_384,
            Self::P521 => rfc5912::ECDSA_WITH_SHA_512,
        }
    }

    /// What is signed of a message.
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P224 | Self::P256 => Sha256::digest(message).to_vec(),
            Self::P384 => Sha384::digest(message).to_vec(),
            Self::P521 => Sha512::digest(message).to_vec(),
        }
    }

    /// The public point, uncompressed; `None` if the number is not a key of this curve.
    fn point(self, secret: &[u8]) -> Option<Vec<u8>> {
        on_curve!(self, curve => {
            use curve::elliptic_curve::sec1::ToSec1Point as _;
            let key = curve::SecretKey::from_slice(secret).ok()?;
            Some(key.public_key().to_sec1_point(false).as_bytes().to_vec())
        })
    }

    fn sign(self, generator: &mut ChaCha20Rng, secret: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        on_curve!(self, curve => {
            use curve::ecdsa::signature::hazmat::RandomizedPrehashSigner as _;
            let key = curve::ecdsa::SigningKey::from_slice(secret).ok()?;
            let signature: curve::ecdsa::Signature =
                key.sign_prehash_with_rng(generator, &self.digest(message)).ok()?;
            Some(signature.to_der().as_bytes().to_vec())
        })
    }
}

impl PrivateKey {
    /// A new key of a kind that `genPrivateKey` knows, RSA of 4096 bits; `None` for others.
    pub(super) fn generate(random: &mut Random, kind: &str) -> Option<Result<Self>> {
        let generator = random.generator();
        Some(Ok(match kind {
            "" | "rsa" => return Some(Self::rsa(random, 4096)),
            "dsa" => return Some(dsa(generator).map(|numbers| Self::Dsa(Box::new(numbers)))),
            "ecdsa" => loop {
                let mut secret = [0; 32];
                generator.fill_bytes(&mut secret);
                if Curve::P256.point(&secret).is_some() {
                    break Self::Ec(Curve::P256, secret.to_vec());
                }
            },
            "ed25519" => {
                let mut seed = [0; 32];
                generator.fill_bytes(&mut seed);
                Self::Ed25519(seed)
            }
            _ => return None,
        }))
    }

    /// A new key for a certificate: RSA of 2048 bits.
    pub(super) fn for_certificate(random: &mut Random) -> Result<Self> {
        Self::rsa(random, 2048)
    }

    /// With a fixed seed, which makes no secrets, a key is generated once for each state of the generator: a command may render
    /// a chart many times, and a key can take a second.
    fn rsa(random: &mut Random, bits: usize) -> Result<Self> {
        let is_fixed = random.has_fixed_seed();
        let generator = random.generator();
        let state = (generator.get_seed(), generator.get_word_pos(), bits);
        if is_fixed && let Some((key, after)) = known_keys().get(&state) {
            *generator = after.clone();
            return Ok(Self::Rsa(key.clone()));
        }
        let key = rsa::PrivateKey::new(generator, bits)
            .map_err(|error| Error::new(format!("error generating rsa key: {error}")))?;
        let key = Box::new(key);
        if is_fixed {
            let mut known = known_keys();
            if known.len() < MAX_KNOWN_KEYS {
                known.insert(state, (key.clone(), generator.clone()));
            }
        }
        Ok(Self::Rsa(key))
    }

    /// The key of the first block of a PEM text.
    pub(super) fn read(text: &str) -> Result<Self> {
        let (label, der) = pem_block(text).ok_or_else(|| Error::new("no PEM data in input"))?;
        match label.strip_suffix("PRIVATE KEY") {
            Some("") => {
                Self::from_pkcs8(&der).map_err(|error| Error::new(format!("decoding PEM as PKCS#8: {error}")))
            }
            Some("RSA ") => rsa::PrivateKey::from_pkcs1_der(&der)
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(|error| Error::new(format!("parsing RSA private key from PEM: {error}"))),
            Some("EC ") => Self::from_sec1(&der, None)
                .ok_or_else(|| Error::new("parsing EC private key from PEM: x509: unknown elliptic curve")),
            Some("DSA ") => Self::from_dsa(&der)
                .ok_or_else(|| Error::new("parsing DSA private key from PEM: six numbers are expected")),
            Some(kind) if kind.ends_with(' ') => {
                Err(Error::new(format!("invalid private key type {}", kind.trim_end())))
            }
            _ => Err(Error::new(format!("no private key data in PEM block of type {label}"))),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, String> {
        let info = PrivateKeyInfoRef::from_der(der).map_err(|error| error.to_string())?;
        match info.algorithm.oid {
            rfc5912::RSA_ENCRYPTION => rsa::PrivateKey::from_pkcs1_der(info.private_key.as_bytes())
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(|error| error.to_string()),
            rfc5912::ID_EC_PUBLIC_KEY => {
                Self::from_sec1(info.private_key.as_bytes(), info.algorithm.parameters_oid().ok())
                    .ok_or_else(|| "x509: unknown elliptic curve".to_owned())
            }
            // An octet string in the octet string.
            rfc8410::ID_ED_25519 => match info.private_key.as_bytes() {
                [0x04, 0x20, seed @ ..] => seed.try_into().ok().map(Self::Ed25519),
                _ => None,
            }
            .ok_or_else(|| "x509: invalid Ed25519 private key length".to_owned()),
            other => {
                Err(format!("x509: PKCS#8 wrapping contained private key with unknown algorithm: {other}"))
            }
        }
    }

    /// `curve` if it is given outside the key.
    fn from_sec1(der: &[u8], curve: Option<ObjectIdentifier>) -> Option<Self> {
        let key = EcPrivateKey::from_der(der).ok()?;
        let wanted = curve.or_else(|| key.parameters.and_then(EcParameters::named_curve))?;
        let curve = Curve::ALL.into_iter().find(|curve| curve.oid() == wanted)?;
        curve.point(key.private_key)?;
        Some(Self::Ec(curve, key.private_key.to_vec()))
    }

    fn from_dsa(der: &[u8]) -> Option<Self> {
        let numbers = Vec::<Uint>::from_der(der).ok()?;
        let (_, numbers) = numbers.split_first()?;
        Some(Self::Dsa(Box::new(numbers.to_vec().try_into().ok()?)))
    }

    /// The key as Go writes it: each kind in a form of its own.
    pub(super) fn pem(&self) -> Result<String> {
        let (label, der) = match self {
            Self::Rsa(key) => ("RSA PRIVATE KEY", key.to_pkcs1_der().map_err(wrong)?.as_bytes().to_vec()),
            Self::Ec(curve, secret) => {
                let point = curve.point(secret).ok_or_else(|| wrong("the key is not on its curve"))?;
                let key = EcPrivateKey {
                    private_key: secret,
                    parameters: Some(EcParameters::NamedCurve(curve.oid())),
                    public_key: Some(&point),
                };
                ("EC PRIVATE KEY", key.to_der().map_err(wrong)?)
            }
            Self::Ed25519(seed) => {
                let octets = [&[0x04, 0x20], seed.as_slice()].concat();
                let algorithm = AlgorithmIdentifierRef { oid: rfc8410::ID_ED_25519, parameters: None };
                let octets = OctetStringRef::new(&octets).map_err(wrong)?;
                ("PRIVATE KEY", PrivateKeyInfoRef::new(algorithm, octets).to_der().map_err(wrong)?)
            }
            Self::Dsa(numbers) => {
                let version = Uint::new(&[0]).map_err(wrong)?;
                let numbers: Vec<Uint> = std::iter::once(version).chain(numbers.iter().cloned()).collect();
                ("DSA PRIVATE KEY", numbers.to_der().map_err(wrong)?)
            }
        };
        pem::encode_string(label, LineEnding::LF, &der).map_err(wrong)
    }

    /// The public key, as certificates contain it.
    pub(super) fn public(&self) -> Result<SubjectPublicKeyInfoOwned> {
        match self {
            Self::Rsa(key) => SubjectPublicKeyInfoOwned::from_key(key.as_public_key()).map_err(wrong),
            Self::Ec(curve, secret) => {
                let point = curve.point(secret).ok_or_else(|| wrong("the key is not on its curve"))?;
                let algorithm = AlgorithmIdentifierOwned {
                    oid: rfc5912::ID_EC_PUBLIC_KEY,
                    parameters: Some(Any::encode_from(&curve.oid()).map_err(wrong)?),
                };
                public_info(algorithm, &point)
            }
            Self::Ed25519(seed) => {
                let key = ed25519_dalek::SigningKey::from_bytes(seed).verifying_key();
                let algorithm = AlgorithmIdentifierOwned { oid: rfc8410::ID_ED_25519, parameters: None };
                public_info(algorithm, key.as_bytes())
            }
            Self::Dsa(_) => Err(Error::new(
                "error creating certificate: x509: unsupported public key type: *dsa.PublicKey",
            )),
        }
    }

    /// The algorithm with which the key signs certificates.
    pub(super) fn algorithm(&self) -> Result<AlgorithmIdentifierOwned> {
        let (oid, parameters) = match self {
            Self::Rsa(_) => {
                (rfc5912::SHA_256_WITH_RSA_ENCRYPTION, Some(Any::encode_from(&Null).map_err(wrong)?))
            }
            Self::Ec(curve, _) => (curve.signature_oid(), None),
            Self::Ed25519(_) => (rfc8410::ID_ED_25519, None),
            Self::Dsa(_) => {
                return Err(Error::new(
                    "error creating certificate: x509: certificate private key does not implement crypto.Signer",
                ));
            }
        };
        Ok(AlgorithmIdentifierOwned { oid, parameters })
    }

    /// The signature of a message by [`PrivateKey::algorithm`]. On a curve it takes a random number.
    pub(super) fn sign(&self, generator: &mut ChaCha20Rng, message: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Rsa(key) => {
                let signature = SigningKey::<Sha256>::new(key.as_ref().clone()).try_sign(message);
                Ok(signature.map_err(wrong)?.to_vec())
            }
            Self::Ec(curve, secret) => {
                curve.sign(generator, secret, message).ok_or_else(|| wrong("the key cannot sign"))
            }
            Self::Ed25519(seed) => {
                Ok(ed25519_dalek::SigningKey::from_bytes(seed).sign(message).to_bytes().to_vec())
            }
            Self::Dsa(_) => self.algorithm().map(|_| Vec::new()),
        }
    }
}

fn public_info(algorithm: AlgorithmIdentifierOwned, key: &[u8]) -> Result<SubjectPublicKeyInfoOwned> {
    let subject_public_key = BitString::from_bytes(key).map_err(wrong)?;
    Ok(SubjectPublicKeyInfoOwned { algorithm, subject_public_key })
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::new(format!("cannot write a key or a certificate: {error}"))
}

/// The label and the bytes of the first PEM block, in lines of any length, as Go's reader accepts them.
pub(super) fn pem_block(text: &str) -> Option<(&str, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    // Headers end with an empty line.
    let body = if body.contains(':') { body.split_once("\n\n")?.1 } else { body };
    let digits: String = body.split_whitespace().collect();
    Some((label, BASE64.decode(digits).ok()?))
}

/// The numbers of a new DSA key, of 2048 and 256 bits as Sprig has them.
fn dsa(generator: &mut ChaCha20Rng) -> Result<[Uint; 5]> {
    let Ok(components) = Components::try_generate_from_rng_with_key_size(generator, KeySize::DSA_2048_256);
    let Ok(key) = dsa::SigningKey::try_generate_from_rng_with_components(generator, components);
    let public = key.verifying_key();
    let components = public.components();
    let uint = |number: &BoxedUint| Uint::new(&number.to_be_bytes()).map_err(wrong);
    Ok([
        uint(components.p())?,
        uint(components.q())?,
        uint(components.g())?,
        uint(public.y())?,
        uint(key.x())?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
    use rand_chacha::rand_core::SeedableRng as _;
    use std::time::SystemTime;

    fn seeded(seed: u64) -> Random {
        Random::new(Seed::Fixed(seed), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn a_key_of_a_fixed_seed_is_generated_once() {
        let mut first = seeded(5);
        let keys = [0, 1].map(|_| PrivateKey::for_certificate(&mut first).unwrap().pem().unwrap());
        assert_ne!(keys[0], keys[1]);
        let mut second = seeded(5);
        let state = (second.generator().get_seed(), second.generator().get_word_pos(), 2048);
        assert!(known_keys().contains_key(&state));
        assert_eq!(keys, [0, 1].map(|_| PrivateKey::for_certificate(&mut second).unwrap().pem().unwrap()));
        assert_eq!(first.below(1 << 60), second.below(1 << 60));
        let mut random = Random::new(Seed::Random([7; 32]), SystemTime::UNIX_EPOCH);
        PrivateKey::for_certificate(&mut random).unwrap();
        assert!(known_keys().keys().all(|(seed, ..)| *seed != [7; 32]));
    }

    #[test]
    fn keys_are_read_as_they_are_written_and_repeat() {
        for (kind, label) in
            [("dsa", "DSA PRIVATE KEY"), ("ecdsa", "EC PRIVATE KEY"), ("ed25519", "PRIVATE KEY")]
        {
            // With this seed the primes of the DSA key are found early.
            let make = || PrivateKey::generate(&mut seeded(11), kind).unwrap().unwrap();
            let text = make().pem().unwrap();
            assert!(text.starts_with(&format!("-----BEGIN {label}-----\n")), "{text}");
            assert_eq!(text, make().pem().unwrap());
            assert_eq!(text, PrivateKey::read(&format!("before\n{text}after")).unwrap().pem().unwrap());
        }
        assert!(PrivateKey::generate(&mut seeded(3), "RSA").is_none());
    }

    #[test]
    fn every_curve_signs_what_its_public_key_verifies() {
        for curve in Curve::ALL {
            let secret = match curve {
                Curve::P224 => vec![7; 28],
                Curve::P256 => vec![7; 32],
                Curve::P384 => vec![7; 48],
                Curve::P521 => [&[0], [7; 65].as_slice()].concat(),
            };
            let point = curve.point(&secret).unwrap();
            let signature = curve.sign(&mut ChaCha20Rng::seed_from_u64(1), &secret, b"text").unwrap();
            on_curve!(curve, module => {
                use module::ecdsa::signature::hazmat::PrehashVerifier as _;
                let key = module::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
                let signature = module::ecdsa::Signature::from_der(&signature).unwrap();
                key.verify_prehash(&curve.digest(b"text"), &signature).unwrap();
            });
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        let error = |text: &str| PrivateKey::read(text).err().unwrap().inner().message.clone();
        assert_eq!(error("abc"), "no PEM data in input");
        assert_eq!(
            error("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "no private key data in PEM block of type CERTIFICATE"
        );
        assert_eq!(
            error("-----BEGIN X PRIVATE KEY-----\nAAAA\n-----END X PRIVATE KEY-----\n"),
            "invalid private key type X"
        );
    }
}
