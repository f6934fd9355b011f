//! The forms that names, keys and values must have: `k8s.io/apimachinery/pkg/util/validation`.
//!
//! Each function returns the API server's errors for a text, one item each; an
//! empty list (which costs nothing) means that the text is fine. The forms are checked byte by byte.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest label: of DNS, and of Kubernetes.
const LABEL_MAX: usize = 63;
/// The longest DNS subdomain.
const SUBDOMAIN_MAX: usize = 253;

macro_rules! label_pattern {
    () => {
        "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    };
}
macro_rules! label_key_pattern {
    () => {
        "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
    };
}
macro_rules! label_key_message {
    () => {
        concat!(
            "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ",
            "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '",
            label_key_pattern!(),
            "')"
        )
    };
}

/// `IsDNS1123Label`: names of containers, namespaces, ports.
pub fn dns1123_label(value: &str) -> Vec<String> {
    let mut complaints = too_long(value, LABEL_MAX);
    if !is_label(value.as_bytes()) {
        complaints.push(if is_subdomain(value) {
            "must not contain dots".to_owned()
        } else {
            concat!(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ",
                "and must start and end with an alphanumeric character ",
                "(e.g. 'my-name',  or '123-abc', regex used for validation is '",
                label_pattern!(),
                "')"
            )
            .to_owned()
        });
    }
    complaints
}

/// `IsDNS1123Subdomain`: names of most objects.
pub fn dns1123_subdomain(value: &str) -> Vec<String> {
    let mut complaints = too_long(value, SUBDOMAIN_MAX);
    if !is_subdomain(value) {
        complaints.push(SUBDOMAIN_MESSAGE.to_owned());
    }
    complaints
}

const SUBDOMAIN_MESSAGE: &str = concat!(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ",
    "and must start and end with an alphanumeric character ",
    "(e.g. 'example.com', regex used for validation is '",
    label_pattern!(),
    "(\\.",
    label_pattern!(),
    ")*')"
);

/// `IsDNS1123SubdomainWithUnderscore`: DNS search domains.
pub fn dns1123_subdomain_with_underscore(value: &str) -> Vec<String> {
    let mut complaints = too_long(value, SUBDOMAIN_MAX);
    let label = |label: &str| {
        let bytes = label.strip_prefix('_').unwrap_or(label).as_bytes();
        matches_ends_and_middle(bytes, lower_alphanumeric, |byte| {
            lower_alphanumeric(byte) || byte == b'-' || byte == b'_'
        })
    };
    if !value.split('.').all(label) {
        complaints.push(
            concat!(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', ",
                "and must start and end with an alphanumeric character ",
                "(e.g. 'example.com', regex used for validation is '",
                "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"
            )
            .to_owned(),
        );
    }
    complaints
}

/// `IsWildcardDNS1123Subdomain`: `*.example.com`.
pub fn wildcard_dns1123_subdomain(value: &str) -> Vec<String> {
    let mut complaints = too_long(value, SUBDOMAIN_MAX);
    if !value.strip_prefix("*.").is_some_and(is_subdomain) {
        complaints.push(
            concat!(
                "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must ",
                "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character ",
                "(e.g. '*.example.com', regex used for validation is '\\*\\.",
                label_pattern!(),
                "(\\.",
                label_pattern!(),
                ")*')"
            )
            .to_owned(),
        );
    }
    complaints
}

/// `IsDNS1035Label`: names of Services.
pub fn dns1035_label(value: &str) -> Vec<String> {
    let mut complaints = too_long(value, LABEL_MAX);
    if !(is_label(value.as_bytes()) && value.starts_with(|first: char| first.is_ascii_lowercase())) {
        complaints.push(
            concat!(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', ",
                "start with an alphabetic character, and end with an alphanumeric character ",
                "(e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
            )
            .to_owned(),
        );
    }
    complaints
}

/// `NameIsDNSLabel`, which objects named `name` or generated from a prefix ending in `-` pass.
pub fn name_is_dns_label(name: &str, prefix: bool) -> Vec<String> {
    with_masked_dash(name, prefix, dns1123_label)
}

/// `NameIsDNSSubdomain`, with the same leniency towards `generateName`.
pub fn name_is_dns_subdomain(name: &str, prefix: bool) -> Vec<String> {
    with_masked_dash(name, prefix, dns1123_subdomain)
}

/// `NameIsDNS1035Label`, with the same leniency towards `generateName`.
pub fn name_is_dns1035_label(name: &str, prefix: bool) -> Vec<String> {
    with_masked_dash(name, prefix, dns1035_label)
}

/// `maskTrailingDash`: a prefix may end in the dash that the random part follows. The server masks the
/// character before the dash as well, whatever it is.
fn with_masked_dash(name: &str, prefix: bool, check: fn(&str) -> Vec<String>) -> Vec<String> {
    let head = name.strip_suffix('-').filter(|_| prefix);
    match head.and_then(|head| head.strip_suffix(|before: char| before.is_ascii())) {
        Some(rest) => check(&format!("{rest}a")),
        None => check(name),
    }
}

/// `path.IsValidPathSegmentName`: names of roles and bindings, which need only be one segment of a URL.
pub fn path_segment_name(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    path_segment_prefix(name)
}

/// `path.IsValidPathSegmentPrefix`.
pub fn path_segment_prefix(name: &str) -> Vec<String> {
    ['/', '%']
        .into_iter()
        .filter(|bad| name.contains(*bad))
        .map(|bad| format!("may not contain '{bad}'"))
        .collect()
}

/// `IsQualifiedName`: `name` or `prefix.dns/name`; keys of labels and annotations, names of resources.
pub fn qualified_name(value: &str) -> Vec<String> {
    let (prefix, name) = match value.split_once('/') {
        None => (None, value),
        Some((_, name)) if name.contains('/') => {
            return vec![
                concat!(
                    "a valid label key ",
                    label_key_message!(),
                    " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
                )
                .to_owned(),
            ];
        }
        Some((prefix, name)) => (Some(prefix), name),
    };
    let mut complaints = Vec::new();
    match prefix {
        Some("") => complaints.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => {
            if prefix.len() > SUBDOMAIN_MAX {
                complaints.push(format!("prefix part must be no more than {SUBDOMAIN_MAX} bytes"));
            }
            if !is_subdomain(prefix) {
                complaints.push(format!("prefix part {SUBDOMAIN_MESSAGE}"));
            }
        }
        None => {}
    }
    if name.is_empty() {
        complaints.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        complaints.push(format!("name part must be no more than {LABEL_MAX} bytes"));
    }
    if !is_label_key(name) {
        complaints.push(concat!("name part ", label_key_message!()).to_owned());
    }
    complaints
}

/// `IsValidLabelValue`.
pub fn label_value(value: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if value.len() > LABEL_MAX {
        complaints.push(format!("must be no more than {LABEL_MAX} bytes"));
    }
    if !value.is_empty() && !is_label_key(value) {
        complaints.push(
            concat!(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ",
                "and must start and end with an alphanumeric character ",
                "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(",
                label_key_pattern!(),
                ")?')"
            )
            .to_owned(),
        );
    }
    complaints
}

/// `IsDomainPrefixedKey`: a qualified name that must have its prefix. An empty key is
/// a missing one there; here it fails as a qualified name does.
pub fn domain_prefixed_key(key: &str) -> Vec<String> {
    let complaints = qualified_name(key);
    if complaints.is_empty() && !key.contains('/') {
        return vec!["must be a domain-prefixed key (such as \"acme.io/foo\")".to_owned()];
    }
    complaints
}

/// `IsDomainPrefixedPath`: a subdomain, a slash, and characters of an HTTP path. An empty path is
/// a missing one there; here it fails for its form.
pub fn domain_prefixed_path(value: &str) -> Vec<String> {
    let Some((host, path)) =
        value.split_once('/').filter(|(host, path)| !host.is_empty() && !path.is_empty())
    else {
        return vec!["must be a domain-prefixed path (such as \"acme.io/foo\")".to_owned()];
    };
    let mut complaints = dns1123_subdomain(host);
    if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte)) {
        complaints.push(
            r"Invalid path (regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+')".to_owned(),
        );
    }
    complaints
}

