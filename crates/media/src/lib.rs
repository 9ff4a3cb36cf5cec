//! Worker threads: sockets and the 20 ms loop over the legs pinned to them.
