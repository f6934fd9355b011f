//! A whole file: its values decrypted in the order in which they are written, and its MAC verified.

use crate::age::Keys;
use crate::cipher::{DataKey, Sealed};
use crate::metadata::Metadata;
use plimsoll_diag::{Diagnostic, Sources, escape::hex};
use plimsoll_yaml::{Node, Value};
use sha2::{Digest as _, Sha512};

/// The key of the block.
const BLOCK: &str = "sops";

/// What the MAC of encrypted values alone begins with, so that it never equals one of all values: the SHA-256 of `sops`.
const ENCRYPTED_ONLY: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b,
    0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// A value that was encrypted.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The key that it is set for.
    pub key: String,
    /// The value, with the place where it is encrypted.
    pub node: Node,
}

/// Whether SOPS has encrypted a document: it has a `sops` block with a MAC or the time of encryption.
pub fn is_encrypted(root: &Node) -> bool {
    root.get(BLOCK).is_some_and(|block| block.get("mac").is_some() || block.get("lastmodified").is_some())
}

/// Decrypts the documents of a file in place and removes the `sops` blocks. Returns what was encrypted.
///
/// # Errors
/// No key is for the file, only services that are not asked can decrypt it, or it was changed after it was encrypted.
pub fn decrypt(
    documents: &mut [&mut Node],
    keys: &Keys,
    sources: &Sources,
) -> Result<Vec<Secret>, Box<Diagnostic>> {
    let block = documents.iter().find_map(|root| root.as_map()?.entry(BLOCK));
    let Some(block) = block else { return Ok(Vec::new()) };
    let metadata = Metadata::read(block)?;
    let key = data_key(&metadata, keys)?;
    let mut file = File { metadata: &metadata, key, sources, mac: Sha512::new(), secrets: Vec::new() };
    if metadata.is_mac_of_encrypted_only {
        file.mac.update(ENCRYPTED_ONLY);
    }
    for root in documents {
        if let Some(map) = root.as_map_mut() {
            map.remove(BLOCK);
        }
        file.decrypt(root, &mut Vec::new())?;
    }
    let File { mac, secrets, .. } = file;
    let found = hex(&mac.finalize()).to_ascii_uppercase();
    let opened = Sealed::parse(&metadata.mac).map(|sealed| sealed.open(&key, &metadata.last_modified));
    let expected = opened.and_then(Result::ok).and_then(|opened| String::from_utf8(opened.bytes).ok());
    if expected.is_none_or(|expected| expected != found) {
        let error = Diagnostic::error(
            "the values were changed after they were encrypted: the MAC of the file does not match",
        );
        let error = error.at(metadata.span, "");
        return Err(error.help("restore the file, or edit it with `sops` only").into());
    }
    Ok(secrets)
}

/// The key of the file, from the first recipient whose key is there.
fn data_key(metadata: &Metadata, keys: &Keys) -> Result<DataKey, Box<Diagnostic>> {
    let decrypted = metadata.age.iter().find_map(|(_, armored)| keys.decrypt(armored));
    if let Some(key) = decrypted.and_then(|key| DataKey::try_from(key).ok()) {
        return Ok(key);
    }
    let recipients: Vec<String> = metadata.age.iter().map(|(name, _)| format!("`{name}`")).collect();
    let error = if recipients.is_empty() {
        let services = metadata.services.join(" and ");
        let services = if services.is_empty() { "nothing that is known" } else { &services };
        Diagnostic::error(format!(
            "the file is encrypted with {services}; plimsoll decrypts with age keys only"
        ))
        .help(crate::USE_SOPS)
    } else {
        let found =
            if keys.is_empty() { "no age key was found" } else { "none of the age keys is one of them" };
        Diagnostic::error(format!("the file is encrypted for {}, and {found}", recipients.join(", "))).help(
            "set SOPS_AGE_KEY_FILE to the file with the key, or SOPS_AGE_KEY to the key itself; the default is `sops/age/keys.txt` in the directory for configuration",
        )
    };
    Err(error.at(metadata.span, "").into())
}

struct File<'a> {
    metadata: &'a Metadata,
    key: DataKey,
    sources: &'a Sources,
    mac: Sha512,
    secrets: Vec<Secret>,
}

impl File<'_> {
    /// Decrypts what is below a path: the keys that lead there.
    fn decrypt(&mut self, node: &mut Node, path: &mut Vec<String>) -> Result<(), Box<Diagnostic>> {
        match &mut node.value {
            Value::Map(map) => {
                for entry in map.iter_mut() {
                    path.push(entry.key.clone());
                    self.decrypt(&mut entry.value, path)?;
                    path.pop();
                }
                Ok(())
            }
            Value::Seq(items) => {
                items.retain(|item| {
                    !item.as_str().and_then(Sealed::parse).is_some_and(|sealed| sealed.is_comment())
                });
                items.iter_mut().try_for_each(|item| self.decrypt(item, path))
            }
            Value::Null => Ok(()),
            _ => self.decrypt_scalar(node, path),
        }
    }

    fn decrypt_scalar(&mut self, node: &mut Node, path: &[String]) -> Result<(), Box<Diagnostic>> {
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        let sealed = node.as_str().and_then(Sealed::parse);
        let is_encrypted = self.metadata.rule.is_encrypted(&keys).unwrap_or(sealed.is_some());
        if !is_encrypted {
            if !self.metadata.is_mac_of_encrypted_only {
                let bytes = self.plain_bytes(node);
                self.mac.update(bytes);
            }
            return Ok(());
        }
        // An empty text stays as it is.
        if node.as_str() == Some("") {
            return Ok(());
        }
        let shown = keys.join(".");
        let Some(sealed) = sealed else {
            let error = Diagnostic::error(format!("`{shown}` is not encrypted, but should be"));
            let error = error.at(node.span, "added without sops");
            return Err(error.help("edit the file with `sops`").into());
        };
        let context = keys.join(":") + ":";
        let opened = sealed.open(&self.key, &context).map_err(|reason| {
            let error = Diagnostic::error(format!("cannot decrypt `{shown}`: {reason}"));
            error.at(node.span, "").help("restore the file, or edit it with `sops` only")
        })?;
        self.mac.update(&opened.bytes);
        node.value = opened.value;
        self.secrets.push(Secret { key: path.last().cloned().unwrap_or_default(), node: node.clone() });
        Ok(())
    }

    /// What counts for the MAC of a value that is not encrypted: as SOPS reads it, by YAML 1.2.
    fn plain_bytes(&self, node: &Node) -> Vec<u8> {
        let written = || Some(self.sources.get(node.span.source)?.slice(node.span)?.to_owned());
        let text = match &node.value {
            Value::String(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Uint(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Bool(flag) => match written() {
                // `yes` and the like are texts.
                Some(text) if !text.eq_ignore_ascii_case("true") && !text.eq_ignore_ascii_case("false") => {
                    text
                }
                _ => if *flag { "True" } else { "False" }.to_owned(),
            },
            Value::Null | Value::Map(_) | Value::Seq(_) => String::new(),
        };
        text.into_bytes()
    }
}
