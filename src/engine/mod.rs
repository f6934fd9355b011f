//! Template engines behind one seam.
pub mod gotpl;
pub mod tera;
