//! URLs of repositories and archives, resolved as Helm resolves them.

use crate::error::{Error, Result};
use std::fmt::{self, Write as _};

/// An `http` or `https` URL. Printed, it never shows the password in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Url {
    scheme: String,
    userinfo: Option<String>,
    /// Host and port, in lower case.
    host: String,
    /// Begins with a slash.
    path: String,
    query: Option<String>,
}

impl Url {
    /// Reads an absolute URL.
    ///
    /// # Errors
    /// The text is not a URL, or of another scheme than `http` and `https`.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = || {
            Error::new(format!("`{}` is not a valid URL", hide_password(text)))
                .help("use a URL such as `https://charts.example.com`")
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err(Error::new(format!("the scheme of `{}` is not supported", hide_password(text)))
                .help("use http://, https://, oci:// or file://"));
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (userinfo, host) = match authority.rsplit_once('@') {
            Some((userinfo, host)) => (Some(userinfo.to_owned()), host),
            None => (None, authority),
        };
        if !is_host(host) {
            return Err(invalid());
        }
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(encode(query))),
            None => (rest, None),
        };
        let path = if path.is_empty() { "/".to_owned() } else { encode(path) };
        Ok(Self { scheme, userinfo, host: host.to_ascii_lowercase(), path, query })
    }

    /// What a reference found at this URL leads to: the target of a redirect, the next page of a list.
    ///
    /// # Errors
    /// The reference is not a URL.
    pub fn join(&self, reference: &str) -> Result<Self> {
        if has_scheme(reference) {
            return Self::parse(reference);
        }
        if reference.starts_with("//") {
            return Self::parse(&format!("{}:{reference}", self.scheme));
        }
        let reference = reference.split('#').next().unwrap_or_default();
        let (path, query) = match reference.split_once('?') {
            Some((path, query)) => (path, Some(encode(query))),
            None => (reference, None),
        };
        let path = match path {
            "" => self.path.clone(),
            path if path.starts_with('/') => without_dots(&encode(path)),
            path => {
                let directory = &self.path[..=self.path.rfind('/').unwrap_or(0)];
                without_dots(&format!("{directory}{}", encode(path)))
            }
        };
        Ok(Self { path, query, ..self.clone() })
    }

    /// What a URL in the index of the repository at this URL leads to: one without a scheme is inside the repository, and
    /// keeps the repository's query.
    ///
    /// # Errors
    /// The reference is not a URL.
    pub fn resolve(&self, reference: &str) -> Result<Self> {
        if has_scheme(reference) {
            return Self::parse(reference);
        }
        let directory = Self { path: format!("{}/", self.path.trim_end_matches('/')), ..self.clone() };
        Ok(Self { query: self.query.clone(), ..directory.join(reference)? })
    }

    /// The same URL with `more` added to its query.
    #[must_use]
    pub fn with_query(&self, more: &str) -> Self {
        let query = match &self.query {
            Some(query) if !query.is_empty() => format!("{query}&{more}"),
            _ => more.to_owned(),
        };
        Self { query: Some(query), ..self.clone() }
    }

    /// The same URL with `suffix` at the end of its path.
    #[must_use]
    pub(crate) fn with_suffix(&self, suffix: &str) -> Self {
        Self { path: format!("{}{suffix}", self.path), ..self.clone() }
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether another URL leads to the same service: scheme, host and port are the same.
    pub fn has_origin_of(&self, other: &Self) -> bool {
        self.origin() == other.origin()
    }

    fn origin(&self) -> (&str, &str) {
        let default = if self.is_secure() { ":443" } else { ":80" };
        (&self.scheme, self.host.strip_suffix(default).unwrap_or(&self.host))
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The user and the password in the URL.
    pub(crate) fn userinfo(&self) -> Option<(String, String)> {
        let userinfo = self.userinfo.as_deref()?;
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        Some((decode(user), decode(password)))
    }

    /// The last part of the path, decoded: the name of a file.
    pub fn file_name(&self) -> String {
        decode(self.path.rsplit('/').next().unwrap_or_default())
    }

    /// Whether two URLs of repositories name the same one: a slash at the end makes no difference.
    pub fn is_same_repository(&self, other: &Self) -> bool {
        let path = |url: &Self| url.path.trim_end_matches('/').to_owned();
        self.has_origin_of(other) && path(self) == path(other) && self.query == other.query
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.host, self.path)?;
        self.query.iter().try_for_each(|query| write!(f, "?{query}"))
    }
}

