//! The endpoint over real sockets: against itself, against hand-written messages, and against sipp.

mod calls;
mod changes;
mod conformance;
mod examine;
mod large;
mod logs;
mod provisional;
mod raw;
mod refusals;
mod registrar;
mod sipp;
mod sipp_called;
mod support;
mod timers;
mod torture;
mod transfers;
mod transports;
mod trunks;
