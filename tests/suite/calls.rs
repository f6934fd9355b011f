//! Which functions of Kubernetes a function of `crates/kube/src/validation` follows, itself or in what it calls.
//!
//! Each function there names its model in its documentation. This reads the sources as text: it knows paths, imports
//! and tables of functions, but no types, so calls of methods are not followed.

use crate::support::ROOT;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

/// A module below `validation`, such as `pod/volume`; empty for `validation` itself.
type Module = String;

/// A function or a table of functions.
struct Item {
    docs: String,
    body: String,
}

/// The items of all modules, and what each module imports.
pub(crate) struct Calls {
    items: BTreeMap<(Module, String), Item>,
    imports: BTreeMap<(Module, String), (Module, String)>,
    /// What each item calls, or hands on to be called, in the order of its text.
    called: BTreeMap<Key, Vec<Key>>,
    /// A function of Kubernetes in documentation.
    model: Regex,
}

/// An item by its module and name.
pub(crate) type Key = (Module, String);

impl Calls {
    /// The sources, read once.
    pub(crate) fn get() -> &'static Self {
        static CALLS: LazyLock<Calls> = LazyLock::new(Calls::read);
        &CALLS
    }

    fn read() -> Self {
        let root = Path::new(ROOT).join("crates/kube/src/validation");
        let mut calls = Self {
            items: BTreeMap::new(),
            imports: BTreeMap::new(),
            called: BTreeMap::new(),
            model: Regex::new(r"`((?:[vV]alidate|(?:[gG]et)?[wW]arningsFor)[A-Z]\w*)`").unwrap(),
        };
        for entry in walkdir::WalkDir::new(&root) {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap();
            // `rules` has no function of Kubernetes, and `field` only methods.
            let skipped = ["rules", "registry", "testing", "field"].map(|name| format!("{name}.rs"));
            let Some(module) = path.strip_suffix(".rs") else { continue };
            if !skipped.contains(&path.to_owned()) && !module.ends_with("tests") {
                let module = module.strip_suffix("mod").unwrap_or(module).trim_end_matches('/');
                calls.add(module, &std::fs::read_to_string(entry.path()).unwrap());
            }
        }
        let path = Regex::new(r"(?:^|[^\w.:])((?:[a-z_]\w*::)*[A-Za-z_]\w*)\b").unwrap();
        calls.called =
            calls.items.iter().map(|(key, item)| (key.clone(), calls.paths(key, item, &path))).collect();
        calls
    }

    fn add(&mut self, module: &str, text: &str) {
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let item = Regex::new(
            r"(?m)(?P<docs>(?:^ *///.*\n)*)(?:^ *#\[.*\n)*^(?P<indent> *)(?:pub(?:\([\w: ]+\))? )?(?:(?:const )?fn|const|static) (?P<name>\w+)",
        );
        for found in item.unwrap().captures_iter(text) {
            let rest = &text[found.get(0).unwrap().end()..];
            // A function ends at the brace below its first letter, a table at its semicolon.
            let table = found["name"].bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
            let end = if table { ";\n".to_owned() } else { format!("\n{}}}", &found["indent"]) };
            let body = rest.split(&end).next().unwrap_or(rest);
            let item = Item { docs: found["docs"].to_owned(), body: code(body) };
            self.items.entry((module.to_owned(), found["name"].to_owned())).or_insert(item);
        }
        let import =
            Regex::new(r"(?m)^(?:pub(?:\([\w: ]+\))? )?use (?P<path>[\w:]+?)(?:::\{(?P<list>[^}]*)\})?;");
        for found in import.unwrap().captures_iter(text) {
            let (path, list) = match found.name("list") {
                Some(list) => (&found["path"], list.as_str()),
                None => found["path"].rsplit_once("::").unwrap_or(("", &found["path"])),
            };
            let path = path.to_owned();
            for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                if let Some(from) = module_at(module, &path) {
                    self.imports.insert((module.to_owned(), name.to_owned()), (from, name.to_owned()));
                }
            }
        }
    }

    /// The item that `path` means in `validation` itself.
    pub(crate) fn entry(&self, path: &str) -> Key {
        self.find("", path).unwrap_or_else(|| panic!("`{path}` is no function of validation"))
    }

    /// The item that `path` means in `module`.
    fn find(&self, module: &str, path: &str) -> Option<Key> {
        let Some((head, name)) = path.rsplit_once("::") else {
            let key = (module.to_owned(), path.to_owned());
            if self.items.contains_key(&key) {
                return Some(key);
            }
            let (from, name) = self.imports.get(&key)?;
            return self.find(from, name);
        };
        let imported = self.imports.get(&(module.to_owned(), head.to_owned()));
        let inner = match imported {
            Some((from, name)) => join(from, name),
            None => module_at(module, head)?,
        };
        self.find(&inner, name)
    }

    fn paths(&self, key: &Key, Item { body, .. }: &Item, path: &Regex) -> Vec<Key> {
        let mut found = Vec::new();
        for path in path.captures_iter(body) {
            let path = path.get(1).unwrap();
            let call = body[path.end()..].starts_with('(');
            let path = path.as_str();
            let Some(other) = self.find(&key.0, path).filter(|other| other != key && !found.contains(other))
            else {
                continue;
            };
            if call || path.contains("::") || !is_local(body, path) {
                found.push(other);
            }
        }
        found
    }

    /// Every item reached from `start`, in the order of calls. What follows the function `stop` is reached, but its calls
    /// are not.
    pub(crate) fn reached(&self, start: &Key, stop: Option<&str>) -> Vec<Key> {
        let mut order = vec![start.clone()];
        let mut seen = BTreeSet::from([start.clone()]);
        self.walk(start, stop, &mut order, &mut seen);
        order
    }

    fn walk(&self, key: &Key, stop: Option<&str>, order: &mut Vec<Key>, seen: &mut BTreeSet<Key>) {
        for other in &self.called[key] {
            if seen.insert(other.clone()) {
                order.push(other.clone());
                if stop.is_none_or(|stop| !self.models(other).contains(&stop)) {
                    self.walk(other, stop, order, seen);
                }
            }
        }
    }

    /// The functions of Kubernetes that an item names as its models.
    pub(crate) fn models(&self, key: &Key) -> Vec<&str> {
        self.model.captures_iter(&self.items[key].docs).map(|found| found.get(1).unwrap().as_str()).collect()
    }

    /// Every item that names a model.
    pub(crate) fn modelled(&self) -> impl Iterator<Item = &Key> {
        self.items.keys().filter(|key| !self.models(key).is_empty())
    }
}

