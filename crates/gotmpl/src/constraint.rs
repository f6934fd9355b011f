//! Version constraints as Helm (Masterminds/semver v3) reads them: `semverCompare`, and what a chart asks of its
//! dependencies and of Kubernetes.
//!
//! Two rules surprise people who know Cargo's constraints. A pre-release (`1.28.3-gke.100`) satisfies nothing unless
//! some comparison of its `and` group names a pre-release too (`>=1.25-0`). And a version with missing or wildcard
//! parts means a range: `1.2` is `~1.2`, `>1` is `>=2`, `<=1` is `<2`.

use semver::{BuildMetadata, Prerelease, Version};
use std::cmp::Ordering;
use std::fmt;

/// A version constraint: `>=1.25.0-0 <2`, `^1.2 || ~2.1`, `1.x`, `1.2 - 2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    text: String,
    /// Groups joined by `||`; all comparisons in one must be true.
    any: Vec<Vec<Comparison>>,
}

impl Constraint {
    /// Reads a constraint; the error is a lower-case phrase that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let any = text.split("||").map(group).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), any })
    }

    /// Whether `version` satisfies it.
    pub fn matches(&self, version: &Version) -> bool {
        self.any.iter().any(|all| {
            let pre_release_named = all.iter().any(|comparison| !comparison.version.pre.is_empty());
            (version.pre.is_empty() || pre_release_named)
                && all.iter().all(|comparison| comparison.matches(version))
        })
    }

    /// The constraint as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads a version as leniently as Helm does: `v1.2`, `1` and `01.2.3-rc.1+build` are versions.
pub fn parse_version(text: &str) -> Option<Version> {
    let mut scanner = Scanner { rest: text };
    let parsed = scanner.version().ok()?;
    (scanner.rest.is_empty() && !parsed.wildcard).then_some(parsed.version)
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Comparison {
    operator: Operator,
    version: Version,
    precision: Precision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Tilde,
    Caret,
}

/// How much of a version was written as numbers; the rest is missing or a wildcard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    Nothing,
    Major,
    Minor,
    Full,
}

impl Comparison {
    fn matches(&self, version: &Version) -> bool {
        let ordering = version.cmp_precedence(&self.version);
        let wanted = &self.version;
        match self.operator {
            Operator::Equal if self.precision == Precision::Full => ordering == Ordering::Equal,
            Operator::Equal | Operator::Tilde => self.within_tilde(version),
            Operator::NotEqual => self.differs(version),
            Operator::GreaterEqual => ordering != Ordering::Less,
            Operator::Less => ordering == Ordering::Less,
            Operator::Greater => match self.precision {
                Precision::Major => version.major > wanted.major,
                Precision::Minor => (version.major, version.minor) > (wanted.major, wanted.minor),
                Precision::Nothing | Precision::Full => ordering == Ordering::Greater,
            },
            Operator::LessEqual => match self.precision {
                Precision::Full => ordering != Ordering::Greater,
                Precision::Major => version.major <= wanted.major,
                // Masterminds reads the wildcard `*` as 0.0 here.
                Precision::Minor | Precision::Nothing => {
                    (version.major, version.minor) <= (wanted.major, wanted.minor)
                }
            },
            Operator::Caret => self.within_caret(version),
        }
    }

    fn within_tilde(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.cmp_precedence(wanted) == Ordering::Less {
            return false;
        }
        let zero = (wanted.major, wanted.minor, wanted.patch) == (0, 0, 0);
        match self.precision {
            // `~*` and, as Masterminds has it, `~0.0.0` accept everything.
            Precision::Nothing | Precision::Full if zero => true,
            Precision::Major => version.major == wanted.major,
            _ => (version.major, version.minor) == (wanted.major, wanted.minor),
        }
    }

    fn within_caret(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.cmp_precedence(wanted) == Ordering::Less || version.major != wanted.major {
            return false;
        }
        if wanted.major > 0 || self.precision == Precision::Major {
            return true;
        }
        if version.minor != wanted.minor {
            return false;
        }
        wanted.minor > 0 || self.precision == Precision::Minor || version.patch == wanted.patch
    }

