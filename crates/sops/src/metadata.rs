//! The `sops` block of a file.

use plimsoll_diag::{Diagnostic, Span};
use plimsoll_yaml::{Entry, Node, Value};
use regex::Regex;

/// Services that encrypt keys of files and that cannot be asked, by the names of their lists.
const SERVICES: [(&str, &str); 6] = [
    ("pgp", "PGP"),
    ("kms", "AWS KMS"),
    ("gcp_kms", "Google Cloud KMS"),
    ("azure_kv", "Azure Key Vault"),
    ("hc_vault", "HashiCorp Vault"),
    ("hckms", "HuaweiCloud KMS"),
];

/// What the `sops` block says.
pub(crate) struct Metadata {
    /// The recipients with the key of the file, encrypted for each.
    pub(crate) age: Vec<(String, String)>,
    /// What else can decrypt the file.
    pub(crate) services: Vec<&'static str>,
    pub(crate) mac: String,
    pub(crate) last_modified: String,
    pub(crate) rule: Rule,
    pub(crate) is_mac_of_encrypted_only: bool,
    /// Where the block is.
    pub(crate) span: Span,
}

/// Which values are encrypted, by the keys on the way to them.
pub(crate) enum Rule {
    All,
    UnencryptedSuffix(String),
    EncryptedSuffix(String),
    UnencryptedRegex(Regex),
    EncryptedRegex(Regex),
    /// Comments decide, which are not read: a value is encrypted if it looks so.
    Comments,
}

impl Rule {
    /// Whether the value at a path is encrypted; `None` if only its looks tell.
    pub(crate) fn is_encrypted(&self, path: &[&str]) -> Option<bool> {
        let has = |test: &dyn Fn(&str) -> bool| path.iter().any(|key| test(key));
        Some(match self {
            Self::All => true,
            Self::UnencryptedSuffix(suffix) => !has(&|key| key.ends_with(suffix.as_str())),
            Self::EncryptedSuffix(suffix) => has(&|key| key.ends_with(suffix.as_str())),
            Self::UnencryptedRegex(regex) => !has(&|key| regex.is_match(key)),
            Self::EncryptedRegex(regex) => has(&|key| regex.is_match(key)),
            Self::Comments => return None,
        })
    }
}

impl Metadata {
    pub(crate) fn read(entry: &Entry) -> Result<Self, Box<Diagnostic>> {
        let (block, span) = (&entry.value, entry.key_span);
        let text = |key: &str| block.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
        let invalid = |message: &str| {
            let error = Diagnostic::error(message).at(span, "");
            Box::new(error.help("encrypt the file again with `sops`"))
        };
        if !block.get("key_groups").map(Node::items).unwrap_or_default().is_empty() {
            let error = Diagnostic::error(
                "the key of the file is divided among groups (Shamir), which plimsoll does not support",
            );
            return Err(error.at(span, "").help(crate::USE_SOPS).into());
        }
        let listed = |key: &str| block.get(key).map(Node::items).unwrap_or_default();
        let recipient = |one: &Node| {
            let text = |key: &str| one.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
            (text("recipient"), text("enc"))
        };
        let services = SERVICES.iter().filter(|(key, _)| !listed(key).is_empty());
        let mac = text("mac");
        if mac.is_empty() {
            return Err(invalid(
                "the `sops` block has no `mac`: nobody can tell whether the values were changed",
            ));
        }
        Ok(Self {
            age: listed("age").iter().map(recipient).collect(),
            services: services.map(|(_, name)| *name).collect(),
            mac,
            last_modified: text("lastmodified"),
            rule: rule(block).map_err(|message| invalid(&message))?,
            is_mac_of_encrypted_only: is_set(block.get("mac_only_encrypted")),
            span,
        })
    }
}

/// A flag as SOPS reads it: also as a text or a number.
fn is_set(node: Option<&Node>) -> bool {
    match node.map(|node| &node.value) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => matches!(text.as_str(), "1" | "t" | "T" | "true" | "True" | "TRUE"),
        Some(Value::Int(number)) => *number != 0,
        _ => false,
    }
}

fn rule(block: &Node) -> Result<Rule, String> {
    let keys = [
        "unencrypted_suffix",
        "encrypted_suffix",
        "unencrypted_regex",
        "encrypted_regex",
        "unencrypted_comment_regex",
        "encrypted_comment_regex",
    ];
    let mut given = keys.into_iter().filter_map(|key| {
        let text = block.get(key)?.as_str().filter(|text| !text.is_empty())?;
        Some((key, text))
    });
    let Some((key, text)) = given.next() else { return Ok(Rule::All) };
    if let Some((other, _)) = given.next() {
        return Err(format!("the `sops` block has both `{key}` and `{other}`"));
    }
    let regex =
        || Regex::new(text).map_err(|_| format!("`{key}` of the `sops` block is not a valid pattern"));
    Ok(match key {
        "unencrypted_suffix" => Rule::UnencryptedSuffix(text.to_owned()),
        "encrypted_suffix" => Rule::EncryptedSuffix(text.to_owned()),
        "unencrypted_regex" => Rule::UnencryptedRegex(regex()?),
        "encrypted_regex" => Rule::EncryptedRegex(regex()?),
        _ => Rule::Comments,
    })
}
