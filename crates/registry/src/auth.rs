//! Who one is for a registry: the credentials that `docker login` and `helm registry login` have stored, and the challenges
//! that registries answer with.

use crate::client::Credentials;
use crate::error::{Error, Result};
use base64::Engine as _;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What docker calls its own registry in its configuration.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The user name of a helper's answer that is not a password but an identity token.
const TOKEN_USER: &str = "<token>";

/// What proves who one is.
#[derive(Debug, Clone)]
pub(crate) enum Secret {
    /// A user and a password.
    Password(Credentials),
    /// A token that is exchanged for others.
    IdentityToken(String),
}

/// A configuration of docker, or Helm's `registry/config.json`, which has the same form.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

/// The answer of a credential helper.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

/// Looks a registry up in configurations, the first that knows it first.
pub(crate) fn stored(configs: &[PathBuf], registry: &str) -> Result<Option<Secret>> {
    for path in configs {
        let Ok(text) = std::fs::read(path) else { continue };
        let config: Config = serde_json::from_slice(&text)
            .map_err(|error| Error::new(format!("cannot read `{}`: {error}", path.display())))?;
        if let Some(secret) = config.find(path, registry)? {
            return Ok(Some(secret));
        }
    }
    Ok(None)
}

impl Config {
    fn find(&self, path: &Path, registry: &str) -> Result<Option<Secret>> {
        let names = names(registry);
        let helper = names.iter().find_map(|name| self.cred_helpers.get(name)).or(self.creds_store.as_ref());
        if let Some(helper) = helper.filter(|helper| !helper.is_empty()) {
            for name in &names {
                if let Some(secret) = ask_helper(helper, name)? {
                    return Ok(Some(secret));
                }
            }
        }
        let entry = names.iter().find_map(|name| self.auths.get(name));
        entry.map_or(Ok(None), |entry| {
            entry.secret().ok_or_else(|| {
                Error::new(format!("the credentials for `{registry}` in `{}` are damaged", path.display()))
                    .help(format!("log in again with `helm registry login {registry}`"))
            })
        })
    }
}

impl Entry {
    /// The secret; `None` in it if the entry is empty, `None` if it is damaged.
    #[expect(clippy::option_option, reason = "an entry may be empty, as well as damaged")]
    fn secret(&self) -> Option<Option<Secret>> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&self.identitytoken) {
            return Some(Some(Secret::IdentityToken(token)));
        }
        if let Some((username, password)) = given(&self.username).zip(given(&self.password)) {
            return Some(Some(Secret::Password(Credentials { username, password })));
        }
        let Some(auth) = given(&self.auth) else { return Some(None) };
        let decoded = base64::engine::general_purpose::STANDARD.decode(auth.trim()).ok()?;
        let pair = String::from_utf8(decoded).ok()?;
        let (username, password) = pair.trim_end_matches('\0').split_once(':')?;
        let credentials = Credentials { username: username.to_owned(), password: password.to_owned() };
        Some(Some(Secret::Password(credentials)))
    }
}

/// The names that a registry may have in a configuration.
fn names(registry: &str) -> Vec<String> {
    let mut names =
        vec![registry.to_owned(), format!("https://{registry}"), format!("https://{registry}/v1/")];
    if matches!(registry, "docker.io" | "registry-1.docker.io" | "index.docker.io") {
        names.extend([DOCKER_HUB.to_owned(), "docker.io".to_owned()]);
    }
    names
}

/// Asks `docker-credential-HELPER`; `None` if it does not know the registry.
fn ask_helper(helper: &str, registry: &str) -> Result<Option<Secret>> {
    let program = format!("docker-credential-{helper}");
    let failed = |reason: String| Error::new(format!("cannot run `{program}`: {reason}"));
    // A name with a slash would run a program from somewhere else.
    if !helper.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        return Err(failed("it is not the name of a credential helper".to_owned()));
    }
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            failed(error.to_string()).help("install it, or log in with `helm registry login`")
        })?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read the name says so with its status.
        let _ = stdin.write_all(registry.as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Ok(None);
    }
    // The answer is a secret: no message may show it.
    let answer: Helped =
        serde_json::from_slice(&output.stdout).map_err(|_| failed("its answer is not valid".to_owned()))?;
    Ok(Some(match answer {
        Helped { username, secret } if username == TOKEN_USER => Secret::IdentityToken(secret),
        Helped { username, secret } => Secret::Password(Credentials { username, password: secret }),
    }))
}

/// What a registry asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A user and a password.
    Basic,
    /// A token that `realm` gives out.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// Reads the values of `WWW-Authenticate` headers; the strongest challenge that is known counts.
    pub(crate) fn read<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut basic = None;
        for header in headers {
            let (scheme, parameters) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
            if scheme.eq_ignore_ascii_case("bearer") {
                let mut parameters = parse_parameters(parameters);
                let realm = parameters.remove("realm")?;
                let (service, scope) = (parameters.remove("service"), parameters.remove("scope"));
                return Some(Self::Bearer { realm, service, scope });
            }
            if scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Self::Basic);
            }
        }
        basic
    }
}

/// Reads `name="value", name=value`.
fn parse_parameters(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            let (value, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            (value, after.split_once(',').map_or("", |(_, after)| after))
        } else {
            after.split_once(',').unwrap_or((after, ""))
        };
        found.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let header =
            r#"Bearer realm="https://auth.example/token?a=b",service="r",scope="repository:x:pull,push""#;
        let bearer = Challenge::Bearer {
            realm: "https://auth.example/token?a=b".to_owned(),
            service: Some("r".to_owned()),
            scope: Some("repository:x:pull,push".to_owned()),
        };
        assert_eq!(Challenge::read(["Basic realm=\"x\"", header].into_iter()), Some(bearer));
        assert_eq!(Challenge::read(["basic realm=x"].into_iter()), Some(Challenge::Basic));
        assert_eq!(Challenge::read(["Negotiate"].into_iter()), None);
        assert_eq!(Challenge::read(["Bearer service=x"].into_iter()), None);
    }

    #[test]
    fn credentials_are_found_by_every_name() {
        let folder = tempfile::tempdir().unwrap();
        let [helm, docker] = ["helm.json", "docker.json"].map(|name| folder.path().join(name));
        std::fs::write(&helm, r#"{"auths":{"a.example:5000":{"auth":"bWU6czpjcmV0"},"d.example":{}}}"#)
            .unwrap();
        std::fs::write(
            &docker,
            r#"{"auths":{"https://index.docker.io/v1/":{"identitytoken":"t"},"bad.example":{"auth":"!"},
                "a.example:5000":{"auth":"b3RoZXI6eA=="}}}"#,
        )
        .unwrap();
        let configs = [folder.path().join("none.json"), helm, docker];
        let shown = |registry: &str| match stored(&configs, registry) {
            Ok(Some(Secret::Password(found))) => format!("{} {}", found.username, found.password),
            Ok(Some(Secret::IdentityToken(token))) => token,
            Ok(None) => "none".to_owned(),
            Err(error) => error.message,
        };
        assert_eq!(shown("a.example:5000"), "me s:cret");
        assert_eq!(shown("registry-1.docker.io"), "t");
        assert_eq!((shown("other.example"), shown("d.example")), ("none".to_owned(), "none".to_owned()));
        assert!(shown("bad.example").contains("damaged"));
    }

    #[test]
    fn helpers_are_programs_by_name_only() {
        assert!(ask_helper("../evil", "a.example").is_err());
        assert!(ask_helper("no-such-helper", "a.example").unwrap_err().help.is_some());
    }
}
