//! A call's control: offer/answer, and the call as one machine over all its legs.

pub mod call;
pub mod sdp;
