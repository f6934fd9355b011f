//! Two renders compared: what changes, and what the cluster will do about it.
