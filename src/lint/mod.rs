//! Rules, their registry and their configuration.
