//! Whole calls in virtual time, and the rules that no call would show.

mod echo;
mod layers;
mod verdicts;
