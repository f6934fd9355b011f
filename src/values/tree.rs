//! Which charts are enabled, and which values each gets: Helm's coalescing, pass by pass.
//!
//! 1. Aliases and versions choose the sub-charts; conditions and tags, looked up in the values merged so far, drop some.
//! 2. `import-values` moves tables of sub-charts into the defaults of their parent. The user's values are not seen here.
//! 3. The user's values are laid over the defaults, level by level, globals handed down.
//!
//! The passes are Helm's because their order shows: a null can reach a default only in the pass that has it.

use super::merge::{Nulls, Path, empty_map, tables, warn_of_type_change};
use crate::chart::{Chart, Dependency, Pool};
use crate::diag::{Diagnostic, Span};
use crate::yaml::{Entry, Map, Node, Value};
use std::borrow::Cow;
use std::sync::Arc;

const GLOBAL: &str = "global";

/// A chart of the tree while it is being decided.
pub(super) struct Branch<'a> {
    pub(super) chart: &'a Arc<Chart>,
    /// Alias or name.
    pub(super) name: String,
    /// The chart's own defaults; after [`import_values`] those of its sub-charts too.
    pub(super) defaults: Cow<'a, Map>,
    /// The dependencies that are enabled.
    dependencies: Vec<&'a Dependency>,
    /// Whether they go by their aliases. Helm does not get to it below a chart that declares no dependencies.
    pub(super) aliased: bool,
    pub(super) children: Vec<Branch<'a>>,
}

impl Branch<'_> {
    /// The dependencies that are enabled. Helm writes their aliases over their names, whether or not there is a chart.
    pub(super) fn dependencies(&self) -> impl Iterator<Item = Dependency> {
        self.dependencies.iter().map(|dependency| {
            let name = if self.aliased { dependency.key() } else { &dependency.name };
            Dependency { name: name.to_owned(), ..Dependency::clone(dependency) }
        })
    }
}

/// Builds the tree of enabled charts.
pub(super) fn build_tree<'a>(chart: &'a Arc<Chart>, user: &Map, sink: &mut Vec<Diagnostic>) -> Branch<'a> {
    let mut root = unpruned(chart, chart.name().to_owned());
    if declares_dependencies(chart) {
        choose(&mut root);
        let mut quiet = Coalesce { nulls: Nulls::Delete, sink, warn: false };
        let values = quiet.chart(&root, user.clone(), &Path::Root);
        prune(&mut root, &[&values], &mut Vec::new(), sink);
    }
    root
}

/// Pass 2.
pub(super) fn import_values(branch: &mut Branch<'_>, sink: &mut Vec<Diagnostic>) {
    for child in &mut branch.children {
        import_values(child, sink);
    }
    if branch.dependencies.is_empty() {
        return;
    }
    let values = Coalesce { nulls: Nulls::Keep, sink, warn: false }.chart(branch, Map::new(), &Path::Root);
    let mut imported = Map::new();
    for dependency in &branch.dependencies {
        for import in &dependency.import_values {
            let name = if branch.aliased { dependency.key() } else { &dependency.name };
            let path = format!("{name}.{}", import.child);
            let Some(table) = lookup(&values, &path).and_then(Node::as_map) else {
                sink.push(
                    Diagnostic::warning(format!(
                        "`{path}` is not a map in the values, so nothing is imported"
                    ))
                    .at(import.span, "")
                    .help("only maps can be imported"),
                );
                continue;
            };
            imported = tables(imported, &nest(&import.parent, table), Nulls::Keep, &Path::Root, &mut |_| {});
        }
    }
    branch.defaults = Cow::Owned(tables(values, &imported, Nulls::Keep, &Path::Root, &mut |_| {}));
}

/// Pass 3: the values of the root; those of sub-charts are under their names.
pub(super) fn coalesce(root: &Branch<'_>, user: Map, sink: &mut Vec<Diagnostic>) -> Map {
    Coalesce { nulls: Nulls::Delete, sink, warn: true }.chart(root, user, &Path::Root)
}

/// Whether `Chart.yaml` has a list of dependencies at all, if only an empty one. Helm looks no further where it has not.
fn declares_dependencies(chart: &Chart) -> bool {
    let metadata = &chart.metadata;
    !metadata.dependencies.is_empty() || metadata.key("dependencies").is_some_and(|node| !node.is_null())
}

/// The chart with all that is in its `charts/`.
fn unpruned(chart: &Arc<Chart>, name: String) -> Branch<'_> {
    let defaults = chart.values.as_map().map_or_else(|| Cow::Owned(Map::new()), Cow::Borrowed);
    let children = chart.children.iter().map(|child| unpruned(child, child.name().to_owned())).collect();
    let dependencies = chart.metadata.dependencies.iter().collect();
    Branch { chart, name, defaults, dependencies, aliased: false, children }
}