/// `IsFullyQualifiedName`: a subdomain of at least three labels; names of webhooks.
pub fn fully_qualified_name(name: &str) -> Vec<String> {
    let complaints = dns1123_subdomain(name);
    if complaints.is_empty() && name.split('.').count() < 3 {
        return vec!["should be a domain with at least three segments separated by dots".to_owned()];
    }
    complaints
}

/// `IsFullyQualifiedDomainName`: at least two labels, with or without the dot of the root.
pub fn fully_qualified_domain_name(name: &str) -> Vec<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let complaints = dns1123_subdomain(name);
    if !complaints.is_empty() {
        return complaints;
    }
    if !name.contains('.') {
        return vec!["should be a domain with at least two segments separated by dots".to_owned()];
    }
    name.split('.').map(dns1123_label).find(|complaints| !complaints.is_empty()).unwrap_or_default()
}

/// `IsCIdentifier`.
pub fn c_identifier(value: &str) -> Vec<String> {
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let fine = value.as_bytes().split_first().is_some_and(|(head, tail)| {
        first(*head) && tail.iter().all(|byte| first(*byte) || byte.is_ascii_digit())
    });
    if fine {
        return Vec::new();
    }
    vec![
        concat!(
            "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric ",
            "characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is ",
            "'[A-Za-z_][A-Za-z0-9_]*')"
        )
        .to_owned(),
    ]
}

