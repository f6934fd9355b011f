//! The rules that API errors cite: one per kind of `field.Error`, and the decoder's.

use plimsoll_diag::{Rule, Severity};

/// Every rule of this module, sorted by id.
pub static RULES: &[&Rule] = &[
    &DEPRECATED_API,
    &DUPLICATE_VALUE,
    &FORBIDDEN,
    &INVALID_VALUE,
    &NOT_FOUND,
    &REMOVED_API,
    &REQUIRED,
    &SERVER_WARNING,
    &TOO_LONG,
    &TOO_MANY,
    &UNEVALUATED_RULE,
    &UNKNOWN_FIELD,
    &UNKNOWN_KIND,
    &UNSERVED_API,
    &UNSUPPORTED_VALUE,
    &WRONG_TYPE,
];

macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $summary:literal, $docs:literal;)*) => {$(
        #[doc = $summary]
        pub(crate) static $name: Rule =
            Rule { id: $id, severity: Severity::$severity, summary: $summary, docs: $docs };
    )*};
}

rules! {
DEPRECATED_API = "k8s/deprecated-api", Warning, "the API is deprecated", "\
The API server still serves the API. A `Warning` header names the replacement.

## Bad

```yaml
apiVersion: v1
kind: Endpoints
metadata: {name: orders-db}
```

## Good

```yaml
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: orders-db}
addressType: IPv4
```

## Fix

Write the object in the API that the message names.
";

DUPLICATE_VALUE = "k8s/duplicate-value", Error, "the value must be unique in its list", "\
Some lists are keyed: containers and volumes by name, mounts by path, the ports of a service by name and by
number. The API server rejects a second item with the same key.

## Bad

```yaml
apiVersion: v1
kind: Pod
metadata: {name: orders-db}
spec:
  containers:
    - {name: db, image: postgres:17}
    - {name: db, image: exporter:1.2}
```

## Good

```yaml
apiVersion: v1
kind: Pod
metadata: {name: orders-db}
spec:
  containers:
    - {name: db, image: postgres:17}
    - {name: exporter, image: exporter:1.2}
```

## Fix

Rename one of the two, or remove the duplicate from the template.
";

FORBIDDEN = "k8s/forbidden", Error, "the field may not be set here", "\
The field exists, but not in this combination: `rollingUpdate` beside `type: Recreate`, two handlers in one
probe. The API server rejects the object.

## Bad

```yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders-api}
spec:
  selector: {matchLabels: {app: orders-api}}
  strategy:
    type: Recreate
    rollingUpdate: {maxSurge: 1}
  template:
    metadata: {labels: {app: orders-api}}
    spec:
      containers:
        - {name: api, image: orders-api:7}
```

## Good

```yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders-api}
spec:
  selector: {matchLabels: {app: orders-api}}
  strategy: {type: Recreate}
  template:
    metadata: {labels: {app: orders-api}}
    spec:
      containers:
        - {name: api, image: orders-api:7}
```

## Fix

Use only one of the two fields. If values are merged, set the other one to `null`.
";

INVALID_VALUE = "k8s/invalid-value", Error, "the API server rejects the value", "\
The value has the right type but breaks a rule of the API server: a name that is not a DNS label, a selector
that does not match the template's labels, a negative count. The message is that of the API server.

## Bad

```yaml
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: orders-db}
spec:
  serviceName: orders-db
  selector: {matchLabels: {app: orders-db}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
        - {name: db, image: postgres:17}
```

## Good

```yaml
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: orders-db}
spec:
  serviceName: orders-db
  selector: {matchLabels: {app: orders-db}}
  template:
    metadata: {labels: {app: orders-db}}
    spec:
      containers:
        - {name: db, image: postgres:17}
```

## Fix

Use a value that the message describes as valid.
";

NOT_FOUND = "k8s/not-found", Error, "the value refers to something that does not exist", "\
A name refers to something of the same object that does not exist, such as the volume of a mount.

## Bad

```yaml
apiVersion: v1
kind: Pod
metadata: {name: orders-db}
spec:
  containers:
    - name: db
      image: postgres:17
      volumeMounts:
        - {name: config, mountPath: /etc/postgres}
  volumes:
    - {name: conf, configMap: {name: orders-db}}
```

## Good

```yaml
apiVersion: v1
kind: Pod
metadata: {name: orders-db}
spec:
  containers:
    - name: db
      image: postgres:17
      volumeMounts:
        - {name: config, mountPath: /etc/postgres}
  volumes:
    - {name: config, configMap: {name: orders-db}}
```

## Fix

Correct the name, or add what it refers to. The mounts of a StatefulSet may also name its claim templates.
";

REMOVED_API = "k8s/removed-api", Error, "this version of Kubernetes does not have the API", "\
The object's `apiVersion` is not available in the target version of Kubernetes: it was removed before, or
added later. The API server answers 404.

## Bad

```yaml
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: orders-db}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {app: orders-db}}
```

## Good

```yaml
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: orders-db}
spec:
  maxUnavailable: 1
  selector: {matchLabels: {app: orders-db}}
```

## Fix

Use the API version that the message names; fields may have been renamed with it.
";

REQUIRED = "k8s/required", Error, "a required field is missing", "\
The API server rejects the object as long as the field is missing or empty.

## Bad

```yaml
apiVersion: v1
kind: Pod
metadata: {name: orders-db}
spec:
  containers:
    - name: db
```

## Good

```yaml
apiVersion: v1
kind: Pod
metadata: {name: orders-db}
spec:
  containers:
    - {name: db, image: postgres:17}
```

## Fix

Set the field. In a chart, check whether the value it comes from is empty.
";

SERVER_WARNING = "k8s/server-warning", Warning, "the API server accepts the object with a warning", "\
kubectl prints the warnings that the API server sends: deprecated fields, annotations without an effect,
duplicates that overwrite each other.

## Bad

```yaml
apiVersion: batch/v1
kind: Job
metadata: {name: orders.db.migrate}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: migrate, image: migrate:4}
```

## Good

```yaml
apiVersion: batch/v1
kind: Job
metadata: {name: orders-db-migrate}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: migrate, image: migrate:4}
```

## Fix

Follow the message.
";

TOO_LONG = "k8s/too-long", Error, "the text is too long", "\
The API server limits the length of the field. Annotations of one object may have 256 KiB together, the data
of a ConfigMap or Secret 1 MiB.

## Bad

```yaml
apiVersion: batch/v1
kind: Job
metadata: {name: orders-db-migrate}
spec:
  managedBy: example.net/the-controller-that-looks-after-all-jobs-of-all-teams-of-ours
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: migrate, image: migrate:4}
```

## Good

```yaml
apiVersion: batch/v1
kind: Job
metadata: {name: orders-db-migrate}
spec:
  managedBy: example.net/job-controller
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: migrate, image: migrate:4}
```

## Fix

Shorten it. Do not put large files into a ConfigMap: add them to the image, or download them at run time.
";

TOO_MANY = "k8s/too-many", Error, "the list has too many items", "\
The API server limits how many items the list may have: 20 rules in a Job's policies, 100 endpoint ports in a
slice.

## Bad

```yaml
apiVersion: batch/v1
kind: Job
metadata: {name: orders-db-migrate}
spec:
  completionMode: Indexed
  completions: 30
  successPolicy:
    rules: [{succeededIndexes: \"1\"}, {succeededIndexes: \"2\"}, {succeededIndexes: \"3\"}, {succeededIndexes: \"4\"},
      {succeededIndexes: \"5\"}, {succeededIndexes: \"6\"}, {succeededIndexes: \"7\"}, {succeededIndexes: \"8\"},
      {succeededIndexes: \"9\"}, {succeededIndexes: \"10\"}, {succeededIndexes: \"11\"}, {succeededIndexes: \"12\"},
      {succeededIndexes: \"13\"}, {succeededIndexes: \"14\"}, {succeededIndexes: \"15\"}, {succeededIndexes: \"16\"},
      {succeededIndexes: \"17\"}, {succeededIndexes: \"18\"}, {succeededIndexes: \"19\"}, {succeededIndexes: \"20\"},
      {succeededIndexes: \"21\"}]
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: migrate, image: migrate:4}
```

## Good

```yaml
apiVersion: batch/v1
kind: Job
metadata: {name: orders-db-migrate}
spec:
  completionMode: Indexed
  completions: 30
  successPolicy:
    rules: [{succeededIndexes: 1-21, succeededCount: 1}]
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: migrate, image: migrate:4}
```

## Fix

Merge items, or split the object in two.
";

UNEVALUATED_RULE = "k8s/unevaluated-rule", Info, "a rule of a definition was not evaluated", "\
A CustomResourceDefinition has a rule in CEL (`x-kubernetes-validations`) whose result plimsoll does not know: it takes too many
steps, or uses something that plimsoll does not evaluate, such as regular expressions that only Go reads. The API server
evaluates it.

## Bad

```yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            host:
              type: string
              x-kubernetes-validations:
                - rule: self.matches(r'\\Qa.b\\E.*')
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: a}
host: a.b.example.com
```

## Good

```yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            host:
              type: string
              x-kubernetes-validations:
                - rule: self.startsWith('a.b')
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: a}
host: a.b.example.com
```

## Fix

Nothing is wrong with the object as far as plimsoll can tell. Write the rule without the construct that the message names. A rule
that goes through the same list several times may be too costly for the API server, too.
";

UNKNOWN_FIELD = "k8s/unknown-field", Error, "the API has no such field", "\
The field is misspelt, is in the wrong place, or does not exist in this version of Kubernetes. `kubectl
apply` rejects it (strict field validation); older clients drop it silently.

## Bad

```yaml
apiVersion: v1
kind: Service
metadata: {name: orders-db}
spec:
  clusterIp: None
  ports:
    - port: 5432
```

## Good

```yaml
apiVersion: v1
kind: Service
metadata: {name: orders-db}
spec:
  clusterIP: None
  ports:
    - port: 5432
```

## Fix

Names are case-sensitive. Wrong indentation moves a field into the wrong object: the message says where
the field belongs, if that is known.
";

UNKNOWN_KIND = "k8s/unknown-kind", Error, "the API has no such kind", "\
The `kind` or the `apiVersion` is misspelt: kinds are singular and capitalised. Custom resources
without a definition in the input are reported as info and not checked.

## Bad

```yaml
apiVersion: v1
kind: Services
metadata: {name: orders-db}
spec:
  clusterIP: None
```

## Good

```yaml
apiVersion: v1
kind: Service
metadata: {name: orders-db}
spec:
  clusterIP: None
```

## Fix

Correct the spelling. `kubectl api-resources` lists what a cluster has.
";

UNSERVED_API = "k8s/unserved-api", Warning, "the API is disabled unless an administrator enables it", "\
Alpha and beta versions of an API are not served by default, so most clusters answer 404.

## Bad

```yaml
apiVersion: networking.k8s.io/v1beta1
kind: ServiceCIDR
metadata: {name: second}
spec:
  cidrs: [10.1.0.0/24]
```

## Good

```yaml
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: second}
spec:
  cidrs: [10.1.0.0/24]
