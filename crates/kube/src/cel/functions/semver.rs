//! Versions: `library/semverlib.go`.

use super::super::eval::{EvalError, Evaluated};
use super::super::value::Value;
use std::cmp::Ordering;
use std::sync::Arc;

/// A semantic version. Build metadata does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Semver {
    numbers: [u64; 3],
    pre: Vec<Identifier>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    // Numbers sort before texts.
    Number(u64),
    Text(String),
}

impl Semver {
    fn parse(text: &str, is_lenient: bool) -> Option<Self> {
        let text = if is_lenient { text.strip_prefix('v').unwrap_or(text) } else { text };
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
        let mut parts: Vec<&str> = core.split('.').collect();
        if is_lenient {
            while parts.len() < 3 {
                parts.push("0");
            }
        }
        let [major, minor, patch] = parts[..] else { return None };
        let number = |part: &str| -> Option<u64> {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let has_zeros = part.len() > 1 && part.starts_with('0');
            let part = if is_lenient { part.trim_start_matches('0') } else { part };
            let part = if part.is_empty() { "0" } else { part };
            part.parse().ok().filter(|_| is_number && (is_lenient || !has_zeros))
        };
        let identifier = |part: &str| -> Option<Identifier> {
            let is_plain =
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !is_plain {
                return None;
            }
            Some(match part.parse() {
                Ok(number) => Identifier::Number(number),
                Err(_) => Identifier::Text(part.to_owned()),
            })
        };
        let pre = pre.map_or(Some(Vec::new()), |pre| pre.split('.').map(identifier).collect())?;
        Some(Self { numbers: [number(major)?, number(minor)?, number(patch)?], pre })
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => self.pre.cmp(&other.pre),
        })
    }
}

pub(super) fn call(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Option<Evaluated> {
    if receiver.is_none() {
        let (text, is_lenient) = match arguments {
            [Value::String(text)] => (text, false),
            [Value::String(text), Value::Bool(is_lenient)] => (text, *is_lenient),
            _ => return None,
        };
        let version = Semver::parse(text, is_lenient);
        return match name {
            "semver" => Some(
                version
                    .map(|version| Value::Semver(Arc::new(version)))
                    .ok_or_else(|| EvalError::failed(format!("invalid semantic version {text:?}"))),
            ),
            "isSemver" => Some(Ok(Value::Bool(version.is_some()))),
            _ => None,
        };
    }
    let Some(Value::Semver(own)) = receiver else { return None };
    let part = |index: usize| Ok(Value::Int(i64::try_from(own.numbers[index]).unwrap_or(i64::MAX)));
    Some(match (name, arguments) {
        ("major", []) => part(0),
        ("minor", []) => part(1),
        ("patch", []) => part(2),
        ("isGreaterThan", [Value::Semver(other)]) => Ok(Value::Bool(own.compare(other).is_gt())),
        ("isLessThan", [Value::Semver(other)]) => Ok(Value::Bool(own.compare(other).is_lt())),
        ("compareTo", [Value::Semver(other)]) => Ok(Value::Int(own.compare(other) as i64)),
        _ => return None,
    })
}
