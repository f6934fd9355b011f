//! `lint/*`: what is wrong with comments and files that speak to lint itself. Found by
//! [`crate::lint::allow`] and [`crate::lint::baseline`], not by a check of their own.

mod invalid_allow;
mod stale_baseline;
mod unused_allow;

pub(in crate::lint) use invalid_allow::INVALID_ALLOW;
pub(in crate::lint) use stale_baseline::STALE_BASELINE;
pub(in crate::lint) use unused_allow::UNUSED_ALLOW;
