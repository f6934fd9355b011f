//! Rules in CEL of a definition: each compiles, and the worst case of what it costs is within the limits
//! (`pkg/apis/apiextensions/validation/cel_validation.go`).

use crate::cel::{Program, Type, max_cardinality, schema_limit};
use crate::validation::custom::rule_variables;
use crate::validation::{At, Context, ErrorKind, FieldError, Finding, expression};
use plimsoll_diag::Span;
use plimsoll_yaml::Node;

/// `StaticEstimatedCostLimit`: what one rule may cost for all values that it is about.
const EXPRESSION_LIMIT: u64 = 10_000_000;

/// `StaticEstimatedCRDCostLimit`: what all rules of a schema may cost together.
const SCHEMA_LIMIT: u64 = 100_000_000;

/// Reports rules that do not compile or cost too much, at any depth of the schema of a whole object.
pub(super) fn check(schema: &At<'_, '_>, cx: &mut Context<'_>) {
    let mut costs = Costs::default();
    let reach = Reach { is_root: true, is_correlatable: true, cardinality: Some(1) };
    check_below(schema, reach, &mut costs, cx);
    costs.report(schema, cx);
}

/// What a part of a schema is about.
#[derive(Clone, Copy)]
struct Reach {
    is_root: bool,
    /// Whether an old value can be found for each new one.
    is_correlatable: bool,
    /// How many values of it an object has at most, if the lists and maps around it are limited.
    cardinality: Option<u64>,
}

fn check_below(schema: &At<'_, '_>, reach: Reach, costs: &mut Costs, cx: &mut Context<'_>) {
    let Some(node) = schema.node() else { return };
    let ty = Type::from_schema(node, reach.is_root);
    for rule in schema.field("x-kubernetes-validations").items() {
        check_rule(&rule, node, &ty, reach, costs, cx);
    }
    let cardinality = reach.cardinality.zip(max_elements(node));
    let cardinality = cardinality.map(|(outer, inner)| outer.saturating_mul(inner));
    let below = Reach { is_root: false, cardinality, ..reach };
    let is_map = schema.field("x-kubernetes-list-type").text() == "map";
    let items = Reach { is_correlatable: reach.is_correlatable && is_map, ..below };
    check_below(&schema.field("items"), items, costs, cx);
    check_below(&schema.field("additionalProperties"), below, costs, cx);
    let properties = schema.field("properties");
    for (_, property) in properties.entries() {
        check_below(&property, below, costs, cx);
    }
}

fn check_rule(
    rule: &At<'_, '_>,
    schema: &Node,
    ty: &Type<'_>,
    reach: Reach,
    costs: &mut Costs,
    cx: &mut Context<'_>,
) {
    let (source, message) = (rule.field("rule"), rule.field("messageExpression"));
    let optional = rule.field("optionalOldSelf");
    let variables = rule_variables(ty, optional.flag());
    let subject = (schema, reach.is_root);
    let compile = |source: &At<'_, '_>, failure: &str, result: &Type<'_>, cx: &mut Context<'_>| {
        let compile = |text: &str| Program::compile_estimated(text, &variables, result, subject);
        expression::compile_with(source, failure, compile, cx)
    };
    if let Some((program, cost)) = compile(&source, "compilation failed", &Type::Bool, cx) {
        let cardinality = reach.cardinality.unwrap_or_else(|| max_cardinality(schema));
        costs.add(&source, "estimated rule cost", cost.saturating_mul(cardinality), cx);
        if program.uses("oldSelf") {
            if !reach.is_correlatable {
                let detail = "oldSelf cannot be used on the uncorrelatable portion of the schema";
                cx.invalid(&source, detail);
            }
        } else if optional.is_set() {
            cx.invalid(&optional, "may not be set if oldSelf is not used in rule");
        }
    }
    let failure = "messageExpression compilation failed";
    if let Some((_, cost)) = compile(&message, failure, &Type::String, cx) {
        costs.add(&message, "estimated messageExpression cost", cost, cx);
    }
}

/// How many values a list or a map of a schema holds at most; `None` if it does not say. Anything else holds each of
/// its fields once.
fn max_elements(schema: &Node) -> Option<u64> {
    match schema.get("type").and_then(Node::as_str) {
        Some("array") => schema_limit(schema, "maxItems"),
        Some("object") if schema.get("additionalProperties").is_some() => {
            schema_limit(schema, "maxProperties")
        }
        _ => Some(1),
    }
}

/// What the rules of a schema cost.
#[derive(Default)]
struct Costs {
    total: u64,
    /// The expressions that cost the most, with their places.
    most_expensive: Vec<(u64, String, Span)>,
}

impl Costs {
    /// Adds an expression, and reports one that costs too much by itself.
    fn add(&mut self, source: &At<'_, '_>, name: &str, cost: u64, cx: &mut Context<'_>) {
        if cost > EXPRESSION_LIMIT {
            cx.forbidden(source, excess(name, cost, EXPRESSION_LIMIT));
        }
        self.total = self.total.saturating_add(cost);
        if cost >= SCHEMA_LIMIT / 100 {
            self.most_expensive.push((cost, source.path(), source.span()));
        }
    }

