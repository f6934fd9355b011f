//! The files of a chart that follow from others: its documentation, and the schema of its values.
//!
//! Both are made from the comments in `values.yaml`, in the forms that chart authors use today.

pub mod docs;
mod generated;
mod notes;
pub mod schema;

pub use generated::Generated;
