//! Reads what k8s-openapi says of the API out of its generated sources.
//!
//! Every type has a file of its own, with `impl crate::schemars::JsonSchema for TYPE` (its name and its description,
//! a JSON text with Rust expressions where other types are named) and, if objects of it are served,
//! `impl crate::Resource for TYPE`. `impl crate::DeepMerge for TYPE` merges two values of it field by field. Whatever
//! does not look like that ends the run.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

/// What one version has.
#[derive(Default)]
pub struct Sources {
    /// The description of each type by the type's Rust path; other types are named in it as `{"$ref": PATH}`.
    pub types: BTreeMap<String, Described>,
    /// The kinds that are served, by the Rust path of their type.
    pub resources: BTreeMap<String, Resource>,
    /// How the lists and maps of each type are merged: by the type's Rust path and the field's Rust name.
    merges: BTreeMap<String, BTreeMap<String, DeepMerge>>,
    /// The names of fields in JSON, by the type's Rust path and the field's Rust name.
    names: BTreeMap<String, BTreeMap<String, String>>,
}

/// A call of a function in `merge_strategies`.
#[derive(Debug, Clone, PartialEq)]
pub enum DeepMerge {
    ListAtomic,
    ListSet,
    /// By these fields of the items.
    ListMap(Vec<String>),
    MapAtomic,
    MapGranular,
}

/// A type as OpenAPI describes it.
pub struct Described {
    /// `io.k8s.api.apps.v1.StatefulSet`.
    pub name: String,
    /// A JSON schema.
    pub schema: Value,
}

/// The constants of `impl Resource`.
#[derive(Default)]
pub struct Resource {
    pub api_version: String,
    pub kind: String,
    pub url_path_segment: String,
    /// `NamespaceResourceScope`, ..
    pub scope: String,
}

/// The folder with the sources of Kubernetes 1.`minor`: from the newest release of k8s-openapi in `Cargo.lock` that
/// has that version. Cargo fetches the releases if need be.
fn folder(minor: u8) -> PathBuf {
    static RELEASES: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let version = format!("v1_{minor}");
    let mut folders = RELEASES.get_or_init(releases).iter().map(|release| release.join(&version));
    folders
        .find(|folder| folder.is_dir())
        .unwrap_or_else(|| panic!("no k8s-openapi in Cargo.toml has {version}"))
}

/// The `src` folders of every release of k8s-openapi in `Cargo.lock`, newest first.
fn releases() -> Vec<PathBuf> {
    let output = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["metadata", "--format-version=1", "--locked", "--all-features", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .expect("cargo");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let mut releases: Vec<(Vec<u32>, PathBuf)> = packages
        .iter()
        .filter(|package| package["name"] == "k8s-openapi")
        .map(|package| {
            let version = package["version"].as_str().expect("a version").split('.');
            let version = version.map(|part| part.parse().expect("a number")).collect();
            (version, Path::new(package["manifest_path"].as_str().expect("a path")).with_file_name("src"))
        })
        .collect();
    releases.sort_by(|a, b| b.cmp(a));
    releases.into_iter().map(|(_, folder)| folder).collect()
}

impl Sources {
    /// Those of Kubernetes 1.`minor`.
    pub fn read(minor: u8) -> Self {
        let mut sources = Self::default();
        sources.add_folder(&folder(minor), "crate");
        sources
    }

    /// How the lists and maps of a type are merged, with the names of fields in JSON.
    pub fn merges<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a str, DeepMerge)> {
        self.merges.get(path).into_iter().flatten().map(move |(field, merge)| {
            let field = self.names[path][field].as_str();
            let merge = match merge {
                DeepMerge::ListMap(keys) => {
                    let items = &self.types[path].schema["properties"][field]["items"]["$ref"];
                    let names = &self.names[items.as_str().expect("a list of objects")];
                    // `metadata.name` names the field of a field.
                    let name = |key: &String| names.get(key).unwrap_or(key).clone();
                    DeepMerge::ListMap(keys.iter().map(name).collect())
                }
                other => other.clone(),
            };
            (field, merge)
        })
    }

    fn add_folder(&mut self, folder: &Path, module: &str) {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
                self.add_folder(&path, &format!("{module}::{name}"));
            } else {
                self.add_file(&fs::read_to_string(&path).expect("a readable file"), module);
            }
        }
    }

    fn add_file(&mut self, text: &str, module: &str) {
        for (head, body) in impls(text) {
            if let Some(ty) = head.strip_prefix("crate::Resource for ") {
                self.resources.insert(format!("{module}::{ty}"), resource(body));
            } else if let Some(ty) = head.strip_prefix("crate::DeepMerge for ") {
                self.merges.insert(format!("{module}::{ty}"), merges(body));
            } else if let Some((_, ty)) = head.split_once("crate::schemars::JsonSchema for ") {
                let ty = ty.split('<').next().unwrap_or(ty);
                self.types.insert(format!("{module}::{ty}"), described(body));
                self.names.insert(format!("{module}::{ty}"), names(text));
            }
        }
    }
}

/// The implementations of interest in a file: what stands between `impl` and the body (`crate::A for B`), and the
/// body.
fn impls(text: &str) -> impl Iterator<Item = (&str, TokenStream)> {
    text.split("\nimpl").skip(1).filter_map(|item| {
        let (head, rest) = item.split_once(" {\n")?;
        let (body, _) = rest.split_once("\n}")?;
        let wanted = ["crate::Resource for ", "crate::DeepMerge for ", "crate::schemars::JsonSchema for "];
        let wanted = wanted.iter().any(|name| head.contains(name));
        wanted.then(|| (head.trim_start(), body.parse().expect("Rust tokens")))
    })
}