    /// Reports a schema whose rules cost too much together, and those that cost the most.
    fn report(mut self, schema: &At<'_, '_>, cx: &mut Context<'_>) {
        const NAMED: usize = 4;
        if self.total <= SCHEMA_LIMIT {
            return;
        }
        self.most_expensive.sort_by_key(|(cost, ..)| std::cmp::Reverse(*cost));
        for (_, path, span) in self.most_expensive.into_iter().take(NAMED) {
            let detail =
                "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
            let error = FieldError::new(ErrorKind::Forbidden, path).detail(detail);
            cx.push(Finding::new(error, span));
        }
        let name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        cx.forbidden(schema, excess(name, self.total, SCHEMA_LIMIT));
    }
}

/// `getCostErrorMessage`
fn excess(name: &str, cost: u64, limit: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "the server divides so")]
    let factor = cost as f64 / limit as f64;
    let factor = match factor {
        _ if factor > 100.0 => "more than 100x".to_owned(),
        _ if factor < 1.5 => format!("{factor:.6}x"),
        _ => format!("{factor:.1}x"),
    };
    format!(
        "{name} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and \
         maxLength where arrays, maps, and strings are declared)"
    )
}

#[cfg(test)]
mod tests {
    use crate::validation::testing::list_messages;

    /// The findings about a definition whose only version has these properties.
    fn check(properties: &str) -> Vec<String> {
        let messages = list_messages(&format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: as.b.c}}\n\
             spec: {{group: b.c, names: {{kind: A, plural: as}}, scope: Cluster, versions: [{{name: v1, served: true, \
             storage: true, schema: {{openAPIV3Schema: {{type: object, properties: {{{properties}}}}}}}}}]}}\n"
        ));
        messages.iter().map(|message| message.replace("spec.validation.openAPIV3Schema.", "")).collect()
    }

    const ADVICE: &str = " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, \
                          and strings are declared)";

    fn over(path: &str, name: &str, factor: &str) -> String {
        format!("`{path}`: forbidden: {name} exceeds budget by factor of {factor}{ADVICE}")
    }

    const RULE: &str = "x-kubernetes-validations[0].rule";
    const SCHEMA: &str = "spec.validation.openAPIV3Schema";
    const RULE_COST: &str = "estimated rule cost";
    const TOTAL: &str = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";

    fn contributed(path: &str) -> String {
        format!(
            "`{path}`: forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        )
    }

    #[test]
    fn a_rule_that_costs_too_much_is_refused() {
        let list = |limits: &str, rule: &str| {
            format!(
                "a: {{type: array, {limits} items: {{type: string, maxLength: 10}}, x-kubernetes-validations: [{{rule: \
                 {rule:?}}}]}}"
            )
        };
        let nested = "self.all(x, self.all(y, x == y))";
        let path = format!("properties[a].{RULE}");
        let all = [
            over(&path, RULE_COST, "more than 100x"),
            contributed(&path),
            over(SCHEMA, TOTAL, "more than 100x"),
        ];
        assert_eq!(check(&list("", nested)), all);
        assert_eq!(check(&list("maxItems: 100,", nested)), [""; 0]);
        // 2 + n * (5 + n * 9)
        assert_eq!(check(&list("maxItems: 1100,", nested)), [over(&path, RULE_COST, "1.089550x")]);
        assert_eq!(check(&list("", "self.all(x, x != '')")), [""; 0]);
    }

    #[test]
    fn rules_about_items_count_for_each_item() {
        let items = |limits: &str, rule: &str| {
            check(&format!(
                "a: {{type: array, {limits} items: {{type: object, properties: {{b: {{type: string, maxLength: 1000, \
                 x-kubernetes-validations: [{{{rule}}}]}}}}}}}}"
            ))
        };
        // 4001 bytes at most, 6 characters of the expression: 401 * 2 + 1.
        let path = format!("properties[a].items.properties[b].{RULE}");
        let rule = r#"rule: "self.matches('[a-z]+')""#;
        assert_eq!(items("maxItems: 100,", rule), [""; 0]);
        assert_eq!(items("maxItems: 12000,", rule), [""; 0]);
        assert_eq!(items("maxItems: 20000,", rule), [over(&path, RULE_COST, "1.6x")]);
        // Without a limit, as many as the request can hold: 3 MiB / 3.
        let all = [over(&path, RULE_COST, "84.2x"), contributed(&path), over(SCHEMA, TOTAL, "8.4x")];
        assert_eq!(items("", rule), all);
        // The message counts once.
        let message = "rule: 'true', messageExpression: 'self + self'";
        assert_eq!(items("", message), [""; 0]);
    }

    #[test]
    fn all_rules_of_a_schema_have_a_limit() {
        let property = |name: &str| {
            format!(
                "{name}: {{type: array, maxItems: 20, items: {{type: array, maxItems: 250, items: {{type: array, maxItems: 250, \
                 items: {{type: integer, x-kubernetes-validations: [{{rule: self > 0 && self < 9}}]}}}}}}}}"
            )
        };
        let all = |count: u32| {
            let properties = (0..count).map(|number| property(&format!("p{number}")));
            check(&properties.collect::<Vec<_>>().join(", "))
        };
        // Each is 4 * 1.25 million.
        assert_eq!(all(20), [""; 0]);
        let path = |number: u32| format!("properties[p{number}].items.items.items.{RULE}");
        let mut expected: Vec<String> = (0..4).map(|number| contributed(&path(number))).collect();
        expected.push(over(SCHEMA, TOTAL, "1.050000x"));
        assert_eq!(all(21), expected);
    }
}
