//! Sprig's keys and certificates, laid out as Go's `crypto/x509` does.
//!
//! Everything random is drawn from the render's generator, so a seed repeats it. Making an RSA key takes longer than
//! rendering a large chart: that is the price of `genCA` and similar functions, as in Helm.

use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;
use std::str::FromStr as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use der::Sequence;
use rand_chacha::rand_core::Rng as _;
use sha2::Digest as _;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{
    Any as AnyValue, BitString, GeneralizedTime, Ia5String, OctetString, PrintableStringRef, SetOfVec,
    UtcTime, Utf8StringRef,
};
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::oid::db::{rfc4519, rfc5280};
use x509_cert::der::pem::{self, LineEnding, PemLabel as _};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate as X509, Version};

use super::keys::{self, PrivateKey};
use crate::error::{Error, Result};
use crate::function::{Function, Host, fixed, hosted};
use crate::value::{Args, Elem, Field, Object, Value};

pub(crate) const TABLE: &[Function] = &[
    hosted("genPrivateKey", 1, |host, args| {
        let kind = args.str(0)?;
        match PrivateKey::generate(host.random(), kind) {
            Some(key) => Ok(key?.pem()?.into()),
            None => Ok(format!("Unknown type {kind}").into()),
        }
    })
    .slow(),
    hosted("genCA", 2, |host, args| {
        let subject = Subject::authority(args)?;
        let key = new_key(host)?;
        certificate(host, &subject, &key, None)
    })
    .slow(),
    hosted("genCAWithKey", 3, |host, args| {
        let (subject, key) = (Subject::authority(args)?, given_key(args, 2)?);
        certificate(host, &subject, &key, None)
    }),
    hosted("genSelfSignedCert", 4, |host, args| {
        let subject = Subject::server(args)?;
        let key = new_key(host)?;
        certificate(host, &subject, &key, None)
    })
    .slow(),
    hosted("genSelfSignedCertWithKey", 5, |host, args| {
        let (subject, key) = (Subject::server(args)?, given_key(args, 4)?);
        certificate(host, &subject, &key, None)
    }),
    hosted("genSignedCert", 5, |host, args| {
        let (subject, authority) = (Subject::server(args)?, Authority::given(args, 4)?);
        let key = new_key(host)?;
        certificate(host, &subject, &key, Some(&authority))
    })
    .slow(),
    hosted("genSignedCertWithKey", 6, |host, args| {
        let (subject, authority) = (Subject::server(args)?, Authority::given(args, 4)?);
        certificate(host, &subject, &given_key(args, 5)?, Some(&authority))
    }),
    fixed("buildCustomCert", 2, build_custom),
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

    fn member(&self, name: &str, _: Args<'_>) -> Option<Result<Value>> {
        match name {
            "Cert" => Some(Ok(self.cert.as_str().into())),
            "Key" => Some(Ok(self.key.as_str().into())),
            _ => None,
        }
    }

    fn display(&self) -> String {
        format!("{{{} {}}}", self.cert, self.key)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(vec![
            Field::plain("Cert", self.cert.as_str().into()),
            Field::plain("Key", self.key.as_str().into()),
        ])
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
    /// From name and days, the first two arguments.
    fn authority(args: Args<'a>) -> Result<Self> {
        Ok(Self { name: args.str(0)?, days: args.int(1)?, alternatives: Vec::new(), is_authority: true })
    }

    /// From name, IP addresses, DNS names and days, the first four arguments.
    fn server(args: Args<'a>) -> Result<Self> {
        let (name, days) = (args.str(0)?, args.int(3)?);
        let mut addresses = Vec::new();
        for ip in strings(args, 1, "error parsing ip")? {
            // Go writes an IPv4 address in four bytes, however it was given.
            let bytes = match IpAddr::from_str(&ip).map(|ip| ip.to_canonical()) {
                Ok(IpAddr::V4(address)) => address.octets().to_vec(),
                Ok(IpAddr::V6(address)) => address.octets().to_vec(),
                Err(_) => return Err(Error::new(format!("error parsing ip: {ip}"))),
            };
            addresses.push(GeneralName::IpAddress(OctetString::new(bytes).map_err(wrong)?));
        }
        let mut alternatives = Vec::new();
        for dns in strings(args, 2, "error processing alternate dns name")? {
            let name = Ia5String::new(&dns)
                .map_err(|_| wrong(format!("x509: {dns:?} cannot be encoded as an IA5String")))?;
            alternatives.push(GeneralName::DnsName(name));
        }
        alternatives.append(&mut addresses);
        Ok(Self { name, days, alternatives, is_authority: false })
    }
}

/// A `[]interface {}` of strings; a nil is an empty one.
fn strings(args: Args<'_>, index: usize, problem: &str) -> Result<Vec<String>> {
    let items = match &args.values[index] {
        Value::Invalid => return Ok(Vec::new()),
        Value::List(list) if list.elem() == Elem::Any => list.items(),
        _ => return Err(args.mismatch(index, "[]interface {}")),
    };
    items
        .iter()
        .map(|item| match item.as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(Error::new(format!("{problem}: {item} is not a string"))),
        })
        .collect()
}

