//! Tera templates with YAML-aware interpolation.
