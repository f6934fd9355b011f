//! Charts in OCI registries: references, tags, manifests and layers.

use crate::auth::{Challenge, Secret, stored};
use crate::client::{Access, Answer, Call, Client, Credentials, Request, size};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::url::{Url, encode_value, is_host};
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// What references begin with.
pub const SCHEME: &str = "oci://";

pub(crate) const CHART_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
pub(crate) const CHART_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
pub(crate) const PROVENANCE_LAYER: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
/// What Helm called the archive before.
const OLD_CHART_LAYER: &str = "application/tar+gzip";
const MANIFESTS: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// The most bytes of a manifest, of a token and of one page of tags.
const MAX_DOCUMENT: u64 = 4 << 20;
/// The most pages of tags.
const MOST_PAGES: usize = 1000;

/// `oci://REGISTRY/REPOSITORY[:TAG][@DIGEST]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Host and port.
    pub registry: String,
    /// The path below: `charts/web`.
    pub repository: String,
    /// The version: a `+` in it is a `_` in the tag.
    pub version: Option<String>,
    /// The digest of the manifest.
    pub digest: Option<Digest>,
}

impl Reference {
    /// Reads a reference.
    ///
    /// # Errors
    /// The text is not one.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = || {
            Error::new(format!("`{text}` is not a valid reference"))
                .help("use `oci://registry/path/chart`, perhaps with `:version` or `@sha256:digest`")
        };
        let rest = text.strip_prefix(SCHEME).ok_or_else(invalid)?;
        let (rest, digest) = match rest.rsplit_once('@') {
            Some((rest, digest)) => (rest, Some(Digest::parse(digest)?)),
            None => (rest, None),
        };
        let (registry, path) = rest.split_once('/').ok_or_else(invalid)?;
        let (repository, version) = match path.split_once(':') {
            Some((repository, version)) => (repository, Some(version.to_owned())),
            None => (path, None),
        };
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let is_part = |part: &str| !part.is_empty() && part.chars().all(is_name) && !part.starts_with('.');
        let is_version = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
        let is_valid = is_host(registry)
            && repository.trim_end_matches('/').split('/').all(is_part)
            && version
                .as_deref()
                .is_none_or(|version| !version.is_empty() && version.chars().all(is_version));
        if !is_valid {
            return Err(invalid());
        }
        let repository = repository.trim_end_matches('/').to_owned();
        Ok(Self { registry: registry.to_owned(), repository, version, digest })
    }

    /// The last part of the path: the name of the chart.
    pub fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or_default()
    }

    /// The reference as tools for images write it: `REGISTRY/REPOSITORY:TAG`.
    pub fn tagged(&self) -> String {
        format!("{}/{}:{}", self.registry, self.repository, tag(self.version.as_deref().unwrap_or("latest")))
    }

    /// What the manifest is asked for by.
    pub(crate) fn manifest(&self) -> String {
        match (&self.digest, &self.version) {
            (Some(digest), _) => digest.to_string(),
            (None, version) => tag(version.as_deref().unwrap_or("latest")),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.registry, self.repository)?;
        self.version.iter().try_for_each(|version| write!(f, ":{version}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

/// The tag of a version: tags cannot contain a plus.
fn tag(version: &str) -> String {
    version.replace('+', "_")
}

/// Content that a manifest lists.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) digest: Digest,
    size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    size: u64,
}

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// How registries are spoken to.
#[derive(Debug)]
pub(crate) struct Registries {
    pub(crate) access: Access,
    /// Whether connections are not encrypted.
    pub(crate) plain_http: bool,
    /// The files with credentials.
    pub(crate) configs: Vec<PathBuf>,
    /// What authorizes requests for a repository.
    pub(crate) known: Mutex<Vec<(Url, String)>>,
}

impl Registries {
    /// The versions that have a tag, as the registry orders them.
    pub(crate) fn versions(&self, client: &Client, reference: &Reference) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut url = self.url(reference, "tags/list")?;
        for _ in 0..MOST_PAGES {
            let answer = self.get(client, reference, &url, "application/json", MAX_DOCUMENT)?;
            let next = answer.header("link").find_map(next_page).map(|link| url.join(link));
            let page: Tags = parse(&url, &answer.expect_body(&url)?)?;
            found.extend(page.tags.unwrap_or_default().into_iter().map(|tag| tag.replace('_', "+")));
            match next {
                None => return Ok(found),
                Some(next) => url = next?,
            }
        }
        Err(Error::new(format!("`{url}` is the last of more than {MOST_PAGES} pages of tags"))
            .help("name a version instead of a range"))
    }

    /// The archive of a chart, as its manifest lists it.
    pub(crate) fn chart_layer(&self, client: &Client, reference: &Reference) -> Result<Layer> {
        let layer = self.find_layer(client, reference, &[CHART_LAYER, OLD_CHART_LAYER])?;
        layer.ok_or_else(|| no_chart(reference))
    }

    /// The provenance file of a chart, if its manifest lists one.
    pub(crate) fn provenance_layer(&self, client: &Client, reference: &Reference) -> Result<Option<Layer>> {
        self.find_layer(client, reference, &[PROVENANCE_LAYER])
    }

    fn find_layer(&self, client: &Client, reference: &Reference, types: &[&str]) -> Result<Option<Layer>> {
        let url = self.url(reference, &format!("manifests/{}", reference.manifest()))?;
        let bytes = self.get(client, reference, &url, MANIFESTS, MAX_DOCUMENT)?.expect_body(&url)?;
        if let Some(digest) = &reference.digest {
            digest.check(&bytes, reference)?;
        }
        let manifest: Manifest = parse(&url, &bytes)?;
        if manifest.config.is_none_or(|config| config.media_type != CHART_CONFIG) {
            return Err(no_chart(reference));
        }
        let is_meant = |layer: &&Descriptor| types.contains(&&*layer.media_type);
        let found = manifest.layers.iter().rfind(is_meant);
        found.map(|layer| Ok(Layer { digest: Digest::parse(&layer.digest)?, size: layer.size })).transpose()
    }

    /// The content of a layer.
    pub(crate) fn layer(
        &self,
        client: &Client,
        reference: &Reference,
        layer: &Layer,
        limit: u64,
    ) -> Result<Vec<u8>> {
        if layer.size > limit {
            return Err(Error::new(format!("`{reference}` is larger than {}", size(limit))));
        }
        let url = self.url(reference, &format!("blobs/{}", layer.digest))?;
        let accept = "application/gzip, application/octet-stream";
        let bytes = self.get(client, reference, &url, accept, limit)?.expect_body(&url)?;
        layer.digest.check(&bytes, reference)?;
        Ok(bytes)
    }

    pub(crate) fn url(&self, reference: &Reference, rest: &str) -> Result<Url> {
        let scheme = if self.plain_http { "http" } else { "https" };
        // What people call docker.io answers elsewhere.
        let host =
            if reference.registry == "docker.io" { "registry-1.docker.io" } else { &reference.registry };
        Url::parse(&format!("{scheme}://{host}/v2/{}/{rest}", reference.repository))
    }

    fn get(
        &self,
        client: &Client,
        reference: &Reference,
        url: &Url,
        accept: &str,
        limit: u64,
    ) -> Result<Answer<Vec<u8>>> {
        self.authorized(reference, url, Call::Get, client, |authorization, access| {
            let call = Call::Get;
            client.fetch(Request { url, accept, authorization, access, call, limit, may_compress: false })
        })
    }

    /// Sends a request, and once more with what the registry asks for. Other services, to which an answer of the registry
    /// leads, get no credentials.
    pub(crate) fn authorized<T, E: From<Error>>(
        &self,
        reference: &Reference,
        url: &Url,
        call: Call<'_>,
        client: &Client,
        mut send: impl FnMut(Option<&str>, &Access) -> std::result::Result<Answer<T>, E>,
    ) -> std::result::Result<Answer<T>, E> {
        let access = Access { tls: self.access.tls.clone(), ..Access::default() };
        if !self.url(reference, "")?.has_origin_of(url) {
            return send(None, &access);
        }
        let known = self.known_authorization(reference);
        let answer = send(known.as_deref(), &access)?;
        if answer.status != 401 {
            return Ok(answer);
        }
        let Some(challenge) = Challenge::read(answer.header("www-authenticate")) else { return Ok(answer) };
        let actions = if call.is_upload() { "pull,push" } else { "pull" };
        let Some(authorization) = self.authorize(client, reference, url, challenge, actions)? else {
            return Ok(answer);
        };
        let answer = send(Some(&authorization), &access)?;
        if answer.status != 401 {
            self.remember(reference, authorization);
        }
        Ok(answer)
    }

    fn known_authorization(&self, reference: &Reference) -> Option<String> {
        let scope = self.url(reference, "").ok()?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().rev().find(|(url, _)| *url == scope).map(|(_, authorization)| authorization.clone())
    }

    fn remember(&self, reference: &Reference, authorization: String) {
        if let Ok(scope) = self.url(reference, "") {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).push((scope, authorization));
        }
    }

    /// What answers a challenge of the registry; `None` without credentials that it asks for.
    fn authorize(
        &self,
        client: &Client,
        reference: &Reference,
        url: &Url,
        challenge: Challenge,
        actions: &str,
    ) -> Result<Option<String>> {
        let secret = match &self.access.credentials {
            Some(credentials) => Some(Secret::Password(credentials.clone())),
            None => stored(&self.configs, &reference.registry)?,
        };
        match (challenge, secret) {
            (Challenge::Basic, Some(Secret::Password(credentials))) => Ok(Some(credentials.basic())),
            (Challenge::Basic, _) => Ok(None),
            (Challenge::Bearer { realm, service, scope }, secret) => {
                let scope = scope.unwrap_or_else(|| format!("repository:{}:{actions}", reference.repository));
                let realm = url.join(&realm)?;
                if url.is_secure() && !realm.is_secure() {
                    let message =
                        format!("`{}` asks for credentials at `{realm}`, which is not encrypted", url.host());
                    return Err(Error::new(message));
                }
                self.token(client, &realm, service.as_deref(), &scope, secret).map(Some)
            }
        }
    }

    /// A token for a repository.
    fn token(
        &self,
        client: &Client,
        realm: &Url,
        service: Option<&str>,
        scope: &str,
        secret: Option<Secret>,
    ) -> Result<String> {
        let service = service.map(|service| format!("service={}", encode_value(service)));
        let scope = format!("scope={}", encode_value(scope));
        let query: Vec<String> = service.into_iter().chain([scope]).collect();
        let query = query.join("&");
        let (url, form, basic) = match secret {
            Some(Secret::IdentityToken(token)) => {
                let token = encode_value(&token);
                let form =
                    format!("grant_type=refresh_token&client_id=plimsoll&{query}&refresh_token={token}");
                (realm.clone(), Some(form), None)
            }
            Some(Secret::Password(credentials)) => {
                (realm.with_query(&query), None, Some(Credentials::basic(&credentials)))
            }
            None => (realm.with_query(&query), None, None),
        };
        let access = Access { tls: self.access.tls.clone(), ..Access::default() };
        let request = Request {
            url: &url,
            accept: "application/json",
            authorization: basic.as_deref(),
            access: &access,
            call: form.as_deref().map_or(Call::Get, Call::Form),
            limit: MAX_DOCUMENT,
            may_compress: false,
        };
        let token: Token = parse(realm, &client.fetch(request)?.expect_body(realm)?)?;
        let token = token.token.or(token.access_token).filter(|token| !token.is_empty());
        let is_printable = |token: &String| token.bytes().all(|byte| byte.is_ascii_graphic());
        let token = token.filter(is_printable);
        Ok(format!("Bearer {}", token.ok_or_else(|| Error::new(format!("`{realm}` gave out no token")))?))
    }
}

