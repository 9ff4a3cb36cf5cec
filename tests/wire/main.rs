//! Calls over loopback sockets.