/// Whether a name in `body` is that of a variable or of a field there.
fn is_local(body: &str, name: &str) -> bool {
    let bound = format!(
        r"\b(?:let|for)\s[^=;{{]*\b{name}\b[^=;{{]*(?:=|\sin\s)|\b{name}: |\|[^|\n]*\b{name}\b[^|\n]*\||\([^()]*\b{name}\b[^()]*\) =>"
    );
    Regex::new(&bound).unwrap().is_match(body)
}

/// Code without its comments and texts.
fn code(body: &str) -> String {
    static NOISE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"//.*|"(?:[^"\\]|\\.)*""#).unwrap());
    NOISE.replace_all(body, "").into_owned()
}

fn join(module: &str, name: &str) -> Module {
    if module.is_empty() { name.to_owned() } else { format!("{module}/{name}") }
}

/// The module that a path means in `module`; `None` outside of `validation`.
fn module_at(module: &str, path: &str) -> Option<Module> {
    let path =
        path.strip_prefix("crate::validation").map_or(path.to_owned(), |rest| format!("validation{rest}"));
    let mut at = module.to_owned();
    for (index, step) in path.split("::").filter(|step| !step.is_empty()).enumerate() {
        match step {
            "crate" | "std" => return None,
            "validation" if index == 0 => at.clear(),
            "self" => {}
            "super" if at.is_empty() => return None,
            "super" => at = at.rsplit_once('/').map_or(String::new(), |(above, _)| above.to_owned()),
            step => at = join(&at, step),
        }
    }
    Some(at)
}
