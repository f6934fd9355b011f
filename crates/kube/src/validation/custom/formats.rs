//! Formats of strings (`pkg/apiserver/validation/formats.go`, `kube-openapi/pkg/validation/strfmt`).

use crate::{Version, names};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

/// The formats of every version, without their dashes.
const FORMATS: [&str; 24] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "datetime",
];

/// Whether the server knows the format of a type; it ignores others (`GetUnrecognizedFormats`).
pub(in crate::validation) fn is_recognized(kind: &str, format: &str, version: Version) -> bool {
    match kind {
        "" | "string" => {
            let is_name = matches!(format, "k8s-short-name" | "k8s-long-name");
            FORMATS.contains(&format.replace('-', "").as_str()) || (is_name && version >= Version::V1_34)
        }
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    }
}

static UUID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new("(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$").ok()
});

/// Whether a text is of a format. A format that the server does not know, or that is not followed here, takes every text.
pub(crate) fn matches(format: &str, text: &str, version: Version) -> bool {
    if !is_recognized("string", format, version) {
        return true;
    }
    match format.replace('-', "").as_str() {
        "datetime" => is_date_time(text),
        "date" => is_date(text),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => names::parse_cidr(text).is_some(),
        "uuid" => UUID.as_ref().is_none_or(|uuid| uuid.is_match(text)),
        "byte" => STANDARD.decode(text).is_ok(),
        "k8sshortname" => names::dns1123_label(text).is_empty(),
        "k8slongname" => names::dns1123_subdomain(text).is_empty(),
        _ => true,
    }
}

/// `full-date` of RFC 3339.
fn is_date(text: &str) -> bool {
    let digits = |text: &str, count: usize| -> Option<u32> {
        (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let year = year.and_then(|part| digits(part, 4));
    let month = month.and_then(|part| digits(part, 2));
    let day = day.and_then(|part| digits(part, 2));
    let (Some(year), Some(month), Some(day)) = (year, month, day) else { return false };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// `IsDateTime` of strfmt.
fn is_date_time(text: &str) -> bool {
    static TIME: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)^([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$").ok()
    });
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    is_date(date) && TIME.as_ref().is_none_or(|pattern| pattern.is_match(time))
}
