//! Public keys.

use crate::packet::Reader;
use rsa::BoxedUint;
use rsa::pkcs1v15::Signature as RsaSignature;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const ED25519: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];

/// The fewest bits of an RSA key: shorter ones can be broken.
const FEWEST_BITS: usize = 1024;
/// The most bits: longer ones take long.
const MOST_BITS: u32 = 16 << 10;

/// A public key of version 4.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// Seconds since 1970.
    pub(crate) created: u32,
    pub(crate) fingerprint: [u8; 20],
    /// The packet without what is secret, framed as the fingerprint and signatures cover it.
    pub(crate) framed: Vec<u8>,
    material: Material,
}

#[derive(Debug, Clone)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// The prime, the order of the group, its generator, and the key.
    Dsa([Vec<u8>; 4]),
    Ecdsa {
        curve: Vec<u8>,
        point: Vec<u8>,
    },
    Ed25519([u8; 32]),
    /// For encryption, or not known.
    Other,
}

/// The numbers of a signature.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    One(Vec<u8>),
    Two(Vec<u8>, Vec<u8>),
    Whole(Vec<u8>),
}

/// A digest algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) fn of(number: u8) -> Option<Self> {
        Some(match number {
            2 => Self::Sha1,
            8 => Self::Sha256,
            9 => Self::Sha384,
            10 => Self::Sha512,
            11 => Self::Sha224,
            _ => return None,
        })
    }

    pub(crate) fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha224 => Sha224::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha384 => Sha384::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }
}

impl Key {
    /// Reads the packet of a public key, or the public part of that of a secret key; `None` for other versions.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        if reader.byte()? != 4 {
            return None;
        }
        let created = reader.number(4)?;
        let material = Material::read(&mut reader)?;
        // What is left is secret; of a key that is not understood it cannot be told apart.
        let end = if matches!(material, Material::Other) { body.len() } else { body.len() - reader.0.len() };
        let length = u16::try_from(end).ok()?;
        let framed = [&[0x99][..], &length.to_be_bytes(), &body[..end]].concat();
        let fingerprint = Sha1::digest(&framed).into();
        Some(Self { created, fingerprint, framed, material })
    }

    /// The last bytes of the fingerprint, by which signatures name a key.
    pub(crate) fn id(&self) -> &[u8] {
        &self.fingerprint[12..]
    }

    /// Whether this key made a signature on a digest.
    pub(crate) fn verifies(&self, hash: Hash, digest: &[u8], values: &Values) -> bool {
        self.material.verifies(hash, digest, values).is_some()
    }
}

impl Material {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let integer = |reader: &mut Reader<'_>| reader.integer().map(<[u8]>::to_vec);
        Some(match reader.byte()? {
            1 | 3 => Self::Rsa { modulus: integer(reader)?, exponent: integer(reader)? },
            17 => Self::Dsa([integer(reader)?, integer(reader)?, integer(reader)?, integer(reader)?]),
            number @ (19 | 22) => {
                let length = reader.byte()?;
                let curve = reader.take(usize::from(length))?.to_vec();
                let point = integer(reader)?;
                match (number, point.split_first()) {
                    (19, _) => Self::Ecdsa { curve, point },
                    (_, Some((0x40, key))) if curve == ED25519 => Self::Ed25519(key.try_into().ok()?),
                    _ => Self::Other,
                }
            }
            27 => Self::Ed25519(reader.take(32)?.try_into().ok()?),
            _ => Self::Other,
        })
    }

    fn verifies(&self, hash: Hash, digest: &[u8], values: &Values) -> Option<()> {
        match (self, values) {
            (Self::Rsa { modulus, exponent }, Values::One(signature)) => {
                verify_rsa(modulus, exponent, hash, digest, signature)
            }
            (Self::Dsa(parameters), Values::Two(first, second)) => {
                let [prime, order, generator, key] = parameters;
                let prime = number(prime)?;
                // The crate computes modulo the prime, and panics if the numbers are not as wide.
                let bits = prime.bits_precision();
                let wide = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits).ok();
                let (generator, key) = (wide(generator)?, wide(key)?);
                let components = dsa::Components::from_components(prime, number(order)?, generator).ok()?;
                let key = dsa::VerifyingKey::from_components(components, key).ok()?;
                let signature = dsa::Signature::from_components(number(first)?, number(second)?)?;
                dsa::signature::hazmat::PrehashVerifier::verify_prehash(&key, digest, &signature).ok()
            }
            (Self::Ecdsa { curve, point }, Values::Two(r, s)) => match curve.as_slice() {
                P256 => verify_ecdsa!(p256, 32, point, digest, r, s),
                P384 => verify_ecdsa!(p384, 48, point, digest, r, s),
                P521 => verify_ecdsa!(p521, 66, point, digest, r, s),
                _ => None,
            },
            (Self::Ed25519(key), Values::Two(r, s)) => {
                let bytes = [padded::<32>(r)?, padded::<32>(s)?].concat();
                verify_ed25519(key, digest, &bytes)
            }
            (Self::Ed25519(key), Values::Whole(bytes)) => verify_ed25519(key, digest, bytes),
            _ => None,
        }
    }
}

