//! Calls over loopback sockets.

mod browser;
mod browser_page;
