//! Support shared by the whole-call tests: the program under test, the systems around it, and looking at what came of a call.

mod core_alone;
mod eventually;
pub mod faults;
mod floor;
mod ports;
mod program;
mod systems;
mod witness;

pub use core_alone::CoreAlone;
pub use eventually::eventually;
pub use floor::{Decision, replay, replay_floor};
pub use ports::free_ports;
pub use program::{Gateway, Place, Settings, command, program, repository};
pub use systems::Airline;
pub use witness::Witness;
