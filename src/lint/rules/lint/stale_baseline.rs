use crate::lint::registry::declare;

declare! {
    /// A baseline accepts the findings that were there when it was written. One that has been fixed since should
    /// leave the baseline, or it may come back unseen.
    ///
    /// ## Fix
    /// Write the baseline anew: `plimsoll lint SOURCE --baseline FILE --write-baseline`.
    STALE_BASELINE = "lint/stale-baseline", Info, "the baseline accepts findings that are no longer there";
}