    fn differs(&self, version: &Version) -> bool {
        let wanted = &self.version;
        match self.precision {
            Precision::Major => version.major != wanted.major,
            Precision::Minor if (version.major, version.minor) == (wanted.major, wanted.minor) => {
                version.pre != wanted.pre
            }
            Precision::Minor => true,
            Precision::Nothing | Precision::Full => version.cmp_precedence(wanted) != Ordering::Equal,
        }
    }
}

/// Reads one `and` group: comparisons separated by spaces or a comma, `a - b` among them.
fn group(text: &str) -> Result<Vec<Comparison>, String> {
    let improper = || format!("`{}` is not a version constraint", text.trim());
    let mut scanner = Scanner { rest: text.trim_start() };
    let mut all = Vec::new();
    loop {
        let operator = scanner.operator();
        scanner.spaces();
        let version = scanner.version().map_err(|()| improper())?;
        let spaced = scanner.spaces();
        if let Some(upper) = scanner.range_end(spaced) {
            if operator.is_some() {
                return Err(improper());
            }
            scanner.rest = upper;
            let until = scanner.version().map_err(|()| improper())?;
            all.push(version.compared(Operator::GreaterEqual));
            all.push(until.compared(Operator::LessEqual));
            scanner.spaces();
        } else {
            all.push(version.compared(operator.unwrap_or(Operator::Equal)));
            if !spaced && !scanner.rest.is_empty() && !scanner.rest.starts_with(',') {
                return Err(improper());
            }
        }
        if let Some(rest) = scanner.rest.strip_prefix(',') {
            scanner.rest = rest.trim_start();
        } else if scanner.rest.is_empty() {
            return Ok(all);
        }
    }
}

/// What is left to read of a constraint.
struct Scanner<'a> {
    rest: &'a str,
}

struct Partial {
    version: Version,
    precision: Precision,
    /// Whether a part was written as `x` or `*`.
    wildcard: bool,
}

impl Partial {
    fn compared(self, operator: Operator) -> Comparison {
        Comparison { operator, version: self.version, precision: self.precision }
    }
}

impl<'a> Scanner<'a> {
    /// Skips white space; whether there was any.
    fn spaces(&mut self) -> bool {
        let trimmed = self.rest.trim_start();
        let any = trimmed.len() < self.rest.len();
        self.rest = trimmed;
        any
    }

    fn operator(&mut self) -> Option<Operator> {
        const OPERATORS: [(&str, Operator); 11] = [
            (">=", Operator::GreaterEqual),
            ("=>", Operator::GreaterEqual),
            ("<=", Operator::LessEqual),
            ("=<", Operator::LessEqual),
            ("!=", Operator::NotEqual),
            ("~>", Operator::Tilde),
            ("=", Operator::Equal),
            (">", Operator::Greater),
            ("<", Operator::Less),
            ("~", Operator::Tilde),
            ("^", Operator::Caret),
        ];
        let (rest, operator) = OPERATORS
            .iter()
            .find_map(|(token, operator)| Some((self.rest.strip_prefix(token)?, *operator)))?;
        self.rest = rest;
        Some(operator)
    }

