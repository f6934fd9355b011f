//! Environment variables and the selectors they share with volumes.

use super::{At, Context, each_container, names, or_default, volume_source};
use crate::gates::Feature;
use crate::quantity::Quantity;

/// `ValidateEnv`.
pub(super) fn variables(variables: &At<'_, '_>, cx: &mut Context<'_>) {
    for variable in variables.items() {
        let name = variable.field("name");
        if name.text().is_empty() {
            cx.required(&name, "");
        } else {
            cx.form(&name, name_form(cx));
        }
        value_from(&variable, cx);
    }
}

/// How the names of variables are checked.
fn name_form(cx: &Context<'_>) -> fn(&str) -> Vec<String> {
    if cx.gate(Feature::RelaxedEnvironmentVariableValidation) {
        names::relaxed_env_var_name
    } else {
        names::env_var_name
    }
}

/// `ValidateEnvFrom`; a source that is missing or one too many is blamed on the list.
pub(super) fn sources(sources: &At<'_, '_>, cx: &mut Context<'_>) {
    for source in sources.items() {
        let prefix = source.field("prefix");
        if !prefix.text().is_empty() {
            cx.form(&prefix, name_form(cx));
        }
        let mut count = 0;
        for kind in ["configMapRef", "secretRef"] {
            let reference = source.field(kind);
            if !reference.is_set() {
                continue;
            }
            count += 1;
            let name = reference.field("name");
            if name.text().is_empty() {
                cx.required(&name, "");
            } else {
                cx.invalid_each(&name, names::name_is_dns_subdomain(name.text(), true));
            }
        }
        let blamed = sources.showing(&source);
        if count == 0 {
            cx.invalid_empty(&blamed, "must specify one of: `configMapRef` or `secretRef`");
        } else if count > 1 {
            cx.invalid_empty(&blamed, "may not have more than one field specified at a time");
        }
    }
}

/// `validateFileKeyRefVolumes`.
pub(super) fn file_key_volumes(spec: &At<'_, '_>, cx: &mut Context<'_>) {
    each_container(spec, |container| {
        for variable in container.field("env").items() {
            let reference = variable.field("valueFrom.fileKeyRef");
            if !reference.is_set() {
                continue;
            }
            let name = reference.field("volumeName");
            let volumes = spec.field("volumes");
            match volumes.items().filter(|volume| volume.field("name").text() == name.text()).last() {
                None => cx.not_found(&name, volumes.items().map(|volume| volume.field("name").text())),
                Some(volume) if !volume.field("emptyDir").is_set() => {
                    cx.invalid(&name, "referenced volume must be of type emptyDir");
                }
                Some(_) => {}
            }
        }
    });
}

/// `validateEnvVarValueFrom`.
fn value_from(variable: &At<'_, '_>, cx: &mut Context<'_>) {
    let from = variable.field("valueFrom");
    if !from.is_set() {
        return;
    }
    let mut count = 0;
    let field = from.field("fieldRef");
    if field.is_set() {
        count += 1;
        field_selector(&field, ENV_FIELDS, cx);
    }
    let resource = from.field("resourceFieldRef");
    if resource.is_set() {
        count += 1;
        resource_selector(&resource, false, cx);
    }
    for kind in ["configMapKeyRef", "secretKeyRef"] {
        let reference = from.field(kind);
        if reference.is_set() {
            count += 1;
            key_selector(&reference, cx);
        }
    }
    let files = cx.gate(Feature::EnvFiles);
    let file = from.field("fileKeyRef");
    if file.is_set() {
        count += 1;
        file_key_selector(&file, cx);
    }
    if count == 0 && files {
        cx.invalid_empty(
            &from,
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        );
    } else if count == 0 {
        cx.invalid_empty(
            &from,
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
        );
    } else if !variable.field("value").text().is_empty() {
        cx.invalid_empty(&from, "may not be specified when `value` is not empty");
    } else if count > 1 {
        cx.invalid_empty(&from, "may not have more than one field specified at a time");
    }
}