macro_rules! verify_ecdsa {
    ($curve:ident, $size:literal, $point:expr, $digest:expr, $r:expr, $s:expr) => {{
        use $curve::ecdsa::signature::hazmat::PrehashVerifier as _;
        let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes($point).ok()?;
        let values = [padded::<$size>($r)?, padded::<$size>($s)?].concat();
        let signature = $curve::ecdsa::Signature::from_slice(&values).ok()?;
        key.verify_prehash($digest, &signature).ok()
    }};
}
use verify_ecdsa;

fn verify_ed25519(key: &[u8; 32], digest: &[u8], signature: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key).ok()?;
    key.verify_strict(digest, &ed25519_dalek::Signature::from_slice(signature).ok()?).ok()
}

fn verify_rsa(modulus: &[u8], exponent: &[u8], hash: Hash, digest: &[u8], signature: &[u8]) -> Option<()> {
    use rsa::pkcs1v15::VerifyingKey;
    use rsa::signature::hazmat::PrehashVerifier as _;
    if modulus.len() * 8 < FEWEST_BITS {
        return None;
    }
    let key = rsa::PublicKey::new(number(modulus)?, number(exponent)?).ok()?;
    // Shorter than the key if it begins with zeros.
    let mut whole = vec![0; modulus.len().checked_sub(signature.len())?];
    whole.extend(signature);
    let signature = RsaSignature::try_from(whole.as_slice()).ok()?;
    match hash {
        Hash::Sha1 => VerifyingKey::<Sha1>::new(key).verify_prehash(digest, &signature).ok(),
        Hash::Sha224 => VerifyingKey::<Sha224>::new(key).verify_prehash(digest, &signature).ok(),
        Hash::Sha256 => VerifyingKey::<Sha256>::new(key).verify_prehash(digest, &signature).ok(),
        Hash::Sha384 => VerifyingKey::<Sha384>::new(key).verify_prehash(digest, &signature).ok(),
        Hash::Sha512 => VerifyingKey::<Sha512>::new(key).verify_prehash(digest, &signature).ok(),
    }
}

fn number(bytes: &[u8]) -> Option<BoxedUint> {
    let bits = u32::try_from(bytes.len()).ok()?.checked_mul(8).filter(|bits| *bits <= MOST_BITS)?;
    BoxedUint::from_be_slice(bytes, bits).ok()
}

/// An integer with zeros before it.
fn padded<const SIZE: usize>(bytes: &[u8]) -> Option<[u8; SIZE]> {
    let mut padded = [0; SIZE];
    let start = SIZE.checked_sub(bytes.len())?;
    padded[start..].copy_from_slice(bytes);
    Some(padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not a prime, but the powers of 2 have an order modulo it that divides `ORDER`: the key is valid for the crate.
    const PRIME: [u8; 128] = [0xff; 128];
    const ORDER: [u8; 20] = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn the_numbers_of_dsa_may_be_short() {
        for generator in [&[2][..], &[0, 2], &[0xfe; 128], &[0xff; 129], &[]] {
            for key in [&[2][..], &[0, 4], &[1], &[0xfe; 128], &[2; 129], &[]] {
                let parameters = [&PRIME, &ORDER[..], generator, key].map(<[u8]>::to_vec);
                let key = Material::Dsa(parameters);
                for (first, second) in [(1, 1), (1, 2), (3, 5), (0, 1)] {
                    let values = Values::Two(vec![first], vec![second]);
                    // Some of them are valid by chance; none may panic.
                    let _ = key.verifies(Hash::Sha512, &[0xff; 64], &values);
                }
            }
        }
    }
}
