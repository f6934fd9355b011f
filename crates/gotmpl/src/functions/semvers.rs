//! Sprig's versions.

use std::any::Any;
use std::rc::Rc;

use crate::constraint::{Constraint, parse_version};
use crate::error::{Error, Result};
use crate::function::{Function, fixed};
use crate::value::{Args, Object, Value};
use semver::Version;

pub(crate) const TABLE: &[Function] = &[
    fixed("semver", 1, |args| Semver::value(args.str(0)?)),
    fixed("semverCompare", 2, |args| {
        let (constraint, version) = (args.str(0)?, args.str(1)?);
        let constraint = Constraint::parse(constraint).map_err(Error::new)?;
        Ok(Value::Bool(constraint.matches(&version_of(version)?)))
    }),
];

fn version_of(text: &str) -> Result<Version> {
    parse_version(text).ok_or_else(|| Error::new(format!("invalid semantic version `{text}`")))
}

/// What `semver` returns.
struct Semver {
    version: Version,
    original: String,
}

impl Semver {
    fn value(text: &str) -> Result<Value> {
        Ok(Value::Object(Rc::new(Self { version: version_of(text)?, original: text.to_owned() })))
    }

    fn changed(&self, change: impl FnOnce(&mut Version)) -> Value {
        let mut version = self.version.clone();
        change(&mut version);
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        Value::Object(Rc::new(Self { original: format!("{prefix}{version}"), version }))
    }

    /// The version that a method compares with.
    fn other(args: Args<'_>) -> Result<Version> {
        match args.any(0) {
            Value::Object(object) => match object.as_any().downcast_ref::<Self>() {
                Some(other) => Ok(other.version.clone()),
                None => Err(args.mismatch(0, "*semver.Version")),
            },
            _ => Err(args.mismatch(0, "*semver.Version")),
        }
    }
}

impl Object for Semver {
    fn type_name(&self) -> &'static str {
        "*semver.Version"
    }

    fn kind(&self) -> &'static str {
        "ptr"
    }

    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>> {
        let wanted = match name {
            "Compare" | "Equal" | "LessThan" | "GreaterThan" | "LessThanEqual" | "GreaterThanEqual"
            | "SetPrerelease" | "SetMetadata" => 1,
            _ => 0,
        };
        if let Err(error) = args.takes(name, wanted) {
            return Some(Err(error));
        }
        let compare = |accept: fn(std::cmp::Ordering) -> bool| {
            Self::other(args).map(|other| Value::Bool(accept(self.version.cmp_precedence(&other))))
        };
        Some(match name {
            "Major" => Ok(Value::Uint(self.version.major)),
            "Minor" => Ok(Value::Uint(self.version.minor)),
            "Patch" => Ok(Value::Uint(self.version.patch)),
            "Prerelease" => Ok(self.version.pre.as_str().into()),
            "Metadata" => Ok(self.version.build.as_str().into()),
            "Original" => Ok(self.original.as_str().into()),
            "String" => Ok(self.version.to_string().into()),
            "IncMajor" => Ok(self.changed(|v| *v = Version::new(v.major.saturating_add(1), 0, 0))),
            "IncMinor" => Ok(self.changed(|v| *v = Version::new(v.major, v.minor.saturating_add(1), 0))),
            // The next patch of a pre-release is the release.
            "IncPatch" => Ok(self.changed(|v| {
                *v = Version::new(v.major, v.minor, v.patch.saturating_add(u64::from(v.pre.is_empty())));
            })),
            "Compare" => {
                Self::other(args).map(|other| Value::Int(self.version.cmp_precedence(&other) as i64))
            }
            "Equal" => compare(std::cmp::Ordering::is_eq),
            "LessThan" => compare(std::cmp::Ordering::is_lt),
            "GreaterThan" => compare(std::cmp::Ordering::is_gt),
            "LessThanEqual" => compare(std::cmp::Ordering::is_le),
            "GreaterThanEqual" => compare(std::cmp::Ordering::is_ge),
            _ => return None,
        })
    }

    fn display(&self) -> String {
        self.version.to_string()
    }

    fn structure(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![
            ("major", Value::Uint(self.version.major)),
            ("minor", Value::Uint(self.version.minor)),
            ("patch", Value::Uint(self.version.patch)),
            ("pre", self.version.pre.as_str().into()),
            ("metadata", self.version.build.as_str().into()),
            ("original", self.original.as_str().into()),
        ])
    }

    fn has_string_method(&self) -> bool {
        true
    }

    fn deep_copy(&self) -> Option<Value> {
        let copy = Self { version: Version::new(0, 0, 0), original: String::new() };
        Some(Value::Object(Rc::new(copy)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
