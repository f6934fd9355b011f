//! Names that are too long only because of what the release is called.

use super::subject::Subject;
use crate::diag::{Diagnostic, Severity};
use crate::engine::Release;

/// Makes a name that is too long a warning where a shorter name for the release would avoid it: what the release will be
/// called is not known if nobody names it.
pub(super) fn soften(found: &mut [Diagnostic], subject: &Subject<'_>) {
    let rendering = subject.chart.as_ref().and_then(|chart| chart.rendering);
    if rendering.is_none_or(|rendering| rendering.options.release.name != Release::DEFAULT_NAME) {
        return;
    }
    for finding in found.iter_mut().filter(|finding| is_too_long(finding)) {
        finding.severity = Severity::Warning;
        finding.help.push("if the release has a shorter name, pass it with `--release`".to_owned());
    }
}

/// Whether a finding says that a name with that of the release in it is too long.
fn is_too_long(finding: &Diagnostic) -> bool {
    let is_length = finding.rule.is_some_and(|rule| match rule.id {
        "sts/name-too-long" => true,
        "k8s/invalid-value" => finding.message.contains("must be no more than"),
        _ => false,
    });
    finding.severity == Severity::Error && is_length && finding.message.contains(Release::DEFAULT_NAME)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::release_findings;

    const SERVICE: &str =
        "apiVersion: v1\nkind: Service\nmetadata: {name: NAME}\nspec: {ports: [{port: 80}]}\n";

    fn of_service(name: &str) -> Vec<String> {
        release_findings("k8s/invalid-value", &[("templates/a.yaml", &SERVICE.replace("NAME", name))])
    }

    #[test]
    fn a_shorter_name_of_the_release_avoids_a_name_that_is_too_long() {
        let rest = "a".repeat(60);
        assert_eq!(of_service(&format!("{{{{ .Release.Name }}}}-{rest}")), ["warning metadata.name"]);
        assert_eq!(of_service(&format!("web-{rest}")), ["error metadata.name"]);
        let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: \"{{ .Release.Name }}-REST\"}\nspec: {}\n";
        let set = set.replace("REST", &"a".repeat(50));
        let found = release_findings("sts/name-too-long", &[("templates/a.yaml", &set)]);
        assert_eq!(found, ["warning metadata.name"]);
    }
}
