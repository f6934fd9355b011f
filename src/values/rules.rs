//! The rules about values that are checked while they are computed.

use crate::diag::{Diagnostic, Rule, Severity};

/// A value is given that the chart does not have.
pub(super) static UNKNOWN: Rule = Rule {
    id: "values/unknown",
    severity: Severity::Warning,
    summary: "a value is set that the chart does not have",
    docs: "A values file or a flag sets a key that `values.yaml` and the schema do not have, and that no template reads.
Helm ignores it without a message, so the setting has no effect. The usual cause is a spelling mistake, or a key that the
chart has renamed.

## Bad
```yaml
# values.yaml
replicas: 1
```
```yaml
# prod.yaml
replicaCount: 3
```

## Good
```yaml
# values.yaml
replicas: 1
```
```yaml
# prod.yaml
replicas: 3
```

## Fix
Correct the key, or remove it.
",
};

/// A value replaces a default of another type.
pub(super) static TYPE_CHANGE: Rule = Rule {
    id: "values/type-change",
    severity: Severity::Warning,
    summary: "a value replaces a default of another type",
    docs: "The default is a map and the value that replaces it is not, or the reverse. Helm does not merge the two: the
whole default is lost, and the templates get a type that they may not expect.

## Bad
```yaml
# values.yaml
web:
  image: {repository: web, tag: \"1.2\"}
```
```yaml
# prod.yaml
web:
  image: registry.example.com/web:1.2
```

## Good
```yaml
# values.yaml
web:
  image: {repository: web, tag: \"1.2\"}
```
```yaml
# prod.yaml
web:
  image: {repository: registry.example.com/web}
```

## Fix
Give the value the type of the default.
",
};

/// A sub-chart has another version than `Chart.yaml` requires.
pub(super) static DEPENDENCY_VERSION: Rule = Rule {
    id: "chart/dependency-version",
    severity: Severity::Warning,
    summary: "a sub-chart's version does not match its constraint",
    docs: "The version of the sub-chart in `charts/` does not match `Chart.yaml`. Helm renders it without a warning, so
the version that is installed is not the one that was reviewed. If the dependency has an `alias`, it has no effect: the
values below the alias, a condition and `import-values` are ignored.

## Bad
```yaml
# Chart.yaml
apiVersion: v2
name: umbrella
version: 1.0.0
dependencies: [{name: db, version: ^2.0.0}]
```
```yaml
# charts/db/Chart.yaml
apiVersion: v2
name: db
version: 1.4.0
```

## Good
```yaml
# Chart.yaml
apiVersion: v2
name: umbrella
version: 1.0.0
dependencies: [{name: db, version: ^2.0.0}]
```
```yaml
# charts/db/Chart.yaml
apiVersion: v2
name: db
version: 2.1.0
```

## Fix
Run `plimsoll dependency update`, or correct the constraint. If `Chart.lock` names the version that is required,
`plimsoll dependency build` fetches it.
",
};

/// A sub-chart lacks one of its own dependencies.
pub(super) static MISSING_DEPENDENCY: Rule = Rule {
    id: "chart/missing-dependency",
    severity: Severity::Warning,
    summary: "a declared dependency is not in charts/",
    docs: "`Chart.yaml` declares a dependency that is not in `charts/`, so its objects are not installed. In the chart that is
rendered this is already an error. This rule checks its sub-charts, where Helm reports nothing.

## Bad
```yaml
# Chart.yaml
apiVersion: v2
name: umbrella
version: 1.0.0
dependencies: [{name: db, version: 1.0.0}]
```
```yaml
# charts/db/Chart.yaml
apiVersion: v2
name: db
version: 1.0.0
dependencies: [{name: common, version: 2.0.0}]
```

## Good
```yaml
# Chart.yaml
apiVersion: v2
name: umbrella
version: 1.0.0
dependencies: [{name: db, version: 1.0.0}]
```
```yaml
# charts/db/Chart.yaml
apiVersion: v2
name: db
version: 1.0.0
```

## Fix
Run `plimsoll dependency build` for that chart, or remove the entry.
",
};

/// All of them.
pub static RULES: [&Rule; 4] = [&UNKNOWN, &TYPE_CHANGE, &DEPENDENCY_VERSION, &MISSING_DEPENDENCY];

/// What breaks a rule, at another severity than usual. An error stops the command and is no finding of a rule.
pub(super) fn breach(rule: &'static Rule, severity: Severity, message: String) -> Diagnostic {
    if severity == Severity::Error {
        return Diagnostic::error(message);
    }
    Diagnostic { severity, ..Diagnostic::from_rule(rule, message) }
}
