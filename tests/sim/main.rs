//! Whole calls in virtual time, and the rules that no call would show.

mod answering;
mod echo;
mod layers;
mod verdicts;