/// `validEnvDownwardAPIFieldPathExpressions`.
const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// `validVolumeDownwardAPIFieldPathExpressions`.
pub(super) const VOLUME_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// `validateObjectFieldSelector`: the fields without a subscript have to be among `supported`.
pub(super) fn field_selector(selector: &At<'_, '_>, supported: &[&str], cx: &mut Context<'_>) {
    let path = selector.field("fieldPath");
    if path.text().is_empty() {
        return cx.required(&path, "");
    }
    let version = or_default(selector.field("apiVersion").text(), "v1");
    if version != "v1" {
        let detail = format_args!("error converting fieldPath: unsupported pod version: {version}");
        return cx.invalid(&path, detail);
    }
    let text = path.text();
    if let Some((field, subscript)) = subscripted(text) {
        // The server blames the selector for its subscript.
        let blamed = selector.showing(&path);
        match field {
            "metadata.annotations" => {
                cx.invalid_each(&blamed, names::qualified_name(&subscript.to_lowercase()));
            }
            "metadata.labels" => cx.invalid_each(&blamed, names::qualified_name(subscript)),
            _ => cx.invalid(
                &path,
                format_args!("error converting fieldPath: field label does not support subscript: {text}"),
            ),
        }
        return;
    }
    let known =
        CONVERTIBLE_FIELDS.contains(&text) || ENV_FIELDS.contains(&text) || VOLUME_FIELDS.contains(&text);
    let text = if text == "spec.host" { "spec.nodeName" } else { text };
    if !known {
        cx.invalid(&path, format_args!("error converting fieldPath: field label not supported: {text}"));
    } else if !supported.contains(&text) {
        cx.not_supported(&path, supported);
    }
}

/// What `ConvertDownwardAPIFieldLabel` knows beyond the fields that are supported somewhere.
const CONVERTIBLE_FIELDS: &[&str] =
    &["spec.host", "spec.restartPolicy", "spec.schedulerName", "status.phase"];

/// `fieldpath.SplitMaybeSubscriptedPath`: `metadata.labels['key']`.
fn subscripted(path: &str) -> Option<(&str, &str)> {
    let (field, subscript) = path.strip_suffix("']")?.split_once("['")?;
    (!field.is_empty()).then_some((field, subscript))
}

/// `validateContainerResourceFieldSelector`; a volume has to name the container.
pub(super) fn resource_selector(selector: &At<'_, '_>, volume: bool, cx: &mut Context<'_>) {
    const RESOURCES: &[&str] = &[
        "limits.cpu",
        "limits.ephemeral-storage",
        "limits.memory",
        "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory",
    ];
    let resource = selector.field("resource");
    let name = resource.text();
    let huge = name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-");
    if volume && selector.field("containerName").text().is_empty() {
        cx.required(&selector.field("containerName"), "");
    } else if name.is_empty() {
        cx.required(&resource, "");
    } else if !huge && !RESOURCES.contains(&name) {
        cx.not_supported(&resource, RESOURCES);
    }
    divisor(&selector.field("divisor"), name, cx);
}

/// `validateContainerResourceDivisor`.
fn divisor(divisor: &At<'_, '_>, resource: &str, cx: &mut Context<'_>) {
    const CPU: &[&str] = &["1m", "1"];
    const BYTES: &[&str] =
        &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let Some(Ok(quantity)) = divisor.node().map(Quantity::from_node) else { return };
    if quantity.is_zero() {
        return;
    }
    let measured = resource.split_once('.').map_or("", |(_, measured)| measured);
    let (supported, measured) = match measured {
        "cpu" => (CPU, "cpu"),
        "memory" => (BYTES, "memory"),
        "ephemeral-storage" => (BYTES, "local ephemeral storage"),
        _ if measured.starts_with("hugepages-") => (BYTES, "hugepages"),
        _ => return,
    };
    let text = quantity.to_string();
    if !supported.contains(&text.as_str()) {
        let all = if supported == CPU { "1m and 1".to_owned() } else { BYTES.join(", ") };
        let detail = format_args!("only divisor's values {all} are supported with the {measured} resource");
        cx.invalid(divisor, detail);
    }
}

/// `validateConfigMapKeySelector` and `validateSecretKeySelector`.
fn key_selector(selector: &At<'_, '_>, cx: &mut Context<'_>) {
    let name = selector.field("name");
    cx.form(&name, names::dns1123_subdomain);
    let key = selector.field("key");
    if key.text().is_empty() {
        cx.required(&key, "");
    } else {
        cx.form(&key, names::config_map_key);
    }
}

/// `validateFileKeySelector`.
fn file_key_selector(selector: &At<'_, '_>, cx: &mut Context<'_>) {
    let key = selector.field("key");
    if key.text().is_empty() {
        cx.required(&key, "");
    } else {
        cx.form(&key, names::relaxed_env_var_name);
    }
    let volume = selector.field("volumeName");
    if volume.text().is_empty() {
        cx.required(&volume, "");
    } else {
        cx.form(&volume, names::dns1123_label);
    }
    let path = selector.field("path");
    if path.text().is_empty() {
        cx.required(&path, "");
    } else {
        volume_source::no_backsteps(&path, cx);
    }
}
