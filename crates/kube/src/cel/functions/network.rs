//! URLs and addresses: `library/urls.go`, `library/ip.go`, `library/cidr.go`.

use super::super::eval::{EvalError, Evaluated};
use super::super::value::{Key, Value};
use crate::names;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// A URL with a scheme, or an absolute path (`url.ParseRequestURI`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    scheme: String,
    host: String,
    path: String,
    query: String,
}

impl Url {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.contains(|c: char| c.is_ascii_control() || c == ' ') {
            return None;
        }
        let (rest, query) = text.split_once('?').unwrap_or((text, ""));
        let owned = |scheme: &str, host: &str, path: &str| {
            Some(Self {
                scheme: scheme.to_lowercase(),
                host: host.to_owned(),
                path: path.to_owned(),
                query: query.to_owned(),
            })
        };
        if rest.starts_with('/') {
            return owned("", "", rest);
        }
        let (scheme, rest) = rest.split_once(':')?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let Some(rest) = rest.strip_prefix("//") else {
            return if is_scheme && rest.starts_with('/') { owned(scheme, "", rest) } else { None };
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let port = host.rsplit_once(':').map(|(_, port)| port).filter(|_| !host.ends_with(']'));
        let is_port = port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
        if is_scheme && is_port { owned(scheme, host, path) } else { None }
    }

    fn port(&self) -> &str {
        let after = self.host.rsplit_once(':').map_or("", |(_, port)| port);
        if after.contains(']') { "" } else { after }
    }

    fn host_name(&self) -> &str {
        let name = self.host.strip_suffix(&format!(":{}", self.port())).unwrap_or(&self.host);
        name.trim_start_matches('[').trim_end_matches(']')
    }

    fn query(&self) -> Value {
        let mut values: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            values.entry(Key::String(key.into())).or_default().push(Value::string(value));
        }
        Value::Map(Arc::new(values.into_iter().map(|(key, list)| (key, Value::list(list))).collect()))
    }
}

pub(super) fn call(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Option<Evaluated> {
    match receiver {
        None => global(name, arguments),
        Some(Value::Url(url)) => {
            let text = match name {
                "getScheme" => url.scheme.as_str(),
                "getHost" => &url.host,
                "getHostname" => url.host_name(),
                "getPort" => url.port(),
                "getEscapedPath" => &url.path,
                "getQuery" => return Some(Ok(url.query())),
                _ => return None,
            };
            Some(Ok(Value::string(text)))
        }
        Some(Value::Ip(address)) => of_address(name, *address).map(Ok),
        Some(Value::Cidr(address, length)) => of_block(name, *address, *length, arguments),
        Some(_) => None,
    }
}

fn global(name: &str, arguments: &[Value]) -> Option<Evaluated> {
    let [Value::String(text), rest @ ..] = arguments else { return None };
    Some(match (name, rest) {
        ("url", []) => Url::parse(text).map(|url| Value::Url(Arc::new(url))).ok_or_else(|| {
            EvalError::failed(format!("URL parse error during conversion from string: {text:?}"))
        }),
        ("isURL", []) => Ok(Value::Bool(Url::parse(text).is_some())),
        ("ip", []) => address(text).map(Value::Ip).ok_or_else(|| {
            EvalError::failed(format!("IP Address {text:?} parse error during conversion from string"))
        }),
        ("isIP", []) => Ok(Value::Bool(address(text).is_some())),
        ("isIP", [Value::Int(family)]) => {
            Ok(Value::Bool(address(text).is_some_and(|address| family_of(address) == *family)))
        }
        ("ip.isCanonical", []) => match address(text) {
            Some(address) => Ok(Value::Bool(address.to_string() == **text)),
            None => Err(EvalError::failed(format!("IP Address {text:?} parse error"))),
        },
        ("cidr", []) => block(text).map(|(address, length)| Value::Cidr(address, length)).ok_or_else(|| {
            EvalError::failed(format!("network address parse error during conversion from string: {text:?}"))
        }),
        ("isCIDR", []) => Ok(Value::Bool(block(text).is_some())),
        _ => return None,
    })
}

/// As `netip.ParseAddr`, without zones and addresses of version 4 in those of version 6.
fn address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    match address {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => None,
        address => Some(address),
    }
}

/// As `netip.ParsePrefix`.
fn block(text: &str) -> Option<(IpAddr, u8)> {
    let (start, length) = text.split_once('/')?;
    let address = address(start)?;
    let is_plain =
        length.bytes().all(|byte| byte.is_ascii_digit()) && (length == "0" || !length.starts_with('0'));
    let length: u8 = length.parse().ok().filter(|_| is_plain)?;
    (length <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, length))
}

fn family_of(address: IpAddr) -> i64 {
    if address.is_ipv4() { 4 } else { 6 }
}

fn of_address(name: &str, address: IpAddr) -> Option<Value> {
    let is_link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    let is_local_multicast = match address {
        IpAddr::V4(v4) => v4.octets()[..3] == [224, 0, 0],
        IpAddr::V6(v6) => v6.segments()[0] & 0xff0f == 0xff02,
    };
    let is_broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    Some(match name {
        "family" => Value::Int(family_of(address)),
        "isUnspecified" => Value::Bool(address.is_unspecified()),
        "isLoopback" => Value::Bool(address.is_loopback()),
        "isLinkLocalMulticast" => Value::Bool(is_local_multicast),
        "isLinkLocalUnicast" => Value::Bool(is_link_local),
        "isGlobalUnicast" => Value::Bool(
            !address.is_unspecified()
                && !address.is_loopback()
                && !address.is_multicast()
                && !is_link_local
                && !is_broadcast,
        ),
        _ => return None,
    })
}

fn of_block(name: &str, start: IpAddr, length: u8, arguments: &[Value]) -> Option<Evaluated> {
    let contains = |inner: IpAddr| {
        inner.is_ipv4() == start.is_ipv4() && names::network(inner, length) == names::network(start, length)
    };
    let unparsed =
        |text: &str| EvalError::failed(format!("{text:?} parse error during conversion from string"));
    Some(match (name, arguments) {
        ("containsIP", [Value::Ip(inner)]) => Ok(Value::Bool(contains(*inner))),
        ("containsIP", [Value::String(text)]) => {
            address(text).map(|inner| Value::Bool(contains(inner))).ok_or_else(|| unparsed(text))
        }
        ("containsCIDR", [Value::Cidr(inner, inner_length)]) => {
            Ok(Value::Bool(*inner_length >= length && contains(*inner)))
        }
        ("containsCIDR", [Value::String(text)]) => block(text)
            .map(|(inner, inner_length)| Value::Bool(inner_length >= length && contains(inner)))
            .ok_or_else(|| unparsed(text)),
        ("ip", []) => Ok(Value::Ip(start)),
        ("prefixLength", []) => Ok(Value::Int(length.into())),
        ("masked", []) => Ok(Value::Cidr(names::network(start, length), length)),
        _ => return None,
    })
}