/// Replaces the children by those that the dependencies ask for, under their aliases. Charts that no dependency asks for
/// come first, and stay.
fn choose(branch: &mut Branch<'_>) {
    let chart = branch.chart;
    let dependencies = &chart.metadata.dependencies;
    let mut children: Vec<Branch<'_>> = std::mem::take(&mut branch.children)
        .into_iter()
        .filter(|child| !dependencies.iter().any(|dependency| dependency.is_satisfied_by(child.chart)))
        .collect();
    for dependency in dependencies {
        if let Some(child) = chart.children.iter().find(|child| dependency.is_satisfied_by(child)) {
            children.push(unpruned(child, dependency.key().to_owned()));
        }
    }
    branch.children = children;
    branch.aliased = true;
}

/// Drops the disabled children of a branch whose children are chosen, and of theirs. `values` are the tables to look
/// conditions up in, best first; `prefix` are the names that lead from the root to `branch`.
fn prune(branch: &mut Branch<'_>, values: &[&Map], prefix: &mut Vec<String>, sink: &mut Vec<Diagnostic>) {
    let disabled: Vec<&str> = branch
        .dependencies
        .iter()
        .filter(|dependency| !is_enabled(dependency, values, prefix, sink))
        .map(|dependency| dependency.key())
        .collect();
    branch.children.retain(|child| !disabled.contains(&child.name.as_str()));
    branch.dependencies.retain(|dependency| !disabled.contains(&dependency.key()));
    for child in &mut branch.children {
        if !declares_dependencies(child.chart) {
            continue;
        }
        choose(child);
        // Helm merges the child's own defaults in below the values of the root: its `tags` count.
        let own = child.defaults.clone();
        let tables: Vec<&Map> = values.iter().copied().chain([own.as_ref()]).collect();
        prefix.push(child.name.clone());
        prune(child, &tables, prefix, sink);
        prefix.pop();
    }
}

fn is_enabled(
    dependency: &Dependency,
    values: &[&Map],
    prefix: &[String],
    sink: &mut Vec<Diagnostic>,
) -> bool {
    for condition in &dependency.condition {
        let path =
            prefix.iter().map(String::as_str).chain([condition.as_str()]).collect::<Vec<_>>().join(".");
        let found =
            values.iter().find_map(|table| lookup(table, &path)).filter(|node| node.as_map().is_none());
        let Some(found) = found else { continue };
        if let Some(flag) = found.as_bool() {
            return flag;
        }
        let (kind, key) = (found.type_name(), dependency.key());
        sink.push(
            Diagnostic::warning(format!("`{path}` is {kind}, so it does not enable or disable `{key}`"))
                .at(found.span, "only `true` and `false` have an effect")
                .at(dependency.span, "switched by this condition"),
        );
    }
    let mut any_false = false;
    for tag in &dependency.tags {
        let found = values.iter().find_map(|table| table.get("tags")?.get(tag));
        match found.map(|node| (node, node.as_bool())) {
            Some((_, Some(true))) => return true,
            Some((_, Some(false))) => any_false = true,
            Some((node, None)) => sink.push(
                Diagnostic::warning(format!(
                    "the tag `{tag}` is {}, so it enables or disables nothing",
                    node.type_name()
                ))
                .at(node.span, "only `true` and `false` have an effect"),
            ),
            None => {}
        }
    }
    !any_false
}

/// The node at a dotted path.
fn lookup<'m>(table: &'m Map, path: &str) -> Option<&'m Node> {
    let mut parts = path.split('.');
    let first = table.get(parts.next()?)?;
    parts.try_fold(first, |node, part| node.get(part))
}

/// `table` at a dotted path of its own; `.` is the root.
fn nest(path: &str, table: &Map) -> Map {
    if path == "." {
        return table.clone();
    }
    path.rsplit('.').fold(table.clone(), |inner, name| {
        let mut outer = Map::new();
        outer.insert(name, Span::NONE, Node::new(Value::Map(inner), Span::NONE));
        outer
    })
}

/// One pass over the tree.
struct Coalesce<'s> {
    nulls: Nulls,
    sink: &'s mut Vec<Diagnostic>,
    /// Whether to report what is only worth a warning: in the last pass.
    warn: bool,
}

