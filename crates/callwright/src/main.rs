//! The `callwright` program: reads the command line and the configuration, and joins the crates.

#![warn(clippy::print_stderr)] // What is printed goes through `print`, as standard output's lint wants everywhere.

#[macro_use]
mod print;

mod audit;
mod capture;
mod chat;
mod check;
mod cli;
mod config;
mod converse;
mod demo;
mod duplex;
mod gateway;
mod import;
mod journal;
mod journey;
mod language_model;
mod lines;
mod load;
mod models;
mod plan;
mod recordings;
mod rehearse;
mod secrets;
mod selfplay;
mod serve;
mod stats;
#[cfg(feature = "talk")]
mod talk;
mod telemetry;
mod trunk;
mod understand;
mod vcon;

use std::process::ExitCode;

/// A step of a plan takes many small pieces of memory for some microseconds. With the system's allocator `make bench-core` does a tenth fewer
/// steps a second, and waiting plans take an eighth more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
