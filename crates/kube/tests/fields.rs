//! The fields that validation reads are fields of the API.

use plimsoll_kube::schema::{self, Schemas, TypeId};
use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;

/// Paths that are no fields: what the server itself calls a place in its messages, and the tree of a unit test.
const NO_FIELDS: [&str; 6] = [
    // `ValidateHorizontalPodAutoscaler` of autoscaling/v1 names the field of the internal type.
    "metrics[0].resource.target.averageUtilization",
    // The internal type has fields for the whole definition that v1 has for each version only.
    "validation",
    "webhookClientConfig",
    // `validateTopologySpreadConstraints` and `ValidateService` spell them so.
    "{topologyKey, whenUnsatisfiable}",
    "LoadBalancerSourceRanges",
    "mounts",
];

/// Every type that some kind reaches.
fn types(schemas: &Schemas) -> Vec<TypeId> {
    let mut found = Vec::new();
    let mut open: Vec<TypeId> =
        schema::kinds().iter().filter_map(|kind| schemas.type_named(kind.type_name)).collect();
    while let Some(id) = open.pop() {
        if !found.contains(&id) {
            found.push(id);
            open.extend(schemas.fields(id).iter().filter_map(|field| field.ty.object()));
        }
    }
    found
}

/// Whether a path of field names leads somewhere from some type.
fn resolves(schemas: &Schemas, from: &[TypeId], path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    from.iter().flat_map(|id| schemas.fields(*id)).filter(|field| field.name == first).any(|field| match rest
    {
        None => true,
        Some(rest) => field.ty.object().is_some_and(|id| resolves(schemas, &[id], rest)),
    })
}

#[test]
fn every_field_that_validation_reads_is_in_the_schema() {
    let schemas = Schemas::get();
    let types = types(schemas);
    let read = Regex::new(r#"\.field\("([^"]+)"\)"#).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/validation");
    let (mut seen, mut unknown) = (0, BTreeSet::new());
    for entry in walkdir::WalkDir::new(folder) {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for found in read.captures_iter(&text) {
            seen += 1;
            if !NO_FIELDS.contains(&&found[1]) && !resolves(schemas, &types, &found[1]) {
                unknown.insert(format!("{}: {}", path.display(), &found[1]));
            }
        }
    }
    assert!(seen > 400, "only {seen} fields are read");
    assert!(unknown.is_empty(), "{unknown:#?}");
}
