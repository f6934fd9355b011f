//! A plan shown.