impl Coalesce<'_> {
    /// Lays `over`, values for `branch`, over its defaults and those of its children.
    fn chart(&mut self, branch: &Branch<'_>, over: Map, path: &Path<'_>) -> Map {
        let mut values = self.defaults(branch, over, path);
        for child in &branch.children {
            let path = path.join(&child.name);
            let (span, key_span, given) = match values.get_mut(&child.name) {
                None => (Span::NONE, Span::NONE, Map::new()),
                Some(Node { value: Value::Map(map), span }) => (*span, *span, std::mem::take(map)),
                Some(other) => {
                    self.sink.push(not_a_map(&path, other));
                    continue;
                }
            };
            let key_span = values.entry(&child.name).map_or(key_span, |entry| entry.key_span);
            let given = self.globals(given, values.get(GLOBAL), &path);
            let merged = self.chart(child, given, &path);
            values.insert(child.name.as_str(), key_span, Node::new(Value::Map(merged), span));
        }
        values
    }

    /// The chart's own defaults below `over`.
    fn defaults(&mut self, branch: &Branch<'_>, over: Map, path: &Path<'_>) -> Map {
        let mut over = Pool::new(over);
        let mut merged = Map::new();
        for below in branch.defaults.iter() {
            let Some(above) = over.take(&below.key) else {
                merged.push(below.clone());
                continue;
            };
            match (above.value.value, &below.value.value) {
                // At the top level a null deletes whatever the default is, a null included.
                (Value::Null, _) if self.nulls == Nulls::Delete => {}
                (Value::Map(over), Value::Map(base)) => {
                    let is_child = branch.children.iter().any(|child| child.name == below.key);
                    let nulls = if is_child { Nulls::Keep } else { self.nulls };
                    let path = path.join(&below.key);
                    let table = tables(over, base, nulls, &path, &mut |warning| self.warning(warning));
                    let value = Node::new(Value::Map(table), above.value.span);
                    merged.push(Entry { value, key: above.key, key_span: above.key_span });
                }
                (value, base) => {
                    let value = Node::new(value, above.value.span);
                    if value.as_map().is_some() && !matches!(base, Value::Null) {
                        self.warning(warn_of_type_change(&path.join(&below.key), &value, &below.value));
                    }
                    merged.push(Entry { value, key: above.key, key_span: above.key_span });
                }
            }
        }
        for rest in over.rest() {
            merged.push(rest);
        }
        merged
    }

    /// Hands the parent's globals down to a sub-chart's values: they win, maps merge. There is always a `global` below.
    fn globals(&mut self, mut values: Map, parent: Option<&Node>, path: &Path<'_>) -> Map {
        let empty = Map::new();
        let from = match parent {
            None => &empty,
            Some(Node { value: Value::Map(map), .. }) => map,
            Some(other) => {
                self.warning(
                    Diagnostic::warning(format!(
                        "`{GLOBAL}` is {}, so sub-charts do not get it",
                        other.type_name()
                    ))
                    .at(other.span, "expected a map"),
                );
                return values;
            }
        };
        let path = path.join(GLOBAL);
        let key_span = parent.map_or(Span::NONE, |node| node.span);
        let into = match values.get_mut(GLOBAL) {
            None => {
                values.insert(GLOBAL, key_span, Node::new(Value::Map(Map::new()), key_span));
                values.get_mut(GLOBAL)
            }
            there => there,
        };
        let Some(Node { value: Value::Map(into), .. }) = into else {
            if let Some(other) = values.get(GLOBAL) {
                self.warning(
                    Diagnostic::warning(format!(
                        "`{path}` is {}, so it does not get the parent's globals",
                        other.type_name()
                    ))
                    .at(other.span, "expected a map"),
                );
            }
            return values;
        };
        let mut conflicts = Vec::new();
        for entry in from {
            let own_path = path.join(&entry.key);
            let value = match (&entry.value.value, into.get_mut(&entry.key)) {
                (Value::Map(over), Some(Node { value: Value::Map(own), .. })) => {
                    let merged = tables(over.clone(), own, Nulls::Keep, &own_path, &mut |_| {});
                    Node::new(Value::Map(merged), entry.value.span)
                }
                (Value::Map(_), Some(own)) => {
                    conflicts.push(
                        Diagnostic::warning(format!(
                            "`{own_path}` is {}, so the parent's map is not merged into it",
                            own.type_name()
                        ))
                        .at(own.span, "")
                        .at(entry.value.span, "the parent's"),
                    );
                    continue;
                }
                (_, Some(own)) if own.as_map().is_some() => {
                    conflicts.push(
                        Diagnostic::warning(format!(
                            "`{own_path}` is a map, so the parent's {} is ignored",
                            bare_type(&entry.value)
                        ))
                        .at(own.span, "")
                        .at(entry.value.span, "the parent's"),
                    );
                    continue;
                }
                _ => entry.value.clone(),
            };
            into.insert(entry.key.as_str(), entry.key_span, value);
        }
        for conflict in conflicts {
            self.warning(conflict);
        }
        values
    }

    fn warning(&mut self, warning: Diagnostic) {
        // A parent's block for a sub-chart is merged twice: with the parent's defaults and with the sub-chart's.
        if self.warn && !self.sink.contains(&warning) {
            self.sink.push(warning);
        }
    }
}

fn bare_type(node: &Node) -> &'static str {
    let name = node.type_name();
    name.strip_prefix("a ").or_else(|| name.strip_prefix("an ")).unwrap_or(name)
}

fn not_a_map(path: &Path<'_>, found: &Node) -> Diagnostic {
    Diagnostic::error(format!(
        "`{path}` is {}, but a sub-chart of that name takes its values from there",
        found.type_name()
    ))
    .at(found.span, "expected a map")
    .help("to disable a sub-chart, use the condition or tags of its dependency")
}

/// The values of a child among those of its parent.
pub(super) fn slice(values: &Node, name: &str) -> Node {
    values.get(name).cloned().unwrap_or_else(empty_map)
}