/// A URL as it may be shown: without the user and the password in it.
pub fn hide_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{host}{}", &rest[end..]),
        None => text.to_owned(),
    }
}

/// Whether a text is the name or the address of a host, perhaps with a port.
pub(crate) fn is_host(text: &str) -> bool {
    let is_address = |c: char| c.is_ascii_hexdigit() || ":.".contains(c);
    let is_name = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let is_port = |port: &str| {
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
    };
    if let Some((address, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return !address.is_empty() && address.chars().all(is_address) && is_port(port);
    }
    let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
    !name.is_empty() && name.chars().all(is_name) && is_port(port)
}

/// Whether a reference begins with a scheme: `https:`.
fn has_scheme(reference: &str) -> bool {
    reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// Encodes what may not be in a URL. What is encoded already stays.
fn encode(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte);
    encode_bytes(text, is_plain)
}

/// Encodes a value for a query.
pub(crate) fn encode_value(text: &str) -> String {
    encode_bytes(text, |byte| byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte))
}

fn encode_bytes(text: &str, is_plain: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        decoded.push(code.unwrap_or(*byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// A path without `.` and `..` parts.
fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let is_directory = path.ends_with("/.") || path.ends_with("/..");
    format!("/{}{}", parts.join("/"), if is_directory && !parts.is_empty() { "/" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Helm resolves the URLs of index files: observed with helm 4.1.4.
    #[test]
    fn urls_of_an_index_are_resolved_as_by_helm() {
        for (repository, reference, resolved) in [
            ("https://a.example", "x-1.tgz", "https://a.example/x-1.tgz"),
            ("https://a.example/charts", "x-1.tgz", "https://a.example/charts/x-1.tgz"),
            ("https://a.example/charts/", "./b/../x-1.tgz", "https://a.example/charts/x-1.tgz"),
            ("https://a.example/charts/", "../x-1.tgz", "https://a.example/x-1.tgz"),
            ("https://a.example/charts", "/x-1.tgz", "https://a.example/x-1.tgz"),
            ("https://a.example/charts?token=t", "x-1.tgz", "https://a.example/charts/x-1.tgz?token=t"),
            ("https://a.example/charts", "https://b.example/x-1.tgz", "https://b.example/x-1.tgz"),
            ("https://a.example/charts", "a b-1+c.tgz", "https://a.example/charts/a%20b-1+c.tgz"),
            ("http://u:p@A.example:8080/c", "x.tgz", "http://a.example:8080/c/x.tgz"),
        ] {
            assert_eq!(Url::parse(repository).unwrap().resolve(reference).unwrap().to_string(), resolved);
        }
    }

    #[test]
    fn redirects_start_from_the_page() {
        let page = Url::parse("https://a.example/v2/x/tags/list?n=1").unwrap();
        assert_eq!(page.join("?n=2").unwrap().to_string(), "https://a.example/v2/x/tags/list?n=2");
        assert_eq!(page.join("//b.example/y").unwrap().to_string(), "https://b.example/y");
        assert_eq!(page.join("../z").unwrap().to_string(), "https://a.example/v2/x/z");
        assert!(page.join("ftp://b.example").is_err() && page.join("javascript:1").is_err());
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(url("https://a.example/x").has_origin_of(&url("https://A.example:443/y?z")));
        assert!(!url("https://a.example").has_origin_of(&url("http://a.example")));
        assert!(!url("https://a.example").has_origin_of(&url("https://a.example:8443")));
        assert!(url("https://a.example/x/").is_same_repository(&url("https://a.example/x")));
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        for good in ["a.example", "localhost:5000", "[::1]:80", "127.0.0.1"] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["", ":80", "a b", "[::1", "::1", "a:port", "a:99999", "[]", "a/b"] {
            assert!(!is_host(bad), "{bad}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let url = Url::parse("https://me:s%40cret@a.example/x").unwrap();
        assert_eq!(url.userinfo(), Some(("me".to_owned(), "s@cret".to_owned())));
        assert_eq!(url.to_string(), "https://a.example/x");
        assert!(!Url::parse("ftp://me:secret@a.example").unwrap_err().message.contains("secret"));
        assert!(!Url::parse("https://me:secret@a b").unwrap_err().message.contains("secret"));
    }
}
