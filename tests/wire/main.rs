//! Calls over loopback sockets.

mod audit;
mod baresip;
mod browser;
mod browser_page;
mod calls;
mod chat;
mod check;
mod commands;
mod counted;
mod database;
mod desk;
mod encrypted;
mod faults;
mod fuzzed;
mod import;
mod journal;
mod journey;
mod peers;
mod python;
mod sipp;
mod softphone;
mod sound;
mod stats;
mod talk;
mod telemetry;
mod walk;
