//! `lint/*`: what is wrong with comments and files that speak to lint itself. Found by
//! [`crate::lint::allow`] and [`crate::lint::baseline`], not by a check of their own.

super::group! {
    invalid_allow: INVALID_ALLOW,
    stale_baseline: STALE_BASELINE,
    unused_allow: UNUSED_ALLOW,
}

pub(in crate::lint) use {
    invalid_allow::INVALID_ALLOW, stale_baseline::STALE_BASELINE, unused_allow::UNUSED_ALLOW,
};
