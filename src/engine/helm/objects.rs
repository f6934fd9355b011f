//! The values with methods that every template starts from: `.Files` and `.Capabilities`.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use crate::chart::ChartFile;
use crate::engine::{self, HelmApiVersions};
use crate::gotmpl::{Args, Elem, Entries, Error, Field, List, Map, Object, Result, Value};

/// `.Files`: the files of a chart, or those that a glob picked.
pub(crate) struct Files(BTreeMap<Arc<str>, ChartFile>);

impl Files {
    /// The files of a chart.
    pub(crate) fn value(files: &[ChartFile]) -> Value {
        let files = files.iter().map(|file| (Arc::from(file.path.as_str()), file.clone())).collect();
        Value::Object(Rc::new(Self(files)))
    }

    /// `AsConfig` and `AsSecrets`: a YAML map from base names to contents.
    fn as_yaml(&self, convert: impl Fn(&[u8]) -> Value) -> Result<Value> {
        let entry = |(path, file): (&Arc<str>, &ChartFile)| {
            let data = file.data().map_err(Error::new)?;
            Ok((Arc::from(path.rsplit('/').next().unwrap_or(path)), convert(data)))
        };
        let entries = self.0.iter().map(entry).collect::<Result<Entries>>()?;
        Ok(Value::map(entries).to_yaml()?.into())
    }
}

