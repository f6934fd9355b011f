//! One encrypted value: `ENC[AES256_GCM,data:...,iv:...,tag:...,type:...]`.

use aes_gcm::aead::consts::U32;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{AesGcm, aes::Aes256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_yaml::Value;

/// The key of a file.
pub(crate) type DataKey = [u8; 32];

/// An encrypted value, taken apart.
pub(crate) struct Sealed<'a> {
    data: &'a str,
    iv: &'a str,
    tag: &'a str,
    kind: &'a str,
}

/// A decrypted value.
pub(crate) struct Opened {
    pub(crate) value: Value,
    /// What counts for the MAC.
    pub(crate) bytes: Vec<u8>,
}

impl<'a> Sealed<'a> {
    /// Reads an encrypted value; `None` if the text is something else.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let inner = text.strip_prefix(crate::PREFIX)?.strip_suffix(']')?;
        let mut parts = inner.split(',');
        let mut part = |name: &str| parts.next()?.strip_prefix(name)?.strip_prefix(':');
        let (data, iv, tag, kind) = (part("data")?, part("iv")?, part("tag")?, part("type")?);
        parts.next().is_none().then_some(Self { data, iv, tag, kind })
    }

    /// Whether it is a comment: in lists, SOPS makes items of them.
    pub(crate) fn is_comment(&self) -> bool {
        self.kind == "comment"
    }

    /// Decrypts the value. `context` is what it is bound to: its path, or the time of the file. The error is a phrase.
    pub(crate) fn open(&self, key: &DataKey, context: &str) -> Result<Opened, String> {
        let damaged = || "it is damaged, or was moved from another place or file".to_owned();
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| damaged());
        let (mut sealed, iv) = (decode(self.data)?, decode(self.iv)?);
        sealed.extend(decode(self.tag)?);
        let iv: [u8; 32] = iv.try_into().map_err(|_| damaged())?;
        let payload = Payload { msg: &sealed, aad: context.as_bytes() };
        let cipher = AesGcm::<Aes256, U32>::new(key.into());
        let bytes = cipher.decrypt(&iv.into(), payload).map_err(|_| damaged())?;
        let value = self.typed(&bytes).ok_or_else(|| format!("it is not a valid `{}`", self.kind))?;
        Ok(Opened { value, bytes })
    }

    fn typed(&self, bytes: &[u8]) -> Option<Value> {
        let text = || String::from_utf8(bytes.to_vec()).ok();
        Some(match self.kind {
            // What is not text cannot be a value of a chart, as it cannot be YAML.
            "str" | "bytes" | "time" | "comment" => Value::String(text()?),
            // Numbers of JSON files are floats, whole ones too; they are written without a fraction, and read again as integers.
            "int" | "float" => {
                let text = text()?;
                match text.parse() {
                    Ok(number) => Value::Int(number),
                    Err(_) if self.kind == "int" => return None,
                    Err(_) => Value::Float(text.parse().ok()?),
                }
            }
            "bool" => match text()?.as_str() {
                "True" | "true" | "TRUE" | "t" | "T" | "1" => Value::Bool(true),
                "False" | "false" | "FALSE" | "f" | "F" | "0" => Value::Bool(false),
                _ => return None,
            },
            _ => return None,
        })
    }
}
