//! `kustomize/*`: kustomizations that cannot be built here. Found while they are built.

super::group! {
    build_failed: BUILD_FAILED,
    not_read: NOT_READ,
}

pub(in crate::lint) use {build_failed::BUILD_FAILED, not_read::NOT_READ};
