//! The `callwright` program: reads the command line and the configuration, and joins the crates.

mod chat;
mod check;
mod cli;
mod config;
mod demo;
mod duplex;
mod gateway;
mod lines;
mod load;
mod models;
mod rehearse;
mod serve;
#[cfg(feature = "talk")]
mod talk;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
