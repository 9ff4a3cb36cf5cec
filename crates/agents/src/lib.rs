//! The door for other agents: skills of the action core as tools of an MCP server (`/mcp`, streamable HTTP) and as an agent that speaks A2A
//! (`/a2a`, with its card at `/.well-known/agent-card.json`).
//!
//! Both are thin and keep nothing: what an agent asks becomes a question to the action core over gRPC, as everybody's, and the core's plan is
//! the whole state. So what holds there holds here: reads alone before a yes, the same policies, the same limits, and a plan that was begun
//! goes on whoever went away.
//!
//! An agent never says yes by itself: it reads the plan back to its person and sends their words, whose hash the core keeps.
//!
//! Absent: authentication, hence loopback only, as the action core itself; streams and push notifications of A2A, which the card says.

mod a2a;
mod door;
mod json;
mod mcp;
mod server;

pub use server::{AgentsError, AgentsServer};
