//! The component library: `templates/`, embedded.

/// Begins the names of plimsoll's components: `k8s.labels`.
const NAMESPACE: &str = "k8s.";

macro_rules! component {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../templates/", $name, ".tera")))
    };
}

/// The files of `templates/`, one component each: its name without [`NAMESPACE`], and the text. Sorted by name.
pub(crate) static FILES: &[(&str, &str)] = &[
    component!("checksum"),
    component!("claim_retention"),
    component!("claim_templates"),
    component!("client_service"),
    component!("config_map"),
    component!("exec_probe"),
    component!("full_name"),
    component!("grpc_probe"),
    component!("headless_service"),
    component!("http_probe"),
    component!("labels"),
    component!("name"),
    component!("pod_disruption_budget"),
    component!("probe"),
    component!("probe_timing"),
    component!("probes"),
    component!("secret"),
    component!("selector_labels"),
    component!("service_account"),
    component!("stateful_set"),
    component!("tcp_probe"),
    component!("update_strategy"),
];

/// The numbers of the components that templates call, and of those that these call, sorted.
///
/// Only these are compiled for a chart. A name counts wherever it is written, be it in a comment.
pub(super) fn find_called<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
    let mut called = Vec::new();
    let mut open: Vec<&str> = texts.into_iter().collect();
    while let Some(text) = open.pop() {
        for (at, _) in text.match_indices(NAMESPACE) {
            let rest = &text[at + NAMESPACE.len()..];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            if let Ok(number) = FILES.binary_search_by_key(&&rest[..end], |(name, _)| name)
                && !called.contains(&number)
            {
                called.push(number);
                open.push(FILES[number].1);
            }
        }
    }
    called.sort_unstable();
    called
}

/// The names of all components.
pub(super) fn names() -> impl Iterator<Item = String> {
    FILES.iter().map(|(name, _)| format!("{NAMESPACE}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sorted_and_define_the_component_of_their_name() {
        assert!(FILES.is_sorted());
        for (name, text) in FILES {
            assert!(text.contains(&format!("{{% component {NAMESPACE}{name}(")), "{name}");
        }
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).unwrap();
        assert_eq!(folder.count(), FILES.len());
    }

    #[test]
    fn what_is_called_brings_what_it_calls() {
        let names = |text| find_called([text]).into_iter().map(|number| FILES[number].0).collect::<Vec<_>>();
        assert_eq!(names("a: {{<k8s.labels/>}}"), ["labels", "name", "selector_labels"]);
        assert_eq!(names("a: {{ values.k8s.nothing }}"), Vec::<&str>::new());
    }
}
