//! Sprig's keys, certificates and passwords.
//!
//! Keys are drawn from the render's generator, so a seed repeats them. Making an RSA key takes longer than
//! rendering a large chart: that is the price of `genCA` and its kin, in Helm as here.

use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;
use std::str::FromStr as _;
use std::time::Duration;

use aes::cipher::{BlockDecrypt as _, BlockEncrypt as _, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::Mac as _;
use rand_chacha::rand_core::RngCore as _;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use rsa::pkcs1v15::{Signature, SigningKey};
use rsa::pkcs8::{DecodePrivateKey as _, LineEnding};
use rsa::sha2::Sha256;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha1::Digest as _;
use x509_cert::Certificate as X509;
use x509_cert::builder::{Builder as _, CertificateBuilder, Profile};
use x509_cert::der::asn1::{GeneralizedTime, Ia5String, OctetString, UtcTime};
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::{DecodePem as _, EncodePem as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

use super::{Function, between, cast, fixed, keys};
use crate::engine::gotpl::error::{Error, Result};
use crate::engine::gotpl::value::{Args, Object, Value};
use crate::engine::gotpl::vm::Vm;

/// How large the keys of certificates are.
const CERTIFICATE_BITS: usize = 2048;

/// How large the keys of `genPrivateKey` are.
const PRIVATE_BITS: usize = 4096;

/// bcrypt's default cost.
const COST: u32 = 10;

pub(crate) const TABLE: &[Function] = &[
    fixed("genPrivateKey", 1, |vm, args| match args.str(0)? {
        "" | "rsa" => Ok(key_pem(&new_key(vm, PRIVATE_BITS)?)?.into()),
        kind @ ("dsa" | "ecdsa" | "ed25519") => {
            Err(Error::new(format!("keys of type `{kind}` are not generated here"))
                .help("use `genPrivateKey \"rsa\"`"))
        }
        kind => Ok(format!("Unknown type {kind}").into()),
    }),
    fixed("genCA", 2, |vm, args| {
        let subject = Subject::authority(args.str(0)?, args.int(1)?);
        let key = new_key(vm, CERTIFICATE_BITS)?;
        certificate(vm, &subject, &key, None)
    }),
    fixed("genCAWithKey", 3, |vm, args| {
        let subject = Subject::authority(args.str(0)?, args.int(1)?);
        certificate(vm, &subject, &read_key(args.str(2)?)?, None)
    }),
    fixed("genSelfSignedCert", 4, |vm, args| {
        let subject = Subject::server(args)?;
        let key = new_key(vm, CERTIFICATE_BITS)?;
        certificate(vm, &subject, &key, None)
    }),
    fixed("genSelfSignedCertWithKey", 5, |vm, args| {
        let subject = Subject::server(args)?;
        certificate(vm, &subject, &read_key(args.str(4)?)?, None)
    }),
    fixed("genSignedCert", 5, |vm, args| {
        let (subject, authority) = (Subject::server(args)?, authority(args)?);
        let key = new_key(vm, CERTIFICATE_BITS)?;
        certificate(vm, &subject, &key, Some(&authority))
    }),
    fixed("genSignedCertWithKey", 6, |vm, args| {
        let (subject, authority) = (Subject::server(args)?, authority(args)?);
        certificate(vm, &subject, &read_key(args.str(5)?)?, Some(&authority))
    }),
    fixed("buildCustomCert", 2, build_custom),
    fixed("bcrypt", 1, |vm, args| Ok(bcrypt(vm, args.str(0)?).into())),
    between("htpasswd", 2, 3, |vm, args| {
        let (user, password) = (args.str(0)?, args.str(1)?);
        if user.contains(':') {
            return Ok(format!("invalid username: {user}").into());
        }
        Ok(match args.any(2).as_str() {
            Some("sha") => {
                format!("{user}:{{SHA}}{}", BASE64.encode(sha1::Sha1::digest(password.as_bytes())))
            }
            _ => format!("{user}:{}", bcrypt(vm, password)),
        }
        .into())
    }),
    fixed("derivePassword", 5, derive_password),
    fixed("encryptAES", 2, encrypt),
    fixed("decryptAES", 2, decrypt),
];

/// A certificate and its key, as PEM.
struct Certificate {
    cert: String,
    key: String,
}

impl Object for Certificate {
    fn type_name(&self) -> &'static str {
        "sprig.certificate"
    }

    fn member(&self, _: &mut Vm, name: &str, _: &[Value]) -> Option<Result<Value>> {
        match name {
            "Cert" => Some(Ok(self.cert.as_str().into())),
            "Key" => Some(Ok(self.key.as_str().into())),
            _ => None,
        }
    }

    fn display(&self) -> String {
        format!("{{{} {}}}", self.cert, self.key)
    }

    fn serialize(&self) -> Value {
        Value::map(
            [("Cert".into(), self.cert.as_str().into()), ("Key".into(), self.key.as_str().into())]
                .into_iter()
                .collect(),
        )
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What a certificate is for.
struct Subject<'a> {
    name: &'a str,
    days: i64,
    alternatives: Vec<GeneralName>,
    is_authority: bool,
}

impl<'a> Subject<'a> {
    fn authority(name: &'a str, days: i64) -> Self {
        Self { name, days, alternatives: Vec::new(), is_authority: true }
    }

    /// From name, IP addresses, DNS names and days, the first four arguments.
    fn server(args: Args<'a>) -> Result<Self> {
        let mut alternatives = Vec::new();
        for dns in names(args, 2)? {
            let name = Ia5String::new(&dns).map_err(|_| Error::new(format!("`{dns}` is no DNS name")))?;
            alternatives.push(GeneralName::DnsName(name));
        }
        for ip in names(args, 1)? {
            let bytes = match IpAddr::from_str(&ip) {
                Ok(IpAddr::V4(address)) => address.octets().to_vec(),
                Ok(IpAddr::V6(address)) => address.octets().to_vec(),
                Err(_) => return Err(Error::new(format!("error parsing ip: `{ip}` is not an IP address"))),
            };
            alternatives.push(GeneralName::IpAddress(OctetString::new(bytes).map_err(wrong)?));
        }
        Ok(Self { name: args.str(0)?, days: args.int(3)?, alternatives, is_authority: false })
    }
}

/// A list of strings; a nil is an empty one.
fn names(args: Args<'_>, index: usize) -> Result<Vec<String>> {
    let value = args.any(index);
    if value.is_nil() {
        return Ok(Vec::new());
    }
    let items = args.list(index, "read names")?;
    items
        .iter()
        .map(|item| match item.as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(Error::new(format!("error processing names: {} is not a string", cast::text(item)))),
        })
        .collect()
}

/// The certificate authority that is the fifth argument.
fn authority(args: Args<'_>) -> Result<(X509, RsaPrivateKey)> {
    let found = match args.any(4) {
        Value::Object(object) => object.as_any().downcast_ref::<Certificate>(),
        _ => None,
    };
    let found = found.ok_or_else(|| args.mismatch(4, "sprig.certificate"))?;
    let cert = X509::from_pem(&found.cert)
        .map_err(|error| Error::new(format!("unable to parse certificate: {error}")))?;
    Ok((cert, read_key(&found.key)?))
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::new(format!("cannot make a certificate: {error}"))
}

fn new_key(vm: &mut Vm, bits: usize) -> Result<RsaPrivateKey> {
    keys::rsa_key(vm.random.generator(), bits)
        .map_err(|error| Error::new(format!("error generating rsa key: {error}")))
}

fn key_pem(key: &RsaPrivateKey) -> Result<String> {
    key.to_pkcs1_pem(LineEnding::LF).map(|pem| pem.as_str().to_owned()).map_err(wrong)
}

fn read_key(pem: &str) -> Result<RsaPrivateKey> {
    RsaPrivateKey::from_pkcs1_pem(pem).or_else(|_| RsaPrivateKey::from_pkcs8_pem(pem)).map_err(|error| {
        Error::new(format!("parsing private key: {error}")).help("only RSA keys in PEM are understood")
    })
}

/// Makes a certificate signed by `authority`, or by itself.
fn certificate(
    vm: &mut Vm,
    subject: &Subject<'_>,
    key: &RsaPrivateKey,
    authority: Option<&(X509, RsaPrivateKey)>,
) -> Result<Value> {
    let mut serial = [0; 16];
    vm.random.generator().fill_bytes(&mut serial);
    // Positive, and without leading zeros.
    serial[0] = serial[0] & 0x7f | 0x40;
    let start = vm.random.now().0;
    let end = start.saturating_add(subject.days.saturating_mul(86_400));
    let validity = Validity { not_before: moment(start)?, not_after: moment(end)? };
    let name = common_name(subject.name)?;
    let issuer = authority.map_or_else(|| name.clone(), |(cert, _)| cert.tbs_certificate.subject.clone());
    let public = RsaPublicKey::from(key);
    let info = SubjectPublicKeyInfoOwned::from_key(public).map_err(wrong)?;
    let own_id = key_id(&info);
    let issuer_id = match authority {
        Some((cert, _)) => Some(key_id(&cert.tbs_certificate.subject_public_key_info)),
        None => subject.is_authority.then(|| own_id.clone()),
    };
    let signer = SigningKey::<Sha256>::new(authority.map_or(key, |(_, key)| key).clone());
    let serial = SerialNumber::new(&serial).map_err(wrong)?;
    let profile = Profile::Manual { issuer: Some(issuer) };
    let mut builder =
        CertificateBuilder::new(profile, serial, validity, name, info, &signer).map_err(wrong)?;
    let mut usage: FlagSet<KeyUsages> = KeyUsages::KeyEncipherment | KeyUsages::DigitalSignature;
    if subject.is_authority {
        usage |= KeyUsages::KeyCertSign;
    }
    builder.add_extension(&KeyUsage(usage)).map_err(wrong)?;
    let purposes = ExtendedKeyUsage(vec![
        x509_cert::der::oid::db::rfc5280::ID_KP_SERVER_AUTH,
        x509_cert::der::oid::db::rfc5280::ID_KP_CLIENT_AUTH,
    ]);
    builder.add_extension(&purposes).map_err(wrong)?;
    let constraints = BasicConstraints { ca: subject.is_authority, path_len_constraint: None };
    builder.add_extension(&constraints).map_err(wrong)?;
    if subject.is_authority {
        builder
            .add_extension(&SubjectKeyIdentifier(OctetString::new(own_id).map_err(wrong)?))
            .map_err(wrong)?;
    }
    if let Some(id) = issuer_id.filter(|_| authority.is_some()) {
        let id = AuthorityKeyIdentifier {
            key_identifier: Some(OctetString::new(id).map_err(wrong)?),
            ..AuthorityKeyIdentifier::default()
        };
        builder.add_extension(&id).map_err(wrong)?;
    }
    if !subject.alternatives.is_empty() {
        builder.add_extension(&SubjectAltName(subject.alternatives.clone())).map_err(wrong)?;
    }
    let cert = builder.build::<Signature>().map_err(wrong)?;
    let cert = cert.to_pem(LineEnding::LF).map_err(wrong)?;
    Ok(Value::Object(Rc::new(Certificate { cert, key: key_pem(key)? })))
}

fn common_name(name: &str) -> Result<Name> {
    // RFC 4514 gives these characters a meaning.
    let mut escaped = String::with_capacity(name.len());
    for (index, c) in name.char_indices() {
        let edge = index == 0 || index + c.len_utf8() == name.len();
        if r#",+"\<>;="#.contains(c) || edge && (c == ' ' || c == '#') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    Name::from_str(&if name.is_empty() { String::new() } else { format!("CN={escaped}") }).map_err(wrong)
}

fn key_id(info: &SubjectPublicKeyInfoOwned) -> Vec<u8> {
    sha1::Sha1::digest(info.subject_public_key.raw_bytes()).to_vec()
}

fn moment(seconds: i64) -> Result<Time> {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    match UtcTime::from_unix_duration(since) {
        Ok(time) => Ok(Time::UtcTime(time)),
        Err(_) => GeneralizedTime::from_unix_duration(since).map(Time::GeneralTime).map_err(wrong),
    }
}

fn build_custom(_: &mut Vm, args: Args<'_>) -> Result<Value> {
    let decoded = |index: usize, what: &str| -> Result<String> {
        let bytes = BASE64.decode(args.str(index)?).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        bytes.ok_or_else(|| Error::new(format!("unable to decode base64 {what}")))
    };
    let (cert, key) = (decoded(0, "certificate")?, decoded(1, "private key")?);
    X509::from_pem(&cert).map_err(|error| Error::new(format!("error parsing certificate: {error}")))?;
    if !key.contains("PRIVATE KEY-----") {
        return Err(Error::new("error parsing private key: no PEM data in input"));
    }
    Ok(Value::Object(Rc::new(Certificate { cert, key })))
}

fn bcrypt(vm: &mut Vm, password: &str) -> String {
    let mut salt = [0; 16];
    vm.random.generator().fill_bytes(&mut salt);
    match bcrypt::hash_with_salt(password, COST, salt) {
        Ok(parts) => parts.format_for_version(bcrypt::Version::TwoA),
        Err(error) => format!("failed to encrypt string with bcrypt: {error}"),
    }
}

/// The Master Password algorithm.
fn derive_password(_: &mut Vm, args: Args<'_>) -> Result<Value> {
    const SEED: &str = "com.lyndir.masterpassword";
    let (counter, kind, password) = (args.int(0)?, args.str(1)?, args.str(2)?);
    let (user, site) = (args.str(3)?, args.str(4)?);
    let counter =
        u32::try_from(counter).map_err(|_| Error::new(format!("the counter {counter} is out of range")))?;
    let templates: &[&str] = match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &[
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
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return Ok(format!("cannot find password template {kind}").into()),
    };
    let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
    let salt = [SEED.as_bytes(), &length(user), user.as_bytes()].concat();
    let mut key = [0; 64];
    let parameters =
        scrypt::Params::new(15, 8, 2, key.len()).map_err(|error| Error::new(error.to_string()))?;
    scrypt::scrypt(password.as_bytes(), &salt, &parameters, &mut key)
        .map_err(|error| Error::new(error.to_string()))?;
    let mut mac = <hmac::Hmac<Sha256> as hmac::Mac>::new_from_slice(&key)
        .map_err(|error| Error::new(error.to_string()))?;
    mac.update(&[SEED.as_bytes(), &length(site), site.as_bytes(), &counter.to_be_bytes()].concat());
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

fn encrypt(vm: &mut Vm, args: Args<'_>) -> Result<Value> {
    let (password, text) = (args.bytes(0)?, args.bytes(1)?);
    if text.is_empty() {
        return Ok("".into());
    }
    let cipher = cipher(password);
    let padding = BLOCK - text.len() % BLOCK;
    let mut padded = text.to_vec();
    padded.extend(std::iter::repeat_n(u8::try_from(padding).unwrap_or(0), padding));
    let mut previous = [0; BLOCK];
    vm.random.generator().fill_bytes(&mut previous);
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

fn decrypt(_: &mut Vm, args: Args<'_>) -> Result<Value> {
    let (password, text) = (args.bytes(0)?, args.str(1)?);
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
