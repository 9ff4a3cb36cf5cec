//! Browser legs: offer and answer over HTTP, one UDP port for all.
