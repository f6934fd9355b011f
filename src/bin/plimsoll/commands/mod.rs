//! The commands: arguments to one library call, its result to the [`Ui`].

mod config;
pub(crate) mod diff;
pub(crate) mod files;
pub(crate) mod generate;
pub(crate) mod history;
pub(crate) mod lint;
mod live;
mod lookup;
pub(crate) mod objects;
pub(crate) mod past;
pub(crate) mod preview;
pub(crate) mod previous;
pub(crate) mod process;
pub(crate) mod rehearse;
pub(crate) mod release;
pub(crate) mod render;
pub(crate) mod values;

use plimsoll::world::World;
use std::sync::LazyLock;

/// The outside as every command sees it.
pub(crate) fn world() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(World::system);
    &WORLD
}