/// `IsEnvVarName`: the strict form, from before 1.34 (gate `RelaxedEnvironmentVariableValidation`).
pub fn env_var_name(value: &str) -> Vec<String> {
    let first = |byte: u8| byte.is_ascii_alphabetic() || b"-._".contains(&byte);
    let fine = value.as_bytes().split_first().is_some_and(|(head, tail)| {
        first(*head) && tail.iter().all(|byte| first(*byte) || byte.is_ascii_digit())
    });
    let mut complaints = Vec::new();
    if !fine {
        complaints.push(
            concat!(
                "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', ",
                "and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', ",
                "regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
            )
            .to_owned(),
        );
    }
    complaints.extend(change_directory(value));
    complaints
}

/// `IsRelaxedEnvVarName`: any printable ASCII but `=`.
pub fn relaxed_env_var_name(value: &str) -> Vec<String> {
    if value.is_empty() {
        return vec!["environment variable name must be non-empty".to_owned()];
    }
    if value.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=') {
        return Vec::new();
    }
    vec![
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
            .to_owned(),
    ]
}

/// `IsConfigMapKey`: keys of ConfigMaps and Secrets, which become file names.
pub fn config_map_key(value: &str) -> Vec<String> {
    let mut complaints = too_long(value, SUBDOMAIN_MAX);
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
        complaints.push(
            concat!(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' ",
                "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
            )
            .to_owned(),
        );
    }
    complaints.extend(change_directory(value));
    complaints
}

/// `hasChDirPrefix`.
fn change_directory(value: &str) -> Option<String> {
    match value {
        "." => Some("must not be '.'".to_owned()),
        ".." => Some("must not be '..'".to_owned()),
        _ if value.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

/// `IsHTTPHeaderName`.
pub fn http_header_name(value: &str) -> Vec<String> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Vec::new();
    }
    vec![
        concat!(
            "a valid HTTP header must consist of alphanumeric characters or '-' ",
            "(e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
        )
        .to_owned(),
    ]
}

