//! Sprig's paths and URLs.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::fmt;
use crate::function::{Function, fixed};
use crate::text::{bytewise, from_bytewise};
use crate::value::{Args, Entries, Value};

pub(crate) const TABLE: &[Function] = &[
    fixed("base", 1, |args| changed(args, |path| base(path).to_owned())),
    fixed("dir", 1, |args| changed(args, dir)),
    fixed("clean", 1, |args| changed(args, clean)),
    fixed("ext", 1, |args| changed(args, |path| ext(path).to_owned())),
    fixed("isAbs", 1, |args| Ok(Value::Bool(args.bytes(0)?.starts_with(b"/")))),
    fixed("osBase", 1, |args| changed(args, |path| base(path).to_owned())),
    fixed("osDir", 1, |args| changed(args, dir)),
    fixed("osClean", 1, |args| changed(args, clean)),
    fixed("osExt", 1, |args| changed(args, |path| ext(path).to_owned())),
    fixed("osIsAbs", 1, |args| Ok(Value::Bool(args.bytes(0)?.starts_with(b"/")))),
    fixed("urlParse", 1, url_parse),
    fixed("urlJoin", 1, url_join),
];

/// A path that `change` makes of argument 0, whose bytes it sees as characters.
fn changed(args: Args<'_>, change: impl Fn(&str) -> String) -> Result<Value> {
    Ok(from_bytewise(&change(&bytewise(args.bytes(0)?))))
}

fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        Some("") | None => "/",
        Some(last) => last,
    }
}

fn dir(path: &str) -> String {
    clean(path.rfind('/').map_or("", |slash| &path[..=slash]))
}

fn ext(path: &str) -> &str {
    let last = path.rsplit('/').next().unwrap_or(path);
    last.rfind('.').map_or("", |dot| &last[dot..])
}

/// The shortest path that means the same: no `.`, no `..` after a name, no double slashes.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// The parts of a URL, as Sprig's dictionary names them. Their characters are bytes.
#[derive(Default)]
struct Url<'a> {
    scheme: String,
    opaque: &'a str,
    userinfo: String,
    host: String,
    path: String,
    query: &'a str,
    fragment: String,
}

fn url_parse(args: Args<'_>) -> Result<Value> {
    let text = bytewise(args.bytes(0)?);
    let url = parse(&text).map_err(|reason| {
        let text = fmt::quote(args.bytes(0).unwrap_or_default());
        Error::new(format!("unable to parse url: parse {text}: {reason}"))
    })?;
    let hostname = match url.host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => url.host.rsplit_once(':').map_or(url.host.as_str(), |(name, _)| name),
    };
    let entries: Entries = [
        ("scheme", url.scheme.as_str()),
        ("host", &url.host),
        ("hostname", hostname),
        ("path", &url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", &url.fragment),
        ("userinfo", &url.userinfo),
    ]
    .into_iter()
    .map(|(key, part)| (Arc::from(key), from_bytewise(part)))
    .collect();
    Ok(Value::map(entries))
}

fn parse(text: &str) -> Result<Url<'_>, &'static str> {
    let mut url = Url::default();
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL");
    }
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    url.fragment = unescape(fragment)?;
    let mut rest = rest;
    if let Some((scheme, after)) = rest.split_once(':') {
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if scheme.is_empty() {
            return Err("missing protocol scheme");
        }
        if is_scheme {
            url.scheme = scheme.to_ascii_lowercase();
            rest = after;
        } else if !scheme.contains('/') {
            return Err("first path segment in URL cannot contain colon");
        }
    }
    if let Some((before, query)) = rest.split_once('?') {
        (rest, url.query) = (before, query);
    }
    if !rest.starts_with('/') && !url.scheme.is_empty() {
        url.opaque = rest;
        return Ok(url);
    }
    // Without a scheme three slashes begin a path.
    let is_path = url.scheme.is_empty() && rest.starts_with("///");
    if let Some(after) = rest.strip_prefix("//").filter(|_| !is_path) {
        let end = after.find('/').unwrap_or(after.len());
        let (authority, path) = after.split_at(end);
        let (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        url.userinfo = user_text(userinfo)?;
        url.host = host_text(host)?;
        rest = path;
        let port = match host.rsplit_once(']') {
            Some((_, port)) => port.strip_prefix(':'),
            None => host.split_once(':').map(|(_, port)| port),
        };
        if port.is_some_and(|port| !port.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err("invalid port after host");
        }
    }
    url.path = unescape(rest)?;
    Ok(url)
}

/// User and password, escaped anew.
fn user_text(userinfo: &str) -> Result<String, &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    if !userinfo.bytes().all(allowed) {
        return Err("net/url: invalid userinfo");
    }
    let escaped = |text: &str| Ok(escape(&unescape(text)?, "$&+,;=-_.~"));
    match userinfo.split_once(':') {
        Some((user, password)) => Ok(format!("{}:{}", escaped(user)?, escaped(password)?)),
        None => escaped(userinfo),
    }
}

