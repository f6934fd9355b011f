//! No keyring and no message makes a panic: not any bytes, and not packets that are sound up to their numbers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_openpgp::{Keyring, verify};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sha1::{Digest as _, Sha1};

const NOW: u64 = 1_900_000_000;

const SIGNATURE: u8 = 2;
const PUBLIC_KEY: u8 = 6;
const USER_ID: u8 = 13;
const PUBLIC_SUBKEY: u8 = 14;

/// The curves that are known, with their lengths.
const CURVES: [&[u8]; 4] = [
    &[8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
    &[5, 0x2b, 0x81, 0x04, 0x00, 0x22],
    &[5, 0x2b, 0x81, 0x04, 0x00, 0x23],
    &[9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01],
];

fn message(signature: &[u8]) -> String {
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\na text\n-----BEGIN PGP SIGNATURE-----\n\n{}\n\
         -----END PGP SIGNATURE-----\n",
        STANDARD.encode(signature)
    )
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or_default();
    [&[0xc0 | tag, 255][..], &length.to_be_bytes(), body].concat()
}

/// A multiprecision integer.
fn integer() -> impl Strategy<Value = Vec<u8>> {
    let length =
        prop_oneof![0..4_usize, Just(20), Just(32), Just(33), Just(65), Just(97), Just(128), Just(256)];
    let bytes = length.prop_flat_map(|length| {
        let byte = prop_oneof![4 => any::<u8>(), 1 => select(vec![0_u8, 1, 4, 0x40, 0xff])];
        prop_oneof![3 => vec(byte, length), 1 => select(vec![vec![0; length], vec![0xff; length]])]
    });
    bytes.prop_map(|bytes| {
        let bits = u16::try_from(bytes.len() * 8).unwrap_or_default();
        [&bits.to_be_bytes()[..], &bytes].concat()
    })
}

fn integers(count: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(integer(), count).prop_map(|integers| integers.concat())
}

/// The body of a key, with the algorithm of its signatures.
fn key() -> impl Strategy<Value = (Vec<u8>, u8)> {
    let on_curve = (select(CURVES.to_vec()), integer()).prop_map(|(curve, point)| [curve, &point].concat());
    let material = prop_oneof![
        integers(2).prop_map(|material| (1, material)),
        integers(4).prop_map(|material| (17, material)),
        (select(vec![19_u8, 22]), on_curve),
        vec(any::<u8>(), 32).prop_map(|material| (27, material)),
    ];
    material.prop_map(|(algorithm, material)| {
        let body = [&[4, 0x50, 0, 0, 0, algorithm][..], &material].concat();
        (body, algorithm)
    })
}

/// The body of a signature that names a key.
fn signature(kind: u8, key: &[u8], algorithm: u8) -> impl Strategy<Value = Vec<u8>> + use<> {
    let length = u16::try_from(key.len()).unwrap_or_default();
    let framed = [&[0x99][..], &length.to_be_bytes(), key].concat();
    let issuer = [&[22, 33, 4][..], &Sha1::digest(framed)].concat();
    let values = match algorithm {
        1 => integers(1).boxed(),
        27 => vec(any::<u8>(), 64).boxed(),
        _ => integers(2).boxed(),
    };
    let subpackets = prop_oneof![3 => Just(Vec::new()), 1 => vec(any::<u8>(), 0..12)];
    (select(vec![2_u8, 8, 9, 10, 11]), subpackets, values).prop_map(move |(hash, subpackets, values)| {
        let hashed = [&[5, 2, 0x50, 0, 0, 1][..], &issuer, &subpackets].concat();
        let length = u16::try_from(hashed.len()).unwrap_or_default();
        [&[4, kind, algorithm, hash][..], &length.to_be_bytes(), &hashed, &[0, 0, 1, 2], &values].concat()
    })
}

/// A keyring with a key, a user ID and a subkey, whose signatures the key might have made, and a message that it might have
/// signed.
fn signed() -> impl Strategy<Value = (Vec<u8>, String)> {
    (key(), key()).prop_flat_map(|((primary, algorithm), (subkey, _))| {
        let signatures = [0x1f, 0x13, 0x18, 0x00].map(|kind| signature(kind, &primary, algorithm));
        signatures.prop_map(move |[direct, certification, binding, on_text]| {
            let keyring = [
                packet(PUBLIC_KEY, &primary),
                packet(SIGNATURE, &direct),
                packet(USER_ID, b"a"),
                packet(SIGNATURE, &certification),
                packet(PUBLIC_SUBKEY, &subkey),
                packet(SIGNATURE, &binding),
            ];
            (keyring.concat(), message(&packet(SIGNATURE, &on_text)))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let keyring = Keyring::read(&bytes).unwrap_or_default();
        let _ = verify(&message(&bytes), &keyring, NOW);
        let armored = format!(
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{}\n-----END PGP PUBLIC KEY BLOCK-----\n",
            STANDARD.encode(&bytes)
        );
        let _ = Keyring::read(armored.as_bytes());
    }

    #[test]
    fn any_packets_are_read_or_refused(
        packets in vec((select(vec![2_u8, 5, 6, 7, 13, 14, 60]), vec(any::<u8>(), 0..80)), 0..8)
    ) {
        let packets: Vec<u8> =
            packets.iter().flat_map(|(tag, body)| packet(*tag, &[&[4][..], body].concat())).collect();
        let _ = verify(&message(&packets), &Keyring::read(&packets).unwrap_or_default(), NOW);
    }

    #[test]
    fn any_text_is_read_or_refused(
        parts in vec(
            prop_oneof![
                any::<String>(),
                select(vec![
                    "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----",
                    "-----BEGIN PGP PUBLIC KEY BLOCK-----", "\n", "\n\n", "Hash: SHA256\n", "- ", "=", "wA==", "\r",
                ]).prop_map(str::to_owned),
            ],
            0..12,
        )
    ) {
        let text = parts.concat();
        let _ = verify(&text, &Keyring::default(), NOW);
        let _ = Keyring::read(text.as_bytes());
    }

    #[test]
    fn any_numbers_are_verified_or_refused((keyring, message) in signed()) {
        let keyring = Keyring::read(&keyring);
        prop_assert!(keyring.is_ok());
        // Nobody has made these signatures.
        prop_assert!(verify(&message, &keyring.unwrap_or_default(), NOW).is_err());
    }
}