/// `IsValidPortName`: names of container ports, and names where a port is referred to.
pub fn port_name(value: &str) -> Vec<String> {
    let mut complaints = too_long(value, 15);
    if value.is_empty() || !value.bytes().all(|byte| lower_alphanumeric(byte) || byte == b'-') {
        complaints.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !value.bytes().any(|byte| byte.is_ascii_lowercase()) {
        complaints.push("must contain at least one letter (a-z)".to_owned());
    }
    if value.contains("--") {
        complaints.push("must not contain consecutive hyphens".to_owned());
    }
    if value.starts_with('-') || value.ends_with('-') {
        complaints.push("must not begin or end with a hyphen".to_owned());
    }
    complaints
}

/// `IsValidPortNum`.
pub fn port_number(port: i64) -> Vec<String> {
    in_range(port, 1, 65535)
}

/// `IsInRange`.
pub fn in_range(value: i64, min: i64, max: i64) -> Vec<String> {
    if (min..=max).contains(&value) {
        return Vec::new();
    }
    vec![format!("must be between {min} and {max}, inclusive")]
}

/// `IsValidUserID` and `IsValidGroupID`.
pub fn user_or_group_id(id: i64) -> Vec<String> {
    in_range(id, 0, i64::from(i32::MAX))
}

/// `IsValidPercent`.
pub fn percent(value: &str) -> Vec<String> {
    if value
        .strip_suffix('%')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    {
        return Vec::new();
    }
    vec![
        concat!(
            "a valid percent string must be a numeric string followed by an ending '%' ",
            "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
        )
        .to_owned(),
    ]
}

/// `IsValidIPForLegacyField`: an address in the forms that Kubernetes has long taken. `strict` (the gate
/// `StrictIPCIDRValidation`, on since 1.36) refuses leading zeros and IPv4 addresses written as IPv6.
pub fn ip(value: &str, strict: bool) -> Vec<String> {
    if parse_ip(value).is_none() {
        return vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()];
    }
    match value.parse::<IpAddr>() {
        _ if !strict => Vec::new(),
        Err(_) => vec!["must not have leading 0s".to_owned()],
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_some() => {
            vec!["must not be an IPv4-mapped IPv6 address".to_owned()]
        }
        Ok(_) => Vec::new(),
    }
}

/// `IsValidCIDRForLegacyField`: a block in the forms that Kubernetes has long taken; `strict` as for [`ip`],
/// and no bits set beyond the prefix.
pub fn cidr(value: &str, strict: bool) -> Vec<String> {
    let Some((address, length)) = parse_cidr(value) else {
        return vec!["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)".to_owned()];
    };
    if !strict {
        return Vec::new();
    }
    let complaint = if !is_plain_cidr(value) {
        "must not have leading 0s in IP or prefix length"
    } else if address.is_ipv4() && value.contains(':') {
        "must not have an IPv4-mapped IPv6 address"
    } else if network(address, length) != address {
        "must not have bits set beyond the prefix length"
    } else {
        return Vec::new();
    };
    vec![complaint.to_owned()]
}

/// `IsValidIP`: an address in canonical form, for fields and names that are younger than [`ip`].
pub fn canonical_ip(value: &str) -> Vec<String> {
    let complaints = ip(value, true);
    match parse_ip(value) {
        Some(address) if complaints.is_empty() => demand_canonical(value, &address.to_string()),
        _ => complaints,
    }
}

/// `IsValidCIDR`: a block in canonical form, for fields that are younger than [`cidr`].
pub fn canonical_cidr(value: &str) -> Vec<String> {
    let complaints = cidr(value, true);
    match parse_cidr(value) {
        Some((address, length)) if complaints.is_empty() => {
            demand_canonical(value, &format!("{address}/{length}"))
        }
        _ => complaints,
    }
}

fn demand_canonical(value: &str, canonical: &str) -> Vec<String> {
    if value == canonical {
        return Vec::new();
    }
    vec![format!("must be in canonical form ({canonical:?})")]
}

/// Whether Go's strict parser would take a block that the sloppy one takes: no leading zeros.
fn is_plain_cidr(value: &str) -> bool {
    value.split_once('/').is_some_and(|(address, length)| {
        address.parse::<IpAddr>().is_ok() && (length == "0" || !length.starts_with('0'))
    })
}

/// The address with the bits beyond the prefix cleared.
pub fn network(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length.into())).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(length.into())).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
        }
    }
}

/// `netutils.ParseIPSloppy`: octets may have leading zeros. An IPv4 address written as IPv6
/// (`::ffff:10.0.0.1`) is the IPv4 address, as in Go.
pub fn parse_ip(value: &str) -> Option<IpAddr> {
    if value.contains(':') {
        let address: Ipv6Addr = normalize_ipv4_tail(value)?.parse().ok()?;
        return Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4));
    }
    parse_sloppy_ipv4(value).map(IpAddr::V4)
}

