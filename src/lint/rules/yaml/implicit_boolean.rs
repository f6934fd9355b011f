use super::{Scalar, ambiguous_values};
use crate::diag::Diagnostic;
use crate::lint::registry::declare;

declare! {
    /// Kubernetes and Helm read YAML 1.1, in which `yes`, `no`, `on`, `off`, `y` and `n` are booleans. The country code
    /// `NO` becomes `false`, the mode `on` becomes `true`, and the template that prints it prints `true`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data:
    ///   fsync: on
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: db}
    /// data:
    ///   fsync: "on"
    /// ```
    ///
    /// ## Fix
    /// Quote what is meant as text; write `true` or `false` where a boolean is meant.
    IMPLICIT_BOOLEAN = "yaml/implicit-boolean", Warning, "an unquoted word that YAML 1.1 reads as a boolean";
    release: |release, found| release.ambiguous_scalars().iter().for_each(|scalar| check(scalar, found));
    chart: |chart, found| ambiguous_values(chart).iter().for_each(|scalar| check(scalar, found));
}

fn check(scalar: &Scalar<'_>, found: &mut Vec<Diagnostic>) {
    let Some(flag) = scalar.node.as_bool() else { return };
    let word = scalar.text.as_str();
    // The long forms in any case are what they look like.
    if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") || !is_word(word) {
        return;
    }
    found.push(
        Diagnostic::from_rule(&IMPLICIT_BOOLEAN.rule, format!("`{word}` is read as `{flag}`"))
            .at(scalar.node.span, "")
            .help(format!("write `\"{word}\"` for the text, `{flag}` for the boolean")),
    );
}

/// Rendered text, tags (`!!bool "yes"`) and aliases have other texts under their span.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}
