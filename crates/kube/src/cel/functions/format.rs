//! Named formats: `library/format.go`.

use super::super::eval::Evaluated;
use super::super::value::Value;
use crate::Version;
use crate::names;
use crate::validation::matches_format;
use std::sync::Arc;

const FORMATS: [&str; 13] = [
    "dns1123Label",
    "dns1123Subdomain",
    "dns1035Label",
    "qualifiedName",
    "dns1123LabelPrefix",
    "dns1123SubdomainPrefix",
    "dns1035LabelPrefix",
    "labelValue",
    "uri",
    "uuid",
    "byte",
    "date",
    "datetime",
];

pub(super) fn call(name: &str, receiver: Option<&Value>, arguments: &[Value]) -> Option<Evaluated> {
    let known = |name: &str| FORMATS.into_iter().find(|known| *known == name);
    Some(Ok(match (name, receiver, arguments) {
        ("format.named", None, [Value::String(name)]) => {
            Value::Optional(known(name).map(|name| Arc::new(Value::Format(name))))
        }
        (name, None, []) => Value::Format(known(name.strip_prefix("format.")?)?),
        ("validate", Some(Value::Format(format)), [Value::String(text)]) => {
            let complaints = complaints(format, text);
            let complaints = (!complaints.is_empty())
                .then(|| Arc::new(Value::list(complaints.into_iter().map(Value::string))));
            Value::Optional(complaints)
        }
        _ => return None,
    }))
}

fn complaints(format: &str, text: &str) -> Vec<String> {
    match format {
        "dns1123Label" => names::dns1123_label(text),
        "dns1123Subdomain" => names::dns1123_subdomain(text),
        "dns1035Label" => names::dns1035_label(text),
        "qualifiedName" => names::qualified_name(text),
        "dns1123LabelPrefix" => names::name_is_dns_label(text, true),
        "dns1123SubdomainPrefix" => names::name_is_dns_subdomain(text, true),
        "dns1035LabelPrefix" => names::name_is_dns1035_label(text, true),
        "labelValue" => names::label_value(text),
        "uri" if super::network::Url::parse(text).is_none() => vec!["must be a valid URI".to_owned()],
        "uri" => Vec::new(),
        format if matches_format(format, text, Version::MAX) => Vec::new(),
        format => vec![format!("does not match the format {format}")],
    }
}
