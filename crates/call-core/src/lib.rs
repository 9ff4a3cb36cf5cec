//! A call's control: offer/answer, the call as one machine over all its legs, the queue of humans who take them, and the trunks that
//! calls go by.

pub mod answering;
pub mod call;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod queue;
pub mod sdp;
pub mod trunk;
