//! Scripted callers over real sockets who listen as well as speak.