    /// What follows the ` - ` of a range, if there is one here.
    fn range_end(&self, spaced: bool) -> Option<&'a str> {
        let rest = self.rest.strip_prefix('-').filter(|_| spaced)?;
        let trimmed = rest.trim_start();
        (trimmed.len() < rest.len()).then_some(trimmed)
    }

    fn version(&mut self) -> Result<Partial, ()> {
        self.rest = self.rest.strip_prefix('v').unwrap_or(self.rest);
        let mut numbers = [None; 3];
        let mut wildcard = false;
        for (index, number) in numbers.iter_mut().enumerate() {
            let Some(after) = (if index == 0 { Some(self.rest) } else { self.rest.strip_prefix('.') }) else {
                break;
            };
            let end = after.find(|c: char| !(c.is_ascii_digit() || "xX*".contains(c))).unwrap_or(after.len());
            let (part, rest) = after.split_at(end);
            self.rest = rest;
            *number = match part {
                "" => return Err(()),
                "x" | "X" | "*" => {
                    wildcard = true;
                    None
                }
                digits => Some(digits.parse::<u64>().map_err(|_| ())?),
            };
        }
        let pre = self.identifiers('-')?;
        let build = self.identifiers('+')?;
        let [major, minor, patch] = numbers;
        let precision = match (major, minor, patch) {
            (None, _, _) => Precision::Nothing,
            (_, None, _) => Precision::Major,
            (_, _, None) => Precision::Minor,
            _ => Precision::Full,
        };
        // After a wildcard, further numbers count for nothing: `1.x.3` is `1.x`.
        let (minor, patch) = match precision {
            Precision::Nothing | Precision::Major => (0, 0),
            Precision::Minor | Precision::Full => (minor.unwrap_or(0), patch.unwrap_or(0)),
        };
        let version = Version {
            major: major.unwrap_or(0),
            minor,
            patch,
            pre: Prerelease::new(pre).map_err(|_| ())?,
            build: BuildMetadata::new(build).map_err(|_| ())?,
        };
        Ok(Partial { version, precision, wildcard })
    }

    /// The dot-separated identifiers after `mark`; empty without it.
    fn identifiers(&mut self, mark: char) -> Result<&'a str, ()> {
        let Some(after) = self.rest.strip_prefix(mark) else { return Ok("") };
        let end =
            after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')).unwrap_or(after.len());
        let (text, rest) = after.split_at(end);
        self.rest = rest;
        if text.is_empty() { Err(()) } else { Ok(text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row was observed with helm 4.1.4's `semverCompare`.
    #[test]
    fn agrees_with_helm() {
        let rows = [
            ("*", "1.2.3-a", false),
            ("*", "1.2.3", true),
            ("^*", "1.2.3", false),
            (">=1.25-0", "v1.28.3-gke.100", true),
            (">=1.25-0, <2", "1.28.3-gke", true),
            ("1.2 - 2", "2.5.0", true),
            ("1.2 - 2.3.4", "2.3.5", false),
            (">1", "1.5.0", false),
            (">1.1", "1.1.5", false),
            (">1.x", "2.0.0", true),
            ("<=1", "1.9.0", true),
            ("<=1.2.x", "1.2.9", true),
            ("!=1.x", "1.5.0", false),
            ("!=1.2.x", "1.2.5", false),
            ("!=*", "1.2.5", true),
            ("~1.2.3-beta", "1.2.9-alpha", true),
            ("~1.2.3-beta", "1.3.0-alpha", false),
            ("^0.0", "0.0.5", true),
            ("^0", "0.5.0", true),
            ("^0.0.3", "0.0.4", false),
            (">=1.2 <2", "1.5.0", true),
            (">=1.2 , <2", "1.5.0", true),
            ("1.2.3||2", "2.0.0", true),
            ("=>1.2", "1.2.0", true),
            ("~>1.2", "1.3.0", false),
            ("1.02", "1.2.0", true),
            ("x", "3.0.0", true),
            ("1.x.3", "1.5.0", true),
            ("<1.x", "0.9.0", true),
            ("1.2.3+a", "1.2.3+b", true),
            ("v1", "01.2", true),
            ("~0.0.0", "5.0.0", true),
            ("~*", "5.0.0", true),
            (">*", "5.0.0", true),
            ("<*", "5.0.0", false),
            ("<=*", "5.0.0", false),
            ("^1.2.3-0", "1.5.0-a", true),
            ("1-2", "1.0.0-2", true),
            ("1 - 2 || 5", "5.0.0", true),
            (" ^1", "1.2.3", true),
            ("1.2 1.2.3", "1.2.3", true),
            ("1.2 x", "1.2.3", true),
            ("=1.x-0", "1.2.3-a", true),
            ("~x.1", "3.2.1", true),
        ];
        for (constraint, version, expected) in rows {
            let parsed = Constraint::parse(constraint).unwrap();
            let version = parse_version(version).unwrap();
            assert_eq!(parsed.matches(&version), expected, "{constraint} on {version}");
        }
    }

    #[test]
    fn refuses_what_helm_refuses() {
        for constraint in [
            "",
            ">=1.2<2",
            ">=1.2,,<2",
            "1.2.3 ||",
            "==1.2",
            "1.2.3.4",
            "abc",
            "1.2.3-01",
            ">1 - 2",
            "1 -2",
            "! =1",
        ] {
            assert!(Constraint::parse(constraint).is_err(), "{constraint}");
        }
        assert!(parse_version("1.2-x").is_some());
        for version in ["1.2.3 ", "99999999999999999999", "x", "1.x", "", "1.2.3-", "1.2.3-01"] {
            assert_eq!(parse_version(version), None, "{version}");
        }
    }
}
