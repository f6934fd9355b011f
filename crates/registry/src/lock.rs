//! `Chart.lock`: which versions the ranges of `Chart.yaml` came to, byte for byte as Helm writes it.

use crate::digest::Digest;
use crate::error::{Error, Result};
use plimsoll_diag::{SourceKind, Sources};
use plimsoll_yaml::emit::{format_json, quote_json};
use plimsoll_yaml::{Node, ReadOptions, Value, emit};

/// A dependency as `Chart.yaml` declares it.
#[derive(Debug, Clone, Default)]
pub struct Requirement {
    /// `name`.
    pub name: String,
    /// `version`: a range.
    pub version: String,
    /// `repository`; the URL if the name of a repository is written.
    pub repository: String,
    /// `condition`.
    pub condition: String,
    /// `tags`.
    pub tags: Vec<String>,
    /// `import-values`, as written.
    pub import_values: Vec<Node>,
    /// `alias`.
    pub alias: String,
}

/// A dependency in a lock: its version is exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// `name`.
    pub name: String,
    /// `version`.
    pub version: String,
    /// `repository`.
    pub repository: String,
}

/// `Chart.lock`, or `requirements.lock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// `dependencies`.
    pub dependencies: Vec<Locked>,
    /// `digest`: that of the requirements and the locked versions.
    pub digest: String,
    /// `generated`: the time.
    pub generated: String,
}

impl Lock {
    /// Reads a lock.
    ///
    /// # Errors
    /// The text is not one.
    pub fn read(text: &str) -> Result<Self> {
        let sources = Sources::new();
        let source = sources.add("Chart.lock", text, SourceKind::File);
        let report = plimsoll_yaml::read(&sources, source, &ReadOptions::lenient());
        let root =
            report.output.and_then(|documents| documents.into_iter().next()).map(|document| document.root);
        let root = root.filter(|root| root.as_map().is_some());
        let root = root.ok_or_else(|| {
            Error::new("it is not a lock file")
                .help("delete it, and write a new one with `plimsoll dependency update`")
        })?;
        let text =
            |node: &Node, key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default().to_owned();
        let locked = |node: &Node| Locked {
            name: text(node, "name"),
            version: text(node, "version"),
            repository: text(node, "repository"),
        };
        let dependencies = root.get("dependencies").map(Node::items).unwrap_or_default();
        Ok(Self {
            dependencies: dependencies.iter().map(locked).collect(),
            digest: text(&root, "digest"),
            generated: text(&root, "generated"),
        })
    }

    /// The text of the file.
    pub fn write(&self) -> String {
        let locked = |one: &Locked| {
            let mut fields = vec![("name", one.name.as_str())];
            fields.extend(Some(("version", one.version.as_str())).filter(|(_, version)| !version.is_empty()));
            fields.push(("repository", &one.repository));
            map(fields.into_iter().map(|(key, text)| (key, Node::bare(text))))
        };
        let dependencies = Value::Seq(self.dependencies.iter().map(locked).collect());
        let root = map([
            ("dependencies", Node::bare(dependencies)),
            ("digest", Node::bare(self.digest.as_str())),
            ("generated", Node::bare(self.generated.as_str())),
        ]);
        format!("{}\n", emit::helm(&root))
    }
}

fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    let mut map = plimsoll_yaml::Map::new();
    for (key, node) in entries {
        map.insert(key, plimsoll_diag::Span::NONE, node);
    }
    Node::bare(Value::Map(map))
}

/// The digest that Helm writes into a lock: of requirements and locked versions, as Go writes them as JSON.
pub fn digest(requirements: &[Requirement], locked: &[Locked]) -> String {
    let required: Vec<String> = requirements.iter().map(requirement_json).collect();
    let locked: Vec<String> = locked
        .iter()
        .map(|one| {
            let as_requirement = Requirement {
                name: one.name.clone(),
                version: one.version.clone(),
                repository: one.repository.clone(),
                ..Requirement::default()
            };
            requirement_json(&as_requirement)
        })
        .collect();
    let text = format!("[[{}],[{}]]", required.join(","), locked.join(","));
    Digest::of(text.as_bytes()).to_string()
}

/// The digest that Helm 2 wrote into `requirements.lock`: of the requirements alone.
pub fn digest_of_helm_2(requirements: &[Requirement]) -> String {
    let required: Vec<String> = requirements.iter().map(requirement_json).collect();
    Digest::of(format!("{{\"dependencies\":[{}]}}", required.join(",")).as_bytes()).to_string()
}

/// A requirement as Go writes it: in the order of the fields, without those that are empty.
fn requirement_json(requirement: &Requirement) -> String {
    let text = |key: &str, value: &str| {
        (!value.is_empty()).then(|| format!("{}:{}", quote_json(key), quote_json(value)))
    };
    let list = |key: &str, items: Vec<String>| {
        (!items.is_empty()).then(|| format!("{}:[{}]", quote_json(key), items.join(",")))
    };
    let fields = [
        Some(format!("\"name\":{}", quote_json(&requirement.name))),
        text("version", &requirement.version),
        Some(format!("\"repository\":{}", quote_json(&requirement.repository))),
        text("condition", &requirement.condition),
        list("tags", requirement.tags.iter().map(|tag| quote_json(tag)).collect()),
        list("import-values", requirement.import_values.iter().map(format_json).collect()),
        text("alias", &requirement.alias),
    ];
    format!("{{{}}}", fields.into_iter().flatten().collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_read_what_they_write() {
        let locked = |name: &str, version: &str| Locked {
            name: name.to_owned(),
            version: version.to_owned(),
            repository: "https://a.example".to_owned(),
        };
        let lock = Lock {
            dependencies: vec![locked("web", "1.2.3"), locked("own", "")],
            digest: "sha256:abc".to_owned(),
            generated: "2024-05-01T12:00:00.5Z".to_owned(),
        };
        let text = "dependencies:\n- name: web\n  repository: https://a.example\n  version: 1.2.3\n\
                    - name: own\n  repository: https://a.example\ndigest: sha256:abc\ngenerated: \"2024-05-01T12:00:00.5Z\"\n";
        assert_eq!(lock.write(), text);
        assert_eq!(Lock::read(text).unwrap(), lock);
        assert!(Lock::read("- x\n").is_err() && Lock::read("").is_err());
    }

    #[test]
    fn floats_are_written_as_by_go() {
        let import_values = [1e21, 1e20, 1e-6, 1e-7].map(|number| Node::bare(Value::Float(number))).to_vec();
        let json = requirement_json(&Requirement { import_values, ..Requirement::default() });
        assert!(json.ends_with(r#""import-values":[1e+21,100000000000000000000,0.000001,1e-7]}"#), "{json}");
    }

    #[test]
    fn strings_are_escaped_as_by_go() {
        assert_eq!(quote_json("a\"\\\n<>&\u{2028}é\u{1}"), r#""a\"\\\n\u003c\u003e\u0026\u2028é\u0001""#);
    }
}
