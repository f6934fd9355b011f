//! `k8s/*` beyond a single object: what the API server answers because of what it holds already.

super::group! {
    duplicate_object: DUPLICATE_OBJECT,
}