fn no_chart(reference: &Reference) -> Error {
    Error::new(format!("`{reference}` is not a Helm chart"))
        .help("it may be an image: check the name and the version")
}

/// The target of `<...>; rel="next"`.
fn next_page(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    parameters.contains("next").then_some(target)
}

fn parse<T: for<'a> Deserialize<'a>>(url: &Url, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        Error::new(format!("the answer of `{url}` is not valid: {error}"))
            .help("check that it is an OCI registry")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_parts() {
        let reference = Reference::parse("oci://a.example:5000/charts/web:1.2.3+b").unwrap();
        assert_eq!(
            (reference.registry.as_str(), reference.repository.as_str()),
            ("a.example:5000", "charts/web")
        );
        assert_eq!((reference.name(), reference.manifest().as_str()), ("web", "1.2.3_b"));
        let digest = "a".repeat(64);
        let pinned = Reference::parse(&format!("oci://a.example/web:1.0.0@sha256:{digest}")).unwrap();
        assert_eq!(pinned.manifest(), format!("sha256:{digest}"));
        assert_eq!(pinned.to_string(), format!("oci://a.example/web:1.0.0@sha256:{digest}"));
        for bad in [
            "https://a/b",
            "oci://a",
            "oci://a/",
            "oci://a/../b",
            "oci://a/B",
            "oci://a/b:",
            "oci://a b/c",
            "oci://a/b@md5:1",
            "oci:///b",
            "oci://a/b:x/y",
        ] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn pages_follow_each_other() {
        assert_eq!(
            next_page("</v2/x/tags/list?n=2&last=b>; rel=\"next\""),
            Some("/v2/x/tags/list?n=2&last=b")
        );
        assert_eq!(next_page("</x>; rel=\"last\""), None);
        assert_eq!(next_page("x"), None);
    }
}
