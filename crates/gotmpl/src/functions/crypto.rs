//! Sprig's passwords: hashed, derived, used to encrypt.

use aes::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::Mac as _;
use rand_chacha::rand_core::Rng as _;
use sha2::Sha256;

use crate::error::{Error, Result};
use crate::function::{Function, Host, fixed, hosted};
use crate::value::{Args, Value};

/// bcrypt's default cost.
const COST: u32 = 10;

/// The longest password that Go's bcrypt accepts. It ignores no bytes, unlike others.
const LONGEST: usize = 72;

pub(crate) const TABLE: &[Function] = &[
    hosted("bcrypt", 1, |host, args| Ok(bcrypt(host, args.bytes(0)?).into())).slow(),
    hosted("htpasswd", 2, |host, args| {
        let (user, password) = (args.bytes(0)?, args.bytes(1)?);
        Ok(Value::from_bytes(&if user.contains(&b':') {
            [b"invalid username: ", user].concat()
        } else {
            [user, b":", bcrypt(host, password).as_bytes()].concat()
        }))
    })
    .slow(),
    fixed("derivePassword", 5, derive_password).slow(),
    hosted("encryptAES", 2, encrypt),
    fixed("decryptAES", 2, decrypt),
];

fn bcrypt(host: &mut dyn Host, password: &[u8]) -> String {
    if password.len() > LONGEST {
        return format!(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds {LONGEST} bytes"
        );
    }
    let mut salt = [0; 16];
    host.random().generator().fill_bytes(&mut salt);
    match bcrypt::hash_with_salt(password, COST, salt) {
        Ok(parts) => parts.format_for_version(bcrypt::Version::TwoA),
        Err(error) => format!("failed to encrypt string with bcrypt: {error}"),
    }
}

/// The Master Password algorithm.
fn derive_password(args: Args<'_>) -> Result<Value> {
    const SEED: &str = "com.lyndir.masterpassword";
    let (counter, kind, password) = (args.int(0)?, args.bytes(1)?, args.bytes(2)?);
    let (user, site) = (args.bytes(3)?, args.bytes(4)?);
    let counter =
        u32::try_from(counter).map_err(|_| Error::new(format!("the counter {counter} is out of range")))?;
    let templates: &[&str] = match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return Ok(Value::from_bytes(&[b"cannot find password template ", kind].concat())),
    };
    let length = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    let salt = [SEED.as_bytes(), &length(user), user].concat();
    let mut key = [0; 64];
    let parameters = scrypt::Params::new(15, 8, 2).map_err(|error| Error::new(error.to_string()))?;
    scrypt::scrypt(password, &salt, &parameters, &mut key).map_err(|error| Error::new(error.to_string()))?;
    let mut mac =
        hmac::Hmac::<Sha256>::new_from_slice(&key).map_err(|error| Error::new(error.to_string()))?;
    mac.update(&[SEED.as_bytes(), &length(site), site, &counter.to_be_bytes()].concat());
    let seed = mac.finalize().into_bytes();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let characters = template.bytes().zip(seed[1..].iter()).map(|(class, byte)| {
        let set: &[u8] = match class {
            b'V' => b"AEIOU",
            b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
            b'v' => b"aeiou",
            b'c' => b"bcdfghjklmnpqrstvwxyz",
            b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
            b'n' => b"0123456789",
            b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
            _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
        };
        char::from(set[usize::from(*byte) % set.len()])
    });
    Ok(characters.collect::<String>().into())
}

const BLOCK: usize = 16;

/// AES-256 in CBC mode; the key is the password, cut or filled with zeros.
fn cipher(password: &[u8]) -> aes::Aes256 {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    aes::Aes256::new(&key.into())
}

fn encrypt(host: &mut dyn Host, args: Args<'_>) -> Result<Value> {
    let (password, text) = (args.bytes(0)?, args.bytes(1)?);
    if text.is_empty() {
        return Ok("".into());
    }
    let cipher = cipher(password);
    let padding = BLOCK - text.len() % BLOCK;
    let mut padded = text.to_vec();
    padded.extend(std::iter::repeat_n(u8::try_from(padding).unwrap_or(0), padding));
    let mut previous = [0; BLOCK];
    host.random().generator().fill_bytes(&mut previous);
    let mut out = previous.to_vec();
    for chunk in padded.chunks(BLOCK) {
        for (byte, plain) in previous.iter_mut().zip(chunk) {
            *byte ^= plain;
        }
        let mut block = previous.into();
        cipher.encrypt_block(&mut block);
        previous = block.into();
        out.extend_from_slice(&previous);
    }
    Ok(BASE64.encode(out).into())
}

fn decrypt(args: Args<'_>) -> Result<Value> {
    let (password, text) = (args.bytes(0)?, args.bytes(1)?);
    if text.is_empty() {
        return Ok("".into());
    }
    let bytes = BASE64.decode(text).map_err(|error| Error::new(error.to_string()))?;
    if bytes.len() < 2 * BLOCK || bytes.len() % BLOCK != 0 {
        return Err(Error::new("the encrypted text is not a whole number of blocks"));
    }
    let cipher = cipher(password);
    let mut plain = Vec::with_capacity(bytes.len());
    for (index, chunk) in bytes.chunks(BLOCK).enumerate().skip(1) {
        let mut block = [0; BLOCK];
        block.copy_from_slice(chunk);
        let mut block = block.into();
        cipher.decrypt_block(&mut block);
        let before = &bytes[(index - 1) * BLOCK..index * BLOCK];
        plain.extend(block.iter().zip(before).map(|(byte, before)| byte ^ before));
    }
    let padding = usize::from(plain.last().copied().unwrap_or(0));
    match plain.len().checked_sub(padding) {
        Some(length) if (1..=BLOCK).contains(&padding) => Ok(Value::from_bytes(&plain[..length])),
        _ => Err(Error::new("the password does not fit the encrypted text")),
    }
}
