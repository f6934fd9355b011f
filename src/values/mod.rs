//! Values: the `--set` grammar, merging, scoping, schemas, and the origin of every leaf.
