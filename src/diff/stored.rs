//! What an upgrade leaves on the server.

use super::{Change, ObjectPlan, Options, Verdict, compare};
use crate::manifest::Object;
use crate::yaml::Node;

/// An object as the server stores it before and after an upgrade.
#[derive(Debug, Clone)]
pub struct StoredObject {
    /// The API group of its kind, as the manifest writes it.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Before; `None` if it is created.
    pub before: Option<Node>,
    /// After; the same as before if the server refuses the new manifest or there is none. `None` if it is not created, or deleted.
    pub after: Option<Node>,
    /// Whether it is deleted and created again.
    pub is_recreated: bool,
    /// Why the driver does not send a manifest that would change something, as the end of a sentence.
    pub unsent_because: Option<String>,
    /// Whether the server refuses the new manifest.
    pub is_rejected: bool,
    /// Whether only the old render has it.
    pub is_removed: bool,
}

/// What applying `new` makes of the objects of `old`, object by object: those of the new render in their order,
/// then those that only the old one has.
pub fn stored(old: &[Object], new: &[Object], options: &Options) -> Vec<StoredObject> {
    let options = Options { stored: true, documents: false, ..options.clone() };
    let stored = |planned: ObjectPlan| {
        let (object, stored) = (planned.object, planned.stored.unwrap_or_default());
        let is_change = matches!(planned.change, Change::Added | Change::Modified);
        StoredObject {
            group: object.api_version.split_once('/').map_or("", |(group, _)| group).to_owned(),
            namespace: object.namespace.unwrap_or_else(|| options.namespace.clone()),
            kind: object.kind,
            name: object.name,
            before: stored.before,
            after: stored.after,
            is_recreated: stored.is_recreated,
            unsent_because: stored.unsent_because.filter(|_| is_change),
            is_rejected: planned.verdict == Verdict::Rejected,
            is_removed: planned.change == Change::Removed,
        }
    };
    compare(old, new, &options).objects.into_iter().map(stored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::yaml::ReadOptions;

    fn objects(text: &str) -> Vec<Object> {
        let report = crate::manifest::load_stdin(&Sources::new(), text.to_owned(), &ReadOptions::strict());
        report.output.unwrap_or_default()
    }

    fn deployment(spec: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{{spec}, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: a, image: x}}]}}}}}}\n"
        )
    }

    #[test]
    fn what_is_refused_or_left_out_stays() {
        let old = objects(&format!(
            "{}---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{ports: [{{port: 80}}]}}\n",
            deployment("replicas: 2")
        ));
        let replicas = |stored: &StoredObject| {
            stored.after.as_ref().and_then(|after| after.at(&["spec", "replicas"])).and_then(Node::as_i64)
        };
        let accepted = stored(&old, &objects(&deployment("replicas: 3")), &Options::default());
        assert_eq!((replicas(&accepted[0]), accepted[0].is_rejected), (Some(3), false));
        assert!(accepted[1].is_removed && accepted[1].after == accepted[1].before);
        let refused = stored(&old, &objects(&deployment("replicas: -3")), &Options::default());
        assert_eq!((replicas(&refused[0]), refused[0].is_rejected), (Some(2), true));
    }
}
