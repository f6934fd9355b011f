//! The commands: arguments to one library call, its result to the [`Ui`].

mod cases;
mod config;
pub(crate) mod convert;
mod coverage;
pub(crate) mod create;
#[cfg(feature = "fetch")]
pub(crate) mod dependency;
pub(crate) mod diff;
pub(crate) mod docs;
pub(crate) mod environment;
#[cfg(feature = "fetch")]
pub(crate) mod fetch;
pub(crate) mod files;
pub(crate) mod generate;
pub(crate) mod generated;
pub(crate) mod history;
pub(crate) mod lint;
mod live;
pub(crate) mod lookup;
pub(crate) mod objects;
pub(crate) mod package;
pub(crate) mod past;
pub(crate) mod preview;
pub(crate) mod previous;
pub(crate) mod process;
#[cfg(feature = "fetch")]
pub(crate) mod pull;
#[cfg(feature = "fetch")]
pub(crate) mod push;
pub(crate) mod rehearse;
pub(crate) mod release;
pub(crate) mod render;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod test;
pub(crate) mod values;
pub(crate) mod verify;

use plimsoll::world::{Overlay, World};
use std::sync::LazyLock;

/// The outside as every command sees it.
pub(crate) fn world() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| overlay().world());
    &WORLD
}

/// The system, and the charts that were fetched.
pub(crate) fn overlay() -> &'static Overlay {
    static OVERLAY: LazyLock<Overlay> = LazyLock::new(|| Overlay::new(World::system()));
    &OVERLAY
}