impl Object for Files {
    fn type_name(&self) -> &'static str {
        "engine.files"
    }

    fn kind(&self) -> &'static str {
        "map"
    }

    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>> {
        let wanted = match name {
            "Get" | "GetBytes" | "Glob" | "Lines" => 1,
            "AsConfig" | "AsSecrets" => 0,
            _ => return None,
        };
        if let Err(error) = args.takes(name, wanted) {
            return Some(Err(error));
        }
        let data = || match args.name(0)?.and_then(|path| self.0.get(path)) {
            Some(file) => file.data().map(|data| &**data).map_err(Error::new),
            None => Ok(&[][..]),
        };
        Some(match name {
            "Get" => data().map(Value::from_bytes),
            "GetBytes" => data().map(|data| Value::Bytes(data.into())),
            "Lines" => data().and_then(|text| {
                if text.is_empty() {
                    // Helm looks for the last byte of a file that is there.
                    let is_there = args.name(0)?.is_some_and(|path| self.0.contains_key(path));
                    let empty = || Error::new("the file is empty: Helm fails here");
                    return if is_there { Err(empty()) } else { Ok(Value::strings::<&[u8]>([])) };
                }
                Ok(Value::strings(text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n')))
            }),
            "Glob" => args.name(0).map(|pattern| {
                // Helm takes a pattern that is none for one that matches everything.
                let pattern = pattern.and_then(glob);
                let matches = |path: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(path));
                let chosen = self.0.iter().filter(|(path, _)| matches(path));
                Value::Object(Rc::new(Self(
                    chosen.map(|(path, file)| (Arc::clone(path), file.clone())).collect(),
                )))
            }),
            "AsConfig" => self.as_yaml(Value::from_bytes),
            _ => self.as_yaml(|data| {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.encode(data).into()
            }),
        })
    }

    fn display(&self) -> String {
        self.underlying().map(|value| value.to_string()).unwrap_or_default()
    }

    fn underlying(&self) -> Option<Value> {
        let bytes =
            |file: &ChartFile| Value::Bytes(file.data().map_or_else(|_| Arc::from([]), Arc::clone).into());
        let entries = self.0.iter().map(|(path, file)| (Arc::clone(path), bytes(file))).collect();
        Some(Value::Map(Map::new(Elem::Bytes, entries)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The glob language of Helm's library: `*` and `?` stop at `/`, `**` does not; `[a-z]` or `[abc]`, and `[!...]` for all
/// other characters; `{a,b}`, also inside each other. `None` if the pattern is none.
pub(crate) fn glob(pattern: &str) -> Option<regex::Regex> {
    let mut out = String::from("(?s)^");
    let mut chars = pattern.chars().peekable();
    let mut open = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => out.push_str(".*"),
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '[' => out.push_str(&class(&mut chars)?),
            '{' => {
                open += 1;
                out.push_str("(?:");
            }
            '}' if open > 0 => {
                open -= 1;
                out.push(')');
            }
            ',' if open > 0 => out.push('|'),
            '\\' => out.extend(chars.next().map(escape)),
            _ => out.push_str(&escape(c)),
        }
    }
    // What is not closed ends with the pattern.
    out.push_str(&")".repeat(open));
    out.push('$');
    regex::Regex::new(&out).ok()
}

/// A character in a regular expression, wherever it stands.
fn escape(c: char) -> String {
    format!("\\x{{{:x}}}", u32::from(c))
}

/// A class of characters of a glob, from after its `[` on: one range or single characters, but not both.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let not = if chars.next_if_eq(&'!').is_some() { "^" } else { "" };
    let mut rest = chars.clone();
    let (first, between) = (rest.next()?, rest.next());
    if between == Some('-') {
        let last = rest.next().filter(|last| *last >= first && rest.next() == Some(']'))?;
        chars.nth(3);
        return Some(format!("[{not}{}-{}]", escape(first), escape(last)));
    }
    let mut set = String::new();
    loop {
        let c = match chars.next()? {
            ']' if set.is_empty() => return None,
            ']' => return Some(format!("[{not}{set}]")),
            '\\' => chars.next()?,
            c => c,
        };
        set.push_str(&escape(c));
    }
}

/// `.Capabilities`
pub(crate) struct Capabilities {
    kube_version: Rc<KubeVersion>,
    api_versions: Rc<ApiVersions>,
}

impl Capabilities {
    /// The capabilities as templates see them.
    pub(crate) fn value(capabilities: &engine::Capabilities) -> Value {
        Value::Object(Rc::new(Self {
            kube_version: Rc::new(KubeVersion(capabilities.kube_version.clone())),
            api_versions: Rc::new(ApiVersions(api_versions(capabilities))),
        }))
    }
}

/// The API versions that a chart sees.
fn api_versions(capabilities: &engine::Capabilities) -> Vec<String> {
    match capabilities.helm_api_versions {
        // What a cluster says of itself goes before what helm assumes.
        HelmApiVersions::Client if capabilities.served.is_none() => {
            let known = super::API_VERSIONS.iter().map(|&version| version.to_owned());
            known.chain(capabilities.extra_api_versions.iter().cloned()).collect()
        }
        HelmApiVersions::Client | HelmApiVersions::Cluster => capabilities.api_versions(),
        HelmApiVersions::Named => capabilities.extra_api_versions.clone(),
    }
}

/// The Helm that this engine follows, which charts compare versions with: fields, their names in JSON, what is in them.
pub(super) const HELM_VERSION: [(&str, &str, &str); 5] = [
    ("Version", "version", "v4.1.4"),
    ("GitCommit", "git_commit", "05fa37973dc9e42b76e1d2883494c87174b6074f"),
    ("GitTreeState", "git_tree_state", "clean"),
    ("GoVersion", "go_version", "go1.25.9"),
    ("KubeClientVersion", "kube_client_version", "v1.35"),
];

/// `.Capabilities.HelmVersion`
struct HelmVersion;

impl Object for HelmVersion {
    fn type_name(&self) -> &'static str {
        "version.BuildInfo"
    }

    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>> {
        let (.., value) = HELM_VERSION.iter().find(|(field, ..)| *field == name)?;
        Some(no_args(name, args, Value::str(value)))
    }

    fn display(&self) -> String {
        format!("{{{}}}", HELM_VERSION.map(|(.., value)| value).join(" "))
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(HELM_VERSION.map(|(name, json, value)| Field { name, json, value: Value::str(value) }).into())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Object for Capabilities {
    fn type_name(&self) -> &'static str {
        "*common.Capabilities"
    }

    fn kind(&self) -> &'static str {
        "ptr"
    }

    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>> {
        Some(no_args(
            name,
            args,
            match name {
                "KubeVersion" => Value::Object(Rc::clone(&self.kube_version) as Rc<dyn Object>),
                "APIVersions" => Value::Object(Rc::clone(&self.api_versions) as Rc<dyn Object>),
                "HelmVersion" => Value::Object(Rc::new(HelmVersion)),
                _ => return None,
            },
        ))
    }

    fn display(&self) -> String {
        let kube = Value::Object(Rc::clone(&self.kube_version) as Rc<dyn Object>);
        format!("{{{kube} {} {}}}", self.api_versions.display(), HelmVersion.display())
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(vec![
            Field::plain("KubeVersion", Value::Object(Rc::clone(&self.kube_version) as Rc<dyn Object>)),
            Field::plain("APIVersions", Value::Object(Rc::clone(&self.api_versions) as Rc<dyn Object>)),
            Field::plain("HelmVersion", Value::Object(Rc::new(HelmVersion))),
        ])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct KubeVersion(engine::KubeVersion);

impl Object for KubeVersion {
    fn type_name(&self) -> &'static str {
        "common.KubeVersion"
    }

    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>> {
        Some(no_args(
            name,
            args,
            match name {
                "Version" | "GitVersion" => Value::str(&self.0.version),
                "Major" => self.0.major.to_string().into(),
                "Minor" => self.0.minor.to_string().into(),
                "String" => self.display().into(),
                _ => return None,
            },
        ))
    }

    fn display(&self) -> String {
        self.0.without_suffix().to_owned()
    }

    fn structure(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![
            ("Version", Value::str(&self.0.version)),
            ("normalizedVersion", Value::str(self.0.without_suffix())),
            ("Major", self.0.major.to_string().into()),
            ("Minor", self.0.minor.to_string().into()),
        ])
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(vec![
            Field::plain("Version", Value::str(&self.0.version)),
            Field::plain("Major", Value::from(self.0.major.to_string())),
            Field::plain("Minor", Value::from(self.0.minor.to_string())),
        ])
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct ApiVersions(Vec<String>);

impl ApiVersions {
    fn list(&self) -> Value {
        Value::List(List::new(Elem::Str, self.0.iter().map(|version| Value::str(version)).collect()))
    }
}

impl Object for ApiVersions {
    fn type_name(&self) -> &'static str {
        "common.VersionSet"
    }

    fn kind(&self) -> &'static str {
        "slice"
    }

    fn member(&self, name: &str, args: Args<'_>) -> Option<Result<Value>> {
        if name != "Has" {
            return None;
        }
        if let Err(error) = args.takes("Has", 1) {
            return Some(Err(error));
        }
        let has = |wanted| self.0.iter().any(|version| version == wanted);
        Some(args.name(0).map(|wanted| Value::Bool(wanted.is_some_and(has))))
    }

    fn slice(&self, range: Range<usize>) -> Option<Value> {
        Some(Value::Object(Rc::new(Self(self.0.get(range)?.to_vec()))))
    }

    fn display(&self) -> String {
        format!("[{}]", self.0.join(" "))
    }

    fn underlying(&self) -> Option<Value> {
        Some(self.list())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A field, or a method without parameters.
fn no_args(name: &str, args: Args<'_>, value: Value) -> Result<Value> {
    if args.is_empty() {
        Ok(value)
    } else {
        Err(Error::new(format!("`{name}` has arguments but cannot be invoked as function")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_inside_another_value_print_their_address() {
        let capabilities = Capabilities::value(&engine::Capabilities::default());
        assert!(capabilities.to_string().starts_with("&{{v1."), "{capabilities}");
        let list = Value::list(vec![capabilities]);
        assert_eq!(list.to_string(), "[0xc000000000]");
    }

    #[test]
    fn verbs_reach_the_items_of_api_versions() {
        let capabilities = engine::Capabilities {
            helm_api_versions: HelmApiVersions::Client,
            ..engine::Capabilities::default()
        };
        let versions = ApiVersions(api_versions(&capabilities)[..1].to_vec());
        let versions = Value::Object(Rc::new(versions));
        let file = crate::gotmpl::parse(r#"{{ printf "%v|%4.1s|%q|%#v" . . . . }}"#.into()).unwrap();
        let mut set = crate::gotmpl::Set::default();
        set.add("t", &file, None);
        let seed = crate::gotmpl::Seed::Fixed(1);
        let mut vm = crate::gotmpl::Vm::new(set, seed, std::time::SystemTime::UNIX_EPOCH);
        let text = vm.render("t", &versions).unwrap().text;
        assert_eq!(text, r#"[v1]|[   v]|["v1"]|common.VersionSet{"v1"}"#);
    }

    #[test]
    fn globs_are_those_of_helm() {
        let matches = |pattern: &str, path: &str| glob(pattern).unwrap().is_match(path);
        assert!(matches("config/*", "config/a.txt"));
        assert!(!matches("config/*", "config/b/a.txt"));
        assert!(matches("config/**", "config/b/a.txt"));
        assert!(matches("**.yaml", "a/b.yaml"));
        assert!(matches("{a,b}/[!x].t?t", "b/y.txt"));
        assert!(!matches("{a,b}/[!x].t?t", "b/x.txt"));
        assert!(matches("{a,{b,c}}.txt", "c.txt") && !matches("{a,{b,c}}.txt", "d.txt"));
        assert!(matches("{a,b", "b") && matches("{,a}b", "b") && matches("a}", "a}"));
        assert!(matches("[ab-d]", "-") && !matches("[ab-d]", "c"));
        assert!(matches("[a-c]", "b") && matches("[!a-c]", "d") && matches(r"[\]]", "]"));
        for not_a_pattern in ["[", "[]", "[a", "[a-", "[a-]", "[c-a]", "[a-cx]", "[!]"] {
            assert!(glob(not_a_pattern).is_none(), "{not_a_pattern}");
        }
    }
}
