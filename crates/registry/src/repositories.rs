//! Helm's `repositories.yaml`: the repositories that `helm repo add` has given names to.

use crate::client::{Access, Credentials, Tls};
use crate::error::{Error, Result};
use crate::url::Url;
use plimsoll_diag::{SourceKind, Sources};
use plimsoll_yaml::{Node, ReadOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A repository with a name.
#[derive(Debug, Clone)]
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
