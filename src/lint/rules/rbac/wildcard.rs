use super::prelude::*;

declare! {
    /// A `*` in a rule also stands for what does not exist yet: the next custom resource, the next verb. A rule with a
    /// `*` for groups, resources and verbs is the right to do everything.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: operator}
    /// rules:
    ///   - {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: operator}
    /// rules:
    ///   - {apiGroups: [apps], resources: [statefulsets], verbs: [get, list, watch, patch]}
    /// ```
    ///
    /// ## Fix
    /// Name the resources and verbs. The severity is info for a rule that leaves only one of them open, and for roles
    /// of one namespace.
    WILDCARD = "rbac/wildcard", Warning, "a role has every right, also those that do not exist yet";
    release: check;
}

fn check(release: &Release<'_>, found: &mut Vec<Diagnostic>) {
    for right in rights(release) {
        let open: Vec<_> =
            ["resources", "verbs"].into_iter().filter(|field| right.lists(field, &["*"])).collect();
        let Some(field) = open.first() else { continue };
        let is_everything = open.len() == 2 && right.lists("apiGroups", &["*"]);
        let role = role_name(right.role);
        let message = match (is_everything, &open[..]) {
            (true, _) => format!("{role} has every right on every resource"),
            (false, ["resources"]) => format!("{role} has these rights on every resource of these groups"),
            (false, ["verbs"]) => format!("{role} has every right on these resources"),
            _ => format!("{role} has every right on every resource of these groups"),
        };
        let mut finding = finding(&WILDCARD, right.role, format!("{}.{field}", right.path), message);
        if !is_everything || !right.is_cluster_wide() {
            finding.severity = Severity::Info;
        }
        found.push(finding.help("name the resources and verbs that are needed"));
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::severities;

    #[test]
    fn only_everything_everywhere_is_a_warning() {
        let run = |kind: &str, rule: &str| {
            let text = format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: a}}\nrules: [{rule}]\n"
            );
            severities("rbac/wildcard", &text)
        };
        let all = "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}";
        assert_eq!(run("ClusterRole", all), ["warning"]);
        assert_eq!(run("Role", all), ["info"]);
        assert_eq!(run("ClusterRole", "{apiGroups: [apps], resources: ['*'], verbs: ['*']}"), ["info"]);
        assert_eq!(run("ClusterRole", "{apiGroups: ['*'], resources: [pods], verbs: [get]}").len(), 0);
        assert_eq!(run("ClusterRole", "{nonResourceURLs: ['*'], verbs: [get]}").len(), 0);
    }
}
