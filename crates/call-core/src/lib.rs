//! A call's control: offer/answer, transfer, bridge, timers on every state.

pub mod sdp;
pub mod transfer;
