//! `k8s/*` beyond a single object: what the API server answers because of what it holds already.

mod duplicate_object;

pub(in crate::lint) use duplicate_object::DUPLICATE_OBJECT;
