//! Objects by their names.

use crate::manifest::Object;

/// Objects by group, kind, name and namespace, in this order.
pub(super) struct Names<'a>(Vec<(Identity<'a>, &'a Object)>);

type Identity<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

impl<'a> Names<'a> {
    pub(super) fn new(objects: &[&'a Object]) -> Self {
        let identity = |object: &'a Object| -> Identity<'a> {
            (object.group(), &object.kind, &object.name, object.namespace.as_deref())
        };
        let mut names: Vec<_> = objects.iter().map(|object| (identity(object), *object)).collect();
        names.sort_by_key(|(identity, _)| *identity);
        Self(names)
    }

    /// The object that one in `namespace` can refer to, by [`same_namespace`].
    pub(super) fn find(
        &self,
        group: &str,
        kind: &str,
        name: &str,
        namespace: Option<&str>,
    ) -> Option<&'a Object> {
        let from = |namespace: Option<&str>| {
            let wanted = (group, kind, name, namespace);
            let index = self.0.partition_point(|(identity, _)| *identity < wanted);
            self.0.get(index).filter(|((g, k, n, _), _)| (*g, *k, *n) == (group, kind, name))
        };
        // The one without a namespace comes first.
        let (_, first) = from(None)?;
        if namespace.is_none() || first.namespace.is_none() {
            return Some(first);
        }
        from(namespace).map(|(_, object)| *object).filter(|object| object.namespace.as_deref() == namespace)
    }
}

/// Whether two objects may meet: a manifest without a namespace goes into the release's.
pub(in crate::lint) fn same_namespace(a: &Object, b: &Object) -> bool {
    match (&a.namespace, &b.namespace) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}