/// Who signs.
struct Authority {
    cert: X509,
    key: PrivateKey,
}

impl Authority {
    /// The certificate that is argument `index`.
    fn given(args: Args<'_>, index: usize) -> Result<Self> {
        let found = match args.any(index) {
            Value::Object(object) => object.as_any().downcast_ref::<Certificate>(),
            _ => None,
        };
        let found = found.ok_or_else(|| args.mismatch(index, "sprig.certificate"))?;
        let key =
            PrivateKey::read(&found.key).map_err(|error| within("error parsing private key", &error))?;
        let authority = Self { cert: read_cert(&found.cert)?, key };
        let own = authority.cert.tbs_certificate().subject_public_key_info();
        authority.key.algorithm()?;
        if *own != authority.key.public()? {
            return Err(wrong("x509: provided PrivateKey doesn't match parent's PublicKey"));
        }
        Ok(authority)
    }

    fn name(&self) -> &RdnSequence {
        self.cert.tbs_certificate().subject().as_ref()
    }

    /// The name of the key in the certificate, if it has one.
    fn key_id(&self) -> Option<OctetString> {
        let found = self.cert.tbs_certificate().get_extension::<SubjectKeyIdentifier>().ok().flatten();
        found.map(|(_, id)| id.0).filter(|id| !id.as_bytes().is_empty())
    }
}

fn read_cert(text: &str) -> Result<X509> {
    let (_, der) = keys::pem_block(text).ok_or_else(|| Error::new("unable to decode certificate"))?;
    X509::from_der(&der).map_err(|error| Error::new(format!("error parsing certificate: {error}")))
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::new(format!("error creating certificate: {error}"))
}

fn within(what: &str, error: &Error) -> Error {
    Error::new(format!("{what}: {}", error.inner().message))
}

fn new_key(host: &mut dyn Host) -> Result<PrivateKey> {
    PrivateKey::for_certificate(host.random())
}

fn given_key(args: Args<'_>, index: usize) -> Result<PrivateKey> {
    PrivateKey::read(args.str(index)?).map_err(|error| within("parsing private key", &error))
}