```

## Fix

Use the stable version of the API, or enable it (`--runtime-config` of kube-apiserver).
";

UNSUPPORTED_VALUE = "k8s/unsupported-value", Error, "the value is not supported", "\
The field accepts a fixed list of case-sensitive values.

## Bad

```yaml
apiVersion: v1
kind: Service
metadata: {name: orders-db}
spec:
  type: nodeport
  ports:
    - port: 5432
```

## Good

```yaml
apiVersion: v1
kind: Service
metadata: {name: orders-db}
spec:
  type: NodePort
  ports:
    - port: 5432
```

## Fix

Use one of the values that the message lists.
";

WRONG_TYPE = "k8s/wrong-type", Error, "the value has the wrong type", "\
The API server cannot decode the object: a string instead of a number, or a list instead of a map. The usual
cause is a template that lacks quotes or has too many.

## Bad

```yaml
apiVersion: v1
kind: Pod
metadata: {name: orders-db}
spec:
  containers:
    - name: db
      image: postgres:17
      env:
        - {name: PGPORT, value: 5432}
```

## Good

```yaml
apiVersion: v1
kind: Pod
metadata: {name: orders-db}
spec:
  containers:
    - name: db
      image: postgres:17
      env:
        - {name: PGPORT, value: \"5432\"}
```

## Fix

Environment variables, labels, annotations and the data of ConfigMaps are strings: quote numbers, `yes`, `on`
and `null`. Ports, replicas and sizes of other fields are numbers.
";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;
    use crate::{Version, validate_all};
    use plimsoll_diag::{SourceKind, Sources};
    use plimsoll_yaml::ReadOptions;

    /// The ids of the rules that the example under a heading of the page breaks.
    fn broken(rule: &Rule, heading: &str) -> Vec<&'static str> {
        let (_, rest) = rule.docs.split_once(&format!("## {heading}\n\n```yaml\n")).expect(rule.id);
        let text = rest.split("```").next().unwrap();
        let sources = Sources::new();
        let source = sources.add("example.yaml", text, SourceKind::File);
        let objects = parse(&sources, source, "example.yaml", &ReadOptions::strict()).output.unwrap();
        assert!(!objects.is_empty(), "{}", rule.id);
        let mut findings = Vec::new();
        validate_all(&objects.iter().collect::<Vec<_>>(), &[], Version::DEFAULT, &mut findings);
        findings.into_iter().filter_map(|diagnostic| diagnostic.rule).map(|rule| rule.id).collect()
    }

    #[test]
    fn every_bad_example_breaks_its_rule_and_every_good_one_none() {
        for rule in RULES {
            assert_eq!(broken(rule, "Bad"), [rule.id]);
            assert_eq!(broken(rule, "Good"), [""; 0], "{}", rule.id);
            assert!(rule.docs.contains("## Fix\n"), "{}", rule.id);
        }
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(RULES.is_sorted_by(|a, b| a.id < b.id));
    }
}