/// A host without its escapes. It has no white space or similar characters, and may escape only `%` and what is not ASCII.
fn host_text(host: &str) -> Result<String, &'static str> {
    let allowed = |byte: u8| {
        !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"%".contains(&byte)
    };
    if !host.bytes().all(allowed) {
        return Err("invalid character in host name");
    }
    if host.split('%').skip(1).any(|escape| !escape.starts_with("25") && escape.starts_with(|c| c < '8')) {
        return Err("invalid URL escape");
    }
    unescape(host)
}

fn url_join(args: Args<'_>) -> Result<Value> {
    let map = args.map(0)?;
    let part = |key: &str| -> Result<String> {
        match map.get(key) {
            None => Ok(String::new()),
            Some(value) => match value.as_string() {
                Some(text) => Ok(bytewise(text).into_owned()),
                None => Err(Error::new(format!(
                    "unable to parse `{key}` key, must be of type string, but is {}",
                    value.type_name()
                ))),
            },
        }
    };
    let (scheme, host, opaque) = (part("scheme")?, part("host")?, part("opaque")?);
    let (path, query, fragment, userinfo) =
        (part("path")?, part("query")?, part("fragment")?, part("userinfo")?);
    let mut out = String::new();
    if !scheme.is_empty() {
        out.push_str(&scheme);
        out.push(':');
    }
    if opaque.is_empty() {
        if !scheme.is_empty() || !host.is_empty() || !userinfo.is_empty() {
            if !host.is_empty() || !userinfo.is_empty() || !path.is_empty() {
                out.push_str("//");
            }
            if !userinfo.is_empty() {
                out.push_str(&user_text(&userinfo).map_err(|reason| {
                    Error::new(format!(
                        "unable to parse userinfo in dict: parse \"proto://{userinfo}@host\": {reason}"
                    ))
                })?);
                out.push('@');
            }
            out.push_str(&escape(&host, "-_.~!$&'()*+,;=:[]<>\""));
        }
        if !path.is_empty() && !path.starts_with('/') && !host.is_empty() {
            out.push('/');
        }
        // The first part would be taken for a scheme.
        if out.is_empty() && path.split('/').next().is_some_and(|first| first.contains(':')) {
            out.push_str("./");
        }
        // The path of `OPTIONS *` is not escaped.
        out.push_str(&if path == "*" { path } else { escape(&path, "$&+,/:;=@-_.~") });
    } else {
        out.push_str(&opaque);
    }
    if !query.is_empty() {
        out.push('?');
        out.push_str(&query);
    }
    if !fragment.is_empty() {
        out.push('#');
        out.push_str(&escape(&fragment, "$&+,/:;=?@-_.~!*()"));
    }
    Ok(from_bytewise(&out))
}

fn unescape(text: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut digit = || characters.next().and_then(|c| c.to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => out.extend(char::from_u32(high * 16 + low)),
            _ => return Err("invalid URL escape"),
        }
    }
    Ok(out)
}

fn escape(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.chars() {
        if byte.is_ascii_alphanumeric() || keep.contains(byte) {
            out.push(byte);
        } else {
            let _ = write!(out, "%{:02X}", u32::from(byte));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(parts: &[(&str, Value)]) -> Result<String, String> {
        let parts = parts.iter().map(|(key, part)| (Arc::from(*key), part.clone())).collect::<Entries>();
        let args = Args {
            values: &[Value::map(parts)],
            origins: &[],
            constants: crate::constants::Constants::default(),
        };
        url_join(args).map(|url| url.to_string()).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn urls_are_joined_like_go_does() {
        let text = |part: &str| Value::from(part);
        for (parts, url) in [
            (vec![("scheme", text("s")), ("path", text("x"))], "s://x"),
            (vec![("scheme", text("http")), ("path", text("/a b?"))], "http:///a%20b%3F"),
            (vec![("host", text("h")), ("path", text("/!*'()"))], "//h/%21%2A%27%28%29"),
            (vec![("path", text("*"))], "*"),
            (vec![("host", text("h")), ("fragment", text("!*'()?"))], "//h#!*%27()?"),
        ] {
            assert_eq!(joined(&parts).as_deref(), Ok(url));
        }
        assert!(joined(&[("host", Value::Nil)]).is_err());
    }

    #[test]
    fn three_slashes_without_a_scheme_begin_a_path() {
        let parsed = |text: &'static str| parse(text).map(|url| (url.host, url.path)).ok();
        assert_eq!(parsed("///p"), Some((String::new(), "///p".to_owned())));
        assert_eq!(parsed("file:///p"), Some((String::new(), "/p".to_owned())));
        assert_eq!(parsed("//h/p"), Some(("h".to_owned(), "/p".to_owned())));
    }

    #[test]
    fn paths_are_cleaned_like_go_does() {
        for (path, cleaned) in
            [("", "."), ("a/../../b", "../b"), ("/../a//b/./c/..", "/a/b"), ("a/b/..", "a"), ("/", "/")]
        {
            assert_eq!(clean(path), cleaned);
        }
        assert_eq!((base("/a/b/"), base("/"), base("")), ("b", "/", "."));
        assert_eq!((dir("/a/b"), dir("a")), ("/a".to_owned(), ".".to_owned()));
        assert_eq!((ext("a/b.tar.gz"), ext("a.b/c")), (".gz", ""));
    }
}