/// `netutils.ParseCIDRSloppy`: the address as written, and the length of the prefix.
pub fn parse_cidr(value: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = value.split_once('/')?;
    let v4 = !address.contains(':');
    if length.is_empty() || length.len() > 9 || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let length: u32 = length.parse().ok()?;
    let ip = parse_ip(address)?;
    let length = u8::try_from(length).ok().filter(|length| *length <= if v4 { 32 } else { 128 })?;
    Some((ip, length))
}

fn parse_sloppy_ipv4(value: &str) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut parts = value.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let digits = part.trim_start_matches('0');
        *octet = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets))
}

/// An IPv6 text whose IPv4 tail, if it has one, is rid of leading zeros.
fn normalize_ipv4_tail(value: &str) -> Option<std::borrow::Cow<'_, str>> {
    let (head, tail) = value.rsplit_once(':')?;
    if !tail.contains('.') {
        return Some(value.into());
    }
    Some(format!("{head}:{}", parse_sloppy_ipv4(tail)?).into())
}

/// `GetWarningsForIP`: the warning about an address that is accepted but not in canonical form. For texts that [`ip`] accepts.
pub fn ip_warning(value: &str) -> Option<String> {
    let address = parse_ip(value)?;
    match value.parse::<IpAddr>() {
        Ok(IpAddr::V6(strict)) if strict.to_ipv4_mapped().is_none() => {
            let canonical = strict.to_string();
            (canonical != value).then(|| {
                format!("IPv6 address {value:?} should be in RFC 5952 canonical format ({canonical:?})")
            })
        }
        Ok(IpAddr::V4(_)) => None,
        _ => Some(format!(
            "non-standard IP address {value:?} will be considered invalid in a future Kubernetes release: use \"{address}\""
        )),
    }
}

/// `GetWarningsForCIDR`, likewise for blocks.
pub fn cidr_warnings(value: &str) -> Vec<String> {
    let Some((address, length)) = parse_cidr(value) else { return Vec::new() };
    let mapped = address.is_ipv4() && value.contains(':');
    // A block of mapped addresses is printed as one of IPv4 addresses.
    let network_length = if mapped { length.saturating_sub(96) } else { length };
    let network = network(address, network_length);
    let mut warnings = Vec::new();
    if network != address {
        let bits = if address.is_ipv4() && !mapped { 32 } else { 128 };
        warnings.push(format!(
            "CIDR value {value:?} is ambiguous in this context (should be \"{network}/{network_length}\" or \"{address}/{bits}\"?)"
        ));
    }
    if !is_plain_cidr(value) || mapped {
        warnings.push(format!(
            "non-standard CIDR value {value:?} will be considered invalid in a future Kubernetes release: use \"{network}/{network_length}\""
        ));
    }
    if warnings.is_empty() && address.is_ipv6() && format!("{address}/{length}") != value {
        warnings.push(format!(
            "IPv6 CIDR value {value:?} should be in RFC 5952 canonical format (\"{address}/{length}\")"
        ));
    }
    warnings
}