/// The lines `"NAME" => Field::Key_RUST_NAME,` of `fn visit_str`.
fn names(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| {
        let (name, rust) = line.trim().strip_prefix('"')?.split_once("\" => Field::Key_")?;
        Some((rust.trim_end_matches(',').to_owned(), name.to_owned()))
    });
    pairs.collect()
}

fn resource(body: TokenStream) -> Resource {
    let mut found = Resource::default();
    let items: Vec<TokenTree> = body.into_iter().collect();
    // `const NAME: &'static str = "VALUE";` and `type Scope = crate::NAME;`
    for item in items.split(|token| is_punct(token, ';')).filter(|item| !item.is_empty()) {
        let value = text_of(item.last().expect("not empty"));
        match item[1].to_string().as_str() {
            "API_VERSION" => found.api_version = value,
            "KIND" => found.kind = value,
            "URL_PATH_SEGMENT" => found.url_path_segment = value,
            "Scope" => found.scope = value,
            _ => {}
        }
    }
    found
}

/// The calls of `crate::merge_strategies::list::map(&mut self.FIELD, other.FIELD, &[|lhs, rhs| lhs.KEY == rhs.KEY], ..)`
/// and the like in `fn merge_from`.
fn merges(body: TokenStream) -> BTreeMap<String, DeepMerge> {
    let Some(TokenTree::Group(body)) = body.into_iter().last() else { panic!("a function was expected") };
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    tokens
        .split(|token| is_punct(token, ';'))
        .filter_map(|statement| {
            let [path @ .., TokenTree::Group(arguments)] = statement else { return None };
            let path: String = path.iter().map(TokenTree::to_string).collect();
            let arguments: Vec<TokenTree> = arguments.stream().into_iter().collect();
            let merge = match path.strip_prefix("crate::merge_strategies::")? {
                "list::atomic" => DeepMerge::ListAtomic,
                "list::set" => DeepMerge::ListSet,
                "list::map" => DeepMerge::ListMap(keys(&arguments)),
                "map::atomic" => DeepMerge::MapAtomic,
                "map::granular" => DeepMerge::MapGranular,
                other => panic!("unknown merge strategy {other}"),
            };
            // `& mut self . FIELD`
            Some((text_of(&arguments[4]), merge))
        })
        .collect()
}

/// The keys of the closures in the brackets of a call: what stands between each `lhs.` and `==`.
fn keys(arguments: &[TokenTree]) -> Vec<String> {
    let mut keys = Vec::new();
    for argument in arguments {
        let TokenTree::Group(group) = argument else { continue };
        if group.delimiter() != Delimiter::Bracket {
            continue;
        }
        let closures: String = group.stream().into_iter().map(|token| token.to_string()).collect();
        keys.extend(
            closures.split("lhs.").skip(1).filter_map(|rest| rest.split("==").next()).map(str::to_owned),
        );
    }
    keys
}

/// The first literal in `fn schema_name`, and the argument of `json_schema!` in `fn json_schema`.
fn described(body: TokenStream) -> Described {
    let bodies: Vec<TokenStream> = body
        .into_iter()
        .filter_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
            _ => None,
        })
        .collect();
    let [name, schema] = &bodies[..] else { panic!("two functions were expected") };
    let name = name.clone().into_iter().find(|token| matches!(token, TokenTree::Literal(_)));
    let argument = schema.clone().into_iter().find_map(|token| match token {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    });
    let argument: Vec<TokenTree> = argument.expect("an argument of json_schema!").into_iter().collect();
    Described { name: text_of(&name.expect("a name")), schema: value(&argument) }
}

/// A value of the JSON in `json_schema!`.
fn value(tokens: &[TokenTree]) -> Value {
    match tokens {
        [TokenTree::Group(group)] => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            let items = inner.split(|token| is_punct(token, ',')).filter(|item| !item.is_empty());
            match group.delimiter() {
                Delimiter::Brace => Value::Object(items.map(entry).collect::<Map<_, _>>()),
                Delimiter::Bracket => items.map(value).collect(),
                Delimiter::Parenthesis | Delimiter::None => reference(&inner),
            }
        }
        [TokenTree::Literal(literal)] => Value::String(literal.to_string().trim_matches('"').to_owned()),
        [TokenTree::Ident(ident)] => Value::Bool(ident == "true"),
        expression => reference(expression),
    }
}

/// `"key": value`
fn entry(tokens: &[TokenTree]) -> (String, Value) {
    let [key, colon, rest @ ..] = tokens else { panic!("an entry was expected") };
    assert!(is_punct(colon, ':'), "a colon was expected");
    (text_of(key), value(rest))
}

/// The type in `__gen.subschema_for::<PATH>()`, wherever that stands in an expression.
fn reference(tokens: &[TokenTree]) -> Value {
    fn path(tokens: &[TokenTree]) -> Option<String> {
        if let Some(at) = tokens
            .iter()
            .position(|token| matches!(token, TokenTree::Ident(ident) if ident == "subschema_for"))
        {
            // Past `subschema_for::<`, up to `>`.
            let path = tokens[at + 4..].iter().take_while(|token| !is_punct(token, '>'));
            return Some(path.map(TokenTree::to_string).collect());
        }
        tokens.iter().find_map(|token| match token {
            TokenTree::Group(group) => path(&group.stream().into_iter().collect::<Vec<_>>()),
            _ => None,
        })
    }
    json!({ "$ref": path(tokens).expect("an expression that names a type") })
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// What a name or a literal without escapes says.
fn text_of(token: &TokenTree) -> String {
    token.to_string().trim_matches('"').to_owned()
}
