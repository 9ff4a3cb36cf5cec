//! HTTP API, events, metrics and the web page.