/// A text close to `value` that passes `check`: without blanks around it, its odd
/// characters as dashes, in small letters, without dots.
pub fn suggest_repair(value: &str, check: impl Fn(&str) -> Vec<String>) -> Option<String> {
    let dashed = |keep: &dyn Fn(char) -> bool| {
        let text: String = value.trim().chars().map(|c| if keep(c) { c } else { '-' }).collect();
        text.trim_matches(['-', '.', '_']).to_owned()
    };
    let kept = dashed(&|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    let named = dashed(&|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    let labelled = dashed(&|c| c.is_ascii_alphanumeric());
    [
        value.trim().to_owned(),
        kept.clone(),
        kept.to_lowercase(),
        named.to_lowercase(),
        labelled.to_lowercase(),
    ]
    .into_iter()
    .find(|text| !text.is_empty() && text != value && check(text).is_empty())
}

fn too_long(value: &str, max: usize) -> Vec<String> {
    if value.len() > max { vec![format!("must be no more than {max} characters")] } else { Vec::new() }
}

fn lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Whether both ends satisfy `end` and everything between them `inner`.
fn matches_ends_and_middle(bytes: &[u8], end: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    match bytes {
        [] => false,
        [only] => end(*only),
        [first, middle @ .., last] => end(*first) && end(*last) && middle.iter().all(|byte| inner(*byte)),
    }
}

fn is_label(bytes: &[u8]) -> bool {
    matches_ends_and_middle(bytes, lower_alphanumeric, |byte| lower_alphanumeric(byte) || byte == b'-')
}

fn is_subdomain(value: &str) -> bool {
    value.as_bytes().split(|byte| *byte == b'.').all(is_label)
}

fn is_label_key(value: &str) -> bool {
    matches_ends_and_middle(
        value.as_bytes(),
        |byte| byte.is_ascii_alphanumeric(),
        |byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: fn(&str) -> Vec<String>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(form(text), Vec::<String>::new(), "{text:?}");
        }
        for text in bad {
            assert_ne!(form(text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn dns_names() {
        let (l63, l64) = ("a".repeat(63), "a".repeat(64));
        let (l253, l254) = (
            format!("{0}.{0}.{0}.{1}", l63, "a".repeat(61)),
            format!("{0}.{0}.{0}.{1}", l63, "a".repeat(62)),
        );
        check(dns1123_label, &["a", "a-b", "0a", &l63], &["", "-a", "a-", "A", "a.b", "a_b", "ä", &l64]);
        check(
            dns1123_subdomain,
            &["a", "a.b", "a-1.0", &l253, &l64],
            &["", ".", "a.", ".a", "a..b", "a.-b", "A.b", &l254],
        );
        check(dns1035_label, &["a", "a-1"], &["", "1a", "-a", "a-", "a.b", &l64]);
        check(dns1123_subdomain_with_underscore, &["_dns.a", "a_b.c", "a"], &["__a", "a_", "", "a..b", "A"]);
        check(wildcard_dns1123_subdomain, &["*.a.b"], &["*", "*.*.a", "a.*.b", "*a.b", "a.b", "*."]);
        check(fully_qualified_name, &["a.b.c"], &["a.b", "a", "a.b.C"]);
        check(fully_qualified_domain_name, &["a.b", "a.b."], &["a", "a.B", "a.b.."]);
        assert_eq!(dns1123_label("a.b"), ["must not contain dots"]);
        assert_eq!(dns1123_label(&l64), ["must be no more than 63 characters"]);
        assert_eq!(dns1123_label(&"A".repeat(64)).len(), 2);
    }

    #[test]
    fn generated_names_may_end_in_a_dash() {
        assert!(name_is_dns_label("web-", true).is_empty());
        assert!(!name_is_dns_label("web-", false).is_empty());
        assert!(!name_is_dns_label("-", true).is_empty());
    }

    #[test]
    fn keys_and_values_of_labels() {
        let (l63, l64) = ("a".repeat(63), "a".repeat(64));
        check(
            qualified_name,
            &["a", "A_b.c-d", "x.y/Z", &l63],
            &["", "/a", "a/", "a/b/c", "X/y", "-a", "a b", &l64],
        );
        check(label_value, &["", "a", "A_b.c-d", &l63], &["-a", "a-", "a b", "a/b", &l64]);
        check(domain_prefixed_key, &["a.io/b"], &["b", ""]);
        check(domain_prefixed_path, &["a.io/b/c:d"], &["a.io", "a.io/", "/b", "A/b", "a/b c"]);
        assert_eq!(qualified_name("a/").len(), 2);
        assert_eq!(qualified_name("App.io/a").len(), 1);
    }

    #[test]
    fn names_in_pods() {
        check(
            port_name,
            &["http", "a-1", "8a"],
            &["", "HTTP", "80", "a--b", "-a", "a-", "abcdefghijklmnop", "a_b"],
        );
        check(env_var_name, &["A", "a.b-c_D1"], &["", "1A", "A B", ".", "..", "..a", "A=B"]);
        check(relaxed_env_var_name, &["1A", "a b", "a/b"], &["", "A=B", "ä", "a\tb"]);
        check(config_map_key, &["a.yaml", "A_b", ".x"], &["", "a/b", ".", "..", "..a", &"a".repeat(254)]);
        check(http_header_name, &["X-A"], &["", "X_A", "a:"]);
        check(c_identifier, &["_a1"], &["", "1a", "a-b"]);
        check(percent, &["0%", "150%"], &["%", "-5%", "5", "5.5%", "5 %"]);
        check(path_segment_name, &["system:a", "A b"], &[".", "..", "a/b", "a%b"]);
    }

    #[test]
    fn numbers() {
        assert!(port_number(1).is_empty() && port_number(65535).is_empty());
        assert_eq!(port_number(0), ["must be between 1 and 65535, inclusive"]);
        assert!(!user_or_group_id(-1).is_empty() && !user_or_group_id(1 << 32).is_empty());
    }

    #[test]
    fn addresses_are_read_as_go_once_did() {
        let (ip, cidr) = (|text: &str| super::ip(text, false), |text: &str| super::cidr(text, false));
        check(
            ip,
            &["10.0.0.1", "010.000.0.1", "::", "2001:DB8::1", "::ffff:1.2.3.4", "::ffff:01.2.3.4"],
            &["", "10.0.0", "10.0.0.256", "10.0.0.1.2", "10.0.0.1/8", "fe80::1%eth0", "a", ":::", "1.2.3.+4"],
        );
        check(
            cidr,
            &["10.0.0.0/8", "10.0.0.1/8", "::/0", "0.0.0.0/0", "10.0.0.0/08"],
            &["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", ""],
        );
        assert_eq!(parse_ip("::ffff:1.2.3.4"), Some(IpAddr::V4(Ipv4Addr::new(1, 2, 3, 4))));
    }

    #[test]
    fn strictness_wants_one_spelling() {
        let (ip, cidr) = (|text: &str| super::ip(text, true), |text: &str| super::cidr(text, true));
        check(ip, &["10.0.0.1", "2001:DB8::1"], &["10.0.0.01", "::ffff:1.2.3.4", "x"]);
        let good = ["10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0", "::/0", "1.2.3.4/32"];
        check(cidr, &good, &["10.0.0.1/8", "10.0.0.00/8", "10.0.0.0/08", "::ffff:1.2.3.4/128"]);
        assert_eq!(cidr("10.20.3.4/16"), ["must not have bits set beyond the prefix length"]);
    }

    #[test]
    fn addresses_written_oddly_are_warned_of() {
        assert_eq!(ip_warning("10.0.0.1"), None);
        assert_eq!(ip_warning("2001:db8::1"), None);
        assert!(ip_warning("010.0.0.1").is_some_and(|text| text.ends_with("use \"10.0.0.1\"")));
        assert!(ip_warning("::ffff:10.0.0.1").is_some_and(|text| text.ends_with("use \"10.0.0.1\"")));
        assert!(ip_warning("2001:DB8::1").is_some_and(|text| text.contains("RFC 5952")));
        assert!(cidr_warnings("10.0.0.0/8").is_empty());
        assert!(cidr_warnings("10.1.0.0/8")[0].contains("should be \"10.0.0.0/8\" or \"10.1.0.0/32\"?"));
        assert!(cidr_warnings("010.0.0.0/8")[0].contains("non-standard"));
        assert!(cidr_warnings("2001:DB8::/32")[0].contains("RFC 5952"));
    }

    #[test]
    fn close_texts_are_offered() {
        assert_eq!(suggest_repair("Orders_DB", dns1123_label).as_deref(), Some("orders-db"));
        assert_eq!(suggest_repair("a.b", dns1123_label).as_deref(), Some("a-b"));
        assert_eq!(suggest_repair("Example.org", dns1123_subdomain).as_deref(), Some("example.org"));
        assert_eq!(suggest_repair(" web ", dns1123_label).as_deref(), Some("web"));
        assert_eq!(suggest_repair("nginx:1.27", label_value).as_deref(), Some("nginx-1.27"));
        assert_eq!(suggest_repair("HTTP", port_name).as_deref(), Some("http"));
        assert_eq!(suggest_repair("-", dns1123_label), None);
        assert_eq!(suggest_repair(&"a".repeat(64), dns1123_label), None);
        assert_eq!(suggest_repair("fine", dns1123_label), None);
    }
}
