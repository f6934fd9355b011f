//! Helm's `repositories.yaml`: the repositories that `helm repo add` has given names to.

use crate::client::{Access, Credentials, Tls};
use crate::error::{Error, Result};
use crate::url::Url;
use plimsoll_diag::{SourceKind, Sources, Span};
use plimsoll_yaml::{Map, Node, ReadOptions, Value, emit};
use std::io;
use std::path::{Path, PathBuf};

/// A repository with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The name: what `@name`, `alias:name` and `name/chart` mean.
    pub name: String,
    /// The URL, as it is written.
    pub url: String,
    credentials: Option<Credentials>,
    tls: Tls,
    pass_credentials: bool,
}

impl Repository {
    /// A repository that is reached with these credentials. They are sent to every host that it refers to if
    /// `pass_credentials` says so.
    pub fn new(
        name: &str,
        url: &str,
        credentials: Option<Credentials>,
        tls: Tls,
        pass_credentials: bool,
    ) -> Self {
        Self { name: name.to_owned(), url: url.to_owned(), credentials, tls, pass_credentials }
    }

    /// The text of a file with these repositories, as Helm writes it.
    pub fn write(repositories: &[Self]) -> String {
        let entries: Vec<Node> = repositories.iter().map(Self::to_node).collect();
        let file = map([
            ("apiVersion", Node::bare("")),
            ("generated", Node::bare("0001-01-01T00:00:00Z")),
            ("repositories", Node::bare(Value::Seq(entries))),
        ]);
        format!("{}\n", emit::helm(&file))
    }

    /// The names and URLs of repositories, as `helm repo list --output yaml` prints them.
    pub fn write_names(repositories: &[Self]) -> String {
        let entry = |one: &Self| {
            map([("name", Node::bare(one.name.as_str())), ("url", Node::bare(one.url.as_str()))])
        };
        let entries: Vec<Node> = repositories.iter().map(entry).collect();
        format!("{}\n", emit::helm(&Node::bare(Value::Seq(entries))))
    }

    fn to_node(&self) -> Node {
        let path = |path: &Option<PathBuf>| {
            Node::bare(path.as_ref().map(|path| path.display().to_string()).unwrap_or_default().as_str())
        };
        let (username, password) = self
            .credentials
            .as_ref()
            .map_or(("", ""), |credentials| (&credentials.username, &credentials.password));
        map([
            ("caFile", path(&self.tls.ca_file)),
            ("certFile", path(&self.tls.cert_file)),
            ("insecure_skip_tls_verify", Node::bare(self.tls.insecure)),
            ("keyFile", path(&self.tls.key_file)),
            ("name", Node::bare(self.name.as_str())),
            ("pass_credentials_all", Node::bare(self.pass_credentials)),
            ("password", Node::bare(password)),
            ("url", Node::bare(self.url.as_str())),
            ("username", Node::bare(username)),
        ])
    }

    /// Reads the file at `path`. Without a file there are no repositories.
    ///
    /// # Errors
    /// The file cannot be read, or is not YAML.
    pub fn read(path: &Path) -> Result<Vec<Self>> {
        let failed = |reason: String| Error::new(format!("cannot read `{}`: {reason}", path.display()));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error.to_string())),
        };
        let sources = Sources::new();
        let source = sources.add(path.display().to_string(), text, SourceKind::File);
        let report = plimsoll_yaml::read(&sources, source, &ReadOptions::lenient());
        let reason = report.diagnostics.into_iter().next().map(|first| first.message);
        let documents = report.output.ok_or_else(|| failed(reason.unwrap_or_default()))?;
        let repositories = documents.first().and_then(|document| document.root.get("repositories"));
        Ok(repositories.map(Node::items).unwrap_or_default().iter().filter_map(Self::from_node).collect())
    }

    fn from_node(node: &Node) -> Option<Self> {
        let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
        let flag = |key: &str| node.get(key).and_then(Node::as_bool).unwrap_or_default();
        let credentials = text("username").zip(text("password")).map(|(username, password)| Credentials {
            username: username.to_owned(),
            password: password.to_owned(),
        });
        Some(Self {
            name: text("name")?.to_owned(),
            url: text("url")?.to_owned(),
            credentials,
            tls: Tls {
                ca_file: text("caFile").map(PathBuf::from),
                cert_file: text("certFile").map(PathBuf::from),
                key_file: text("keyFile").map(PathBuf::from),
                insecure: flag("insecure_skip_tls_verify"),
            },
            pass_credentials: flag("pass_credentials_all"),
        })
    }

    /// Whether a URL is that of the repository.
    pub(crate) fn is_at(&self, url: &Url) -> bool {
        Url::parse(&self.url).is_ok_and(|own| own.is_same_repository(url))
    }

    /// Whether a URL is in the repository.
    pub(crate) fn contains(&self, url: &Url) -> bool {
        Url::parse(&self.url).is_ok_and(|own| {
            let directory = format!("{}/", own.to_string().trim_end_matches('/'));
            own.has_origin_of(url) && url.to_string().starts_with(&directory)
        })
    }

    /// What may be sent to it.
    pub(crate) fn access(&self) -> Access {
        Access {
            tls: self.tls.clone(),
            credentials: self.credentials.clone(),
            service: Url::parse(&self.url).ok(),
            pass_credentials: self.pass_credentials,
        }
    }
}

fn map<const N: usize>(fields: [(&str, Node); N]) -> Node {
    let mut map = Map::new();
    for (key, value) in fields {
        map.insert(key, Span::NONE, value);
    }
    Node::bare(Value::Map(map))
}
