//! Making a pack of what a system says of itself: typed inputs and outputs, pins, and marks where only a person knows.
//!
//! What is written loads as far as it can be known: never whether a call changes anything because a server says so, never how its
//! effect is kept to once or taken back. What waits for a person is [`FILL_IN`](crate::FILL_IN) and does not load.

mod accept;
mod grpc;
mod openapi;
mod schema;
mod skeleton;
mod tools;

pub use accept::{Pinned, Standing, accept, pinned};
pub use grpc::{MethodSpec, of_methods};
pub use openapi::{base_of, of_openapi};
pub use skeleton::{NewAction, NewField, Skeleton};
pub use tools::{of_tools, tool_file};
