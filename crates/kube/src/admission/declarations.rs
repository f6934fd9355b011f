//! What the expressions of admission policies and webhooks may name: `mustBuildEnvs` of
//! `apiserver/pkg/admission/plugin/cel`.

use crate::cel::{Composition, Type};

/// What the expressions of one policy may name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declarations {
    has_params: bool,
    variables: Vec<(String, Type<'static>)>,
}

type Declared = Vec<(&'static str, Type<'static>)>;

impl Declarations {
    /// The names of a policy without variables yet.
    pub(crate) fn new(has_params: bool) -> Self {
        Self { has_params, variables: Vec::new() }
    }

    /// What match conditions know: the variables are none of it.
    pub(crate) fn of_match_conditions(&self) -> Declared {
        let mut declared = of_request();
        if self.has_params {
            declared.push(("params", Type::Dyn));
        }
        declared
    }

    /// What every other expression knows.
    pub(crate) fn of_expressions(&self) -> Declared {
        let mut declared = self.of_match_conditions();
        declared.push((Composition::NAME, Type::record(self.variables.iter().cloned())));
        declared
    }

    /// What a `messageExpression` knows: it cannot ask who may do what.
    pub(crate) fn of_messages(&self) -> Declared {
        let mut declared = self.of_expressions();
        declared.retain(|(name, _)| *name != AUTHORIZER);
        declared
    }

    /// Adds a variable for the expressions that follow.
    pub(crate) fn declare(&mut self, name: &str, ty: Type<'static>) {
        self.variables.push((name.to_owned(), ty));
    }
}

const AUTHORIZER: &str = "authorizer";

/// What every expression about a request knows.
pub(crate) fn of_request() -> Declared {
    vec![
        ("object", Type::Dyn),
        ("oldObject", Type::Dyn),
        ("request", request()),
        ("namespaceObject", namespace()),
        (AUTHORIZER, Type::Named("authorizer")),
    ]
}

/// `BuildRequestType`
fn request() -> Type<'static> {
    let text = || Type::String;
    let kind = || Type::record([("group", text()), ("version", text()), ("kind", text())]);
    let resource = || Type::record([("group", text()), ("version", text()), ("resource", text())]);
    let user = Type::record([
        ("username", text()),
        ("uid", text()),
        ("groups", Type::list(text())),
        ("extra", Type::map(Type::list(text()))),
    ]);
    Type::record([
        ("kind", kind()),
        ("resource", resource()),
        ("subResource", text()),
        ("requestKind", kind()),
        ("requestResource", resource()),
        ("requestSubResource", text()),
        ("name", text()),
        ("namespace", text()),
        ("operation", text()),
        ("userInfo", user),
        ("dryRun", Type::Bool),
        ("options", Type::Dyn),
    ])
}

/// `BuildNamespaceType`
fn namespace() -> Type<'static> {
    let text = || Type::String;
    let condition = Type::record([
        ("status", text()),
        ("type", text()),
        ("lastTransitionTime", Type::Timestamp),
        ("message", text()),
        ("reason", text()),
    ]);
    let metadata = Type::record([
        ("name", text()),
        ("generateName", text()),
        ("namespace", text()),
        ("labels", Type::map(text())),
        ("annotations", Type::map(text())),
        ("UID", text()),
        ("creationTimestamp", Type::Timestamp),
        ("deletionGracePeriodSeconds", Type::Int),
        ("deletionTimestamp", Type::Timestamp),
        ("generation", Type::Int),
        ("resourceVersion", text()),
        ("finalizers", Type::list(text())),
    ]);
    Type::record([
        ("metadata", metadata),
        ("spec", Type::record([("finalizers", Type::list(text()))])),
        ("status", Type::record([("conditions", Type::list(condition)), ("phase", text())])),
    ])
}
