//! `k8s/*` beyond the validation of an object: what the API server answers because of what it holds already, and what
//! `kubectl apply` cannot send.

super::group! {
    duplicate_object: DUPLICATE_OBJECT,
    repeated_merge_key: REPEATED_MERGE_KEY,
    too_large_to_apply: TOO_LARGE_TO_APPLY,
}

pub(in crate::lint) use duplicate_object::DUPLICATE_OBJECT;
