use crate::lint::registry::declare;

declare! {
    /// A baseline accepts the findings that were there when it was written. Remove fixed findings from the baseline;
    /// otherwise they may come back unnoticed.
    ///
    /// ## Fix
    /// Update the baseline: `plimsoll lint SOURCE --baseline FILE --write-baseline`.
    STALE_BASELINE = "lint/stale-baseline", Info, "the baseline accepts findings that are no longer there";
}
