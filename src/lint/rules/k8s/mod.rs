//! `k8s/*` beyond the validation of an object: what the API server answers because of what it holds already, because of
//! admission policies, and what `kubectl apply` cannot send.

super::group! {
    audit_annotation: AUDIT_ANNOTATION,
    denied_by_policy: DENIED_BY_POLICY,
    duplicate_object: DUPLICATE_OBJECT,
    repeated_merge_key: REPEATED_MERGE_KEY,
    too_large_to_apply: TOO_LARGE_TO_APPLY,
    unevaluated_policy: UNEVALUATED_POLICY,
}

pub(in crate::lint) use duplicate_object::DUPLICATE_OBJECT;