/// A certificate as it is signed (RFC 5280, section 4.1.2). `x509_cert` has the same type, but only itself can fill it in,
/// and its builder only takes keys of the kinds that it knows.
#[derive(Sequence)]
struct Content {
    #[asn1(context_specific = "0")]
    version: Version,
    serial_number: SerialNumber,
    signature: AlgorithmIdentifierOwned,
    issuer: RdnSequence,
    validity: Validity,
    subject: RdnSequence,
    subject_public_key_info: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

/// A certificate with its signature (RFC 5280, section 4.1).
#[derive(Sequence)]
struct Signed {
    content: Content,
    signature_algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// Makes a certificate signed by `authority`, or by itself.
fn certificate(
    host: &mut dyn Host,
    subject: &Subject<'_>,
    key: &PrivateKey,
    authority: Option<&Authority>,
) -> Result<Value> {
    let signer = authority.map_or(key, |authority| &authority.key);
    let algorithm = signer.algorithm()?;
    let mut serial = [0; 16];
    host.random().generator().fill_bytes(&mut serial);
    let name = common_name(subject.name)?;
    let issuer = authority.map_or(&name, Authority::name).clone();
    let info = key.public()?;
    let mut extensions = Vec::new();
    let mut add = |id, critical, value: Result<Vec<u8>, x509_cert::der::Error>| -> Result<()> {
        let extn_value = OctetString::new(value.map_err(wrong)?).map_err(wrong)?;
        extensions.push(Extension { extn_id: id, critical, extn_value });
        Ok(())
    };
    let mut usage: FlagSet<KeyUsages> = KeyUsages::KeyEncipherment | KeyUsages::DigitalSignature;
    if subject.is_authority {
        usage |= KeyUsages::KeyCertSign;
    }
    add(KeyUsage::OID, true, KeyUsage(usage).to_der())?;
    let purposes = ExtendedKeyUsage(vec![rfc5280::ID_KP_SERVER_AUTH, rfc5280::ID_KP_CLIENT_AUTH]);
    add(ExtendedKeyUsage::OID, false, purposes.to_der())?;
    let constraints = BasicConstraints { ca: subject.is_authority, path_len_constraint: None };
    add(BasicConstraints::OID, true, constraints.to_der())?;
    if subject.is_authority {
        add(SubjectKeyIdentifier::OID, false, SubjectKeyIdentifier(key_id(&info)?).to_der())?;
    }
    // Go leaves it out where both have the same name.
    if let Some(id) = authority.filter(|_| issuer != name).and_then(Authority::key_id) {
        let id = AuthorityKeyIdentifier { key_identifier: Some(id), ..AuthorityKeyIdentifier::default() };
        add(AuthorityKeyIdentifier::OID, false, id.to_der())?;
    }
    if !subject.alternatives.is_empty() {
        let names = SubjectAltName(subject.alternatives.clone());
        add(SubjectAltName::OID, subject.name.is_empty(), names.to_der())?;
    }
    let content = Content {
        version: Version::V3,
        serial_number: SerialNumber::new(&serial).map_err(wrong)?,
        signature: algorithm.clone(),
        issuer,
        validity: validity(host.random().now(), subject.days)?,
        subject: name,
        subject_public_key_info: info,
        extensions,
    };
    let signature = signer.sign(host.random().generator(), &content.to_der().map_err(wrong)?)?;
    let whole = Signed {
        content,
        signature_algorithm: algorithm,
        signature: BitString::from_bytes(&signature).map_err(wrong)?,
    };
    let cert = whole.to_der().and_then(|der| Ok(pem::encode_string(X509::PEM_LABEL, LineEnding::LF, &der)?));
    let cert = cert.map_err(wrong)?;
    Ok(Value::Object(Rc::new(Certificate { cert, key: key.pem()? })))
}

/// A name of one part, or of none.
fn common_name(name: &str) -> Result<RdnSequence> {
    if name.is_empty() {
        return Ok(RdnSequence::default());
    }
    // A plain string where its letters allow, as Go chooses.
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte));
    let value = if plain {
        PrintableStringRef::new(name).and_then(|text| AnyValue::encode_from(&text))
    } else {
        Utf8StringRef::new(name).and_then(|text| AnyValue::encode_from(&text))
    };
    let part = AttributeTypeAndValue { oid: rfc4519::COMMON_NAME, value: value.map_err(wrong)? };
    let parts = SetOfVec::try_from(vec![part]).map_err(wrong)?;
    Ok(vec![RelativeDistinguishedName::from(parts)].into())
}

/// The name of a key: the beginning of its digest.
fn key_id(info: &SubjectPublicKeyInfoOwned) -> Result<OctetString> {
    let digest = sha2::Sha256::digest(info.subject_public_key.raw_bytes());
    OctetString::new(&digest[..20]).map_err(wrong)
}

/// From now on for so many days.
fn validity((seconds, nanoseconds): (i64, u32), days: i64) -> Result<Validity> {
    const SECOND: i64 = 1_000_000_000;
    // Go counts nanoseconds: after 292 years they begin anew far in the past.
    let length = days.wrapping_mul(86_400 * SECOND);
    let end =
        seconds + length.div_euclid(SECOND) + (length.rem_euclid(SECOND) + i64::from(nanoseconds)) / SECOND;
    Ok(Validity::new(moment(seconds)?, moment(end)?))
}

fn moment(seconds: i64) -> Result<Time> {
    let since = u64::try_from(seconds).map(Duration::from_secs);
    let since = since.map_err(|_| wrong("its time ends before 1970"))?;
    match UtcTime::from_unix_duration(since) {
        Ok(time) => Ok(Time::UtcTime(time)),
        Err(_) => GeneralizedTime::from_unix_duration(since).map(Time::GeneralTime).map_err(wrong),
    }
}

fn build_custom(args: Args<'_>) -> Result<Value> {
    let decoded = |index: usize, what: &str| -> Result<String> {
        let bytes = BASE64.decode(args.str(index)?).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        bytes.ok_or_else(|| Error::new(format!("unable to decode base64 {what}")))
    };
    let (cert, key) = (decoded(0, "certificate")?, decoded(1, "private key")?);
    read_cert(&cert)?;
    PrivateKey::read(&key).map_err(|error| within("error parsing private key", &error))?;
    Ok(Value::Object(Rc::new(Certificate { cert, key })))
}
