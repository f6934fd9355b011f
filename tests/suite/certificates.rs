//! The keys and certificates of Helm charts are those that helm makes, but for what chance decides.
//!
//! `tests/fixtures/certificates` is a chart that makes one of each; `expected.txt` describes what Helm 4.1.4 made of it.
//! `SNAPSHOTS=overwrite` records it anew.

use crate::support::{self, ROOT, Sandbox};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsa::signature::Verifier as _;
use rsa::signature::hazmat::PrehashVerifier as _;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use x509_cert::Certificate;
use x509_cert::der::asn1::{Any, ObjectIdentifier};
use x509_cert::der::oid::AssociatedOid as _;
use x509_cert::der::referenced::OwnedToRef as _;
use x509_cert::der::{Decode as _, DecodePem as _, Document, Encode as _, Tag, Tagged as _};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

const CHART: &str = "tests/fixtures/certificates";

fn record() -> snapbox::Data {
    snapbox::Data::read_from(&Path::new(ROOT).join(CHART).join("expected.txt"), None).raw()
}

#[test]
#[ignore = "needs helm: set PLIMSOLL_HELM"]
fn the_record_is_what_helm_makes() {
    let helm = support::tool("PLIMSOLL_HELM");
    let output = Command::new(helm).arg("template").arg(Path::new(ROOT).join(CHART)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    snapbox::assert_data_eq!(description(&String::from_utf8(output.stdout).unwrap()), record());
}

#[test]
fn keys_and_certificates_are_made_as_helm_makes_them() {
    let rendered = rendered(&Sandbox::new(), &format!("{ROOT}/{CHART}"), &[]);
    snapbox::assert_data_eq!(description(&rendered), record());
}

#[test]
fn a_seed_repeats_keys_and_certificates() {
    let sandbox = Sandbox::new();
    sandbox.write("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\nengine: gotpl\n");
    let template = "{{ $ca := genCAWithKey \"ca\" 1 (genPrivateKey \"ecdsa\") }}\
                    {{ $cert := genSignedCertWithKey \"c\" nil nil 1 $ca (genPrivateKey \"ed25519\") }}\
                    pem: {{ list $ca.Cert $cert.Cert $cert.Key (genCA \"x\" 1).Key | toJson }}\n";
    sandbox.write("app/templates/a.yaml", template);
    let first = rendered(&sandbox, "app", &["--seed", "7"]);
    assert_eq!(first, rendered(&sandbox, "app", &["--seed", "7"]));
    assert_ne!(first, rendered(&sandbox, "app", &["--seed", "8"]));
}

fn rendered(sandbox: &Sandbox, chart: &str, flags: &[&str]) -> String {
    let outcome = sandbox.run(&[&["render", chart], flags].concat());
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout
}

/// Whatever is the same in every render of the chart. Panics where a signature or a key is not sound.
fn description(rendered: &str) -> String {
    let text = rendered.trim_start_matches("---\n");
    let document: serde_yaml::Mapping = serde_yaml::from_str(text).unwrap();
    let mut out = String::new();
    let mut authority: Option<Certificate> = None;
    for (name, value) in &document {
        let name = name.as_str().unwrap();
        let _ = writeln!(out, "{name}");
        if let Some(keys) = value.as_mapping() {
            for (kind, key) in keys {
                let _ = writeln!(out, "  `{}`: {}", kind.as_str().unwrap(), key_form(&decoded(key)));
            }
            continue;
        }
        let cert = Certificate::from_pem(decoded(&value[0])).unwrap();
        if name.starts_with("ca") {
            authority = Some(cert.clone());
        }
        let signer = authority.as_ref().filter(|_| name.starts_with("signed")).unwrap_or(&cert);
        describe(&cert, signer, &mut out);
        let _ = writeln!(out, "  key: {}", key_form(&decoded(&value[1])));
    }
    out
}

fn decoded(value: &serde_yaml::Value) -> String {
    String::from_utf8(BASE64.decode(value.as_str().unwrap()).unwrap()).unwrap()
}

fn describe(cert: &Certificate, signer: &Certificate, out: &mut String) {
    let tbs = cert.tbs_certificate();
    let own_id = key_id(tbs.subject_public_key_info());
    let signer_id = key_id(signer.tbs_certificate().subject_public_key_info());
    let _ = writeln!(out, "  version {:?}", tbs.version());
    // One byte more for the sign.
    assert!(tbs.serial_number().as_bytes().len() <= 17, "a serial number has 128 bits");
    let _ = writeln!(out, "  issuer {}", hex(&tbs.issuer().to_der().unwrap()));
    let _ = writeln!(out, "  subject {}", hex(&tbs.subject().to_der().unwrap()));
    let (from, to) = (tbs.validity().not_before, tbs.validity().not_after);
    let seconds = |time: x509_cert::time::Time| i128::from(time.to_unix_duration().as_secs());
    // Where Go's count of nanoseconds overflows, the end depends on the fraction of the second.
    let minutes = (seconds(to) - seconds(from) + 30).div_euclid(60);
    let _ = writeln!(out, "  for {minutes} minutes, as {} to {}", tag(from.tag()), tag(to.tag()));
    let _ = writeln!(out, "  key {}", hex(&tbs.subject_public_key_info().algorithm.to_der().unwrap()));
    let _ = writeln!(out, "  signed by {}", hex(&tbs.signature().to_der().unwrap()));
    assert_eq!(tbs.signature(), cert.signature_algorithm());
    verify(cert, signer.tbs_certificate().subject_public_key_info());
    for extension in tbs.extensions().into_iter().flatten() {
        let value = extension.extn_value.as_bytes();
        let value = match extension.extn_id {
            SubjectKeyIdentifier::OID => {
                assert_eq!(SubjectKeyIdentifier::from_der(value).unwrap().0.as_bytes(), own_id);
                "the key's".to_owned()
            }
            AuthorityKeyIdentifier::OID => {
                let id = AuthorityKeyIdentifier::from_der(value).unwrap();
                assert_eq!(id.key_identifier.unwrap().as_bytes(), signer_id);
                assert!(id.authority_cert_issuer.is_none() && id.authority_cert_serial_number.is_none());
                "the signer's".to_owned()
            }
            _ => hex(value),
        };
        let critical = if extension.critical { " critical" } else { "" };
        let _ = writeln!(out, "  extension {}{critical} {value}", extension.extn_id);
    }
}

fn key_id(info: &SubjectPublicKeyInfoOwned) -> Vec<u8> {
    Sha256::digest(info.subject_public_key.raw_bytes())[..20].to_vec()
}

/// Panics if the signature is not that of the key.
fn verify(cert: &Certificate, info: &SubjectPublicKeyInfoOwned) {
    let message = cert.tbs_certificate().to_der().unwrap();
    let signature = cert.signature().raw_bytes();
    let key = info.subject_public_key.raw_bytes();
    let curve = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    // The crates of the curves have no common type for keys.
    macro_rules! on {
        ($curve:ident, $digest:ident) => {{
            let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(key).unwrap();
            let signature = $curve::ecdsa::Signature::from_der(signature).unwrap();
            key.verify_prehash(&$digest::digest(&message), &signature).unwrap();
        }};
    }
    match curve.map(|curve| curve.to_string()).as_deref() {
        Some("1.3.132.0.33") => on!(p224, Sha256),
        Some("1.2.840.10045.3.1.7") => on!(p256, Sha256),
        Some("1.3.132.0.34") => on!(p384, Sha384),
        Some("1.3.132.0.35") => on!(p521, Sha512),
        Some(other) => panic!("a curve that is not known: {other}"),
        None if key.len() == 32 => {
            let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().unwrap()).unwrap();
            key.verify(&message, &ed25519_dalek::Signature::from_slice(signature).unwrap()).unwrap();
        }
        None => {
            let key = rsa::PublicKey::try_from(info.owned_to_ref()).unwrap();
            let key = rsa::pkcs1v15::VerifyingKey::<Sha256>::new(key);
            key.verify(&message, &rsa::pkcs1v15::Signature::try_from(signature).unwrap()).unwrap();
        }
    }
}

/// The label of a PEM block, and the types in it.
fn key_form(pem: &str) -> String {
    match Document::from_pem(pem) {
        Ok((label, document)) => {
            let parts = Vec::<Any>::from_der(document.as_bytes()).unwrap();
            let parts = parts.iter().map(|part| {
                // Numbers and octets are chance's; what is built of parts says the kind of key.
                let value = if part.tag().is_constructed() && part.value().len() < 16 {
                    hex(part.value())
                } else {
                    String::new()
                };
                format!("{} {value}", tag(part.tag())).trim_end().to_owned()
            });
            format!("{label}: {}", parts.collect::<Vec<_>>().join(", "))
        }
        Err(_) => pem.to_owned(),
    }
}

/// The identifier octets of a type.
fn tag(tag: Tag) -> String {
    hex(&tag.to_der().unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
