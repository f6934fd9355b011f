//! Which values a chart's templates read: its own, those of the charts above, and those that may be called with its
//! values. The engine determines what a single text reads.

use crate::chart::{Chart, EngineKind};
use crate::diag::{SourceId, Span};
use crate::engine::{Usage, ValueReference, engine_for, template_texts};
use crate::values::Scope;
use crate::yaml::{Map, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One place where a template reads a value, or sets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Read {
    /// The keys that lead to the value; none for the values as a whole.
    pub(super) path: Vec<String>,
    /// The path in the template; `None` where it was read from a text that has no positions.
    pub(super) span: Option<Span>,
    /// What the template does with the value.
    pub(super) usage: Usage,
}

/// Looks for reads; each text is parsed once, however many charts may run it.
#[derive(Default)]
pub(super) struct Reader {
    parsed: BTreeMap<(EngineKind, Arc<str>), Vec<ValueReference>>,
}

impl Reader {
    /// What the templates of a scope read, and what others read of its values: parents, and partials that it may call.
    pub(super) fn read_scope(&mut self, root: &Scope, scope: &Scope) -> Vec<Read> {
        let mut reads = Vec::new();
        self.read_own_templates(scope, &mut reads);
        self.read_foreign_partials(root, scope, &mut reads);
        self.read_parents(root, scope, &mut reads);
        reads
    }

    /// The values that one chart's own templates read.
    fn read_own_templates(&mut self, scope: &Scope, reads: &mut Vec<Read>) {
        let chart: &Chart = &scope.chart;
        let values: Vec<&Map> = [&chart.values, &scope.values].into_iter().filter_map(Node::as_map).collect();
        for (source, text) in template_texts(chart, &values) {
            self.read_text(&text, chart.engine, source, reads);
        }
    }

    /// The partials of every other chart of the release may be called with this scope's values: they count as
    /// reads, without a place of their own.
    fn read_foreign_partials(&mut self, other: &Scope, scope: &Scope, reads: &mut Vec<Read>) {
        if !std::ptr::eq(other, scope) {
            let templates = other.chart.templates.iter();
            for partial in templates.filter(|template| file_name(&template.path).starts_with('_')) {
                self.read_text(&partial.text, other.chart.engine, None, reads);
            }
        }
        for child in &other.children {
            self.read_foreign_partials(child, scope, reads);
        }
    }

    /// What the templates of the charts above read of a scope's values: a parent has them under the scope's name.
    fn read_parents(&mut self, root: &Scope, scope: &Scope, reads: &mut Vec<Read>) {
        let mut parent = root;
        while !std::ptr::eq(parent, scope) {
            let way = scope.path.strip_prefix(&parent.path).unwrap_or_default();
            let way: Vec<&str> = way.split("/charts/").skip(1).collect();
            let mut theirs = Vec::new();
            for template in &parent.chart.templates {
                self.read_text(&template.text, parent.chart.engine, None, &mut theirs);
            }
            reads.extend(theirs.into_iter().filter_map(|read| {
                let (outer, inner) = read.path.split_at_checked(way.len())?;
                (outer == way).then(|| Read { path: inner.to_vec(), ..read })
            }));
            let Some(next) = parent.children.iter().find(|child| contains_scope(child, scope)) else {
                return;
            };
            parent = next;
        }
    }

    /// The reads in a text; none in one that is not a template.
    fn read_text(
        &mut self,
        text: &Arc<str>,
        engine: EngineKind,
        source: Option<SourceId>,
        reads: &mut Vec<Read>,
    ) {
        let references = self
            .parsed
            .entry((engine, Arc::clone(text)))
            .or_insert_with(|| engine_for(engine).value_references(text));
        reads.extend(references.iter().map(|reference| Read {
            path: reference.path.clone(),
            span: source.map(|source| Span::new(source, reference.range.start, reference.range.end)),
            usage: reference.usage,
        }));
    }
}

/// Whether `outer` is `scope` or one of its ancestors.
fn contains_scope(outer: &Scope, scope: &Scope) -> bool {
    std::ptr::eq(outer, scope) || outer.children.iter().any(|child| contains_scope(child, scope))
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
