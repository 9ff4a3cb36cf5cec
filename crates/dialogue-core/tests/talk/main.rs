//! Whole conversations in text and virtual time, against an action core played by the test.

mod added;
mod again;
mod answers;
mod approval;
mod breath_languages;
mod call_back;
mod consent;
mod corrections;
mod doubt;
mod fuzz;
mod german;
mod handover;
mod human;
mod injection;
mod languages;
mod manager;
mod meanwhile;
mod model;
mod one_breath;
mod other_skills;
mod packs;
mod promise;
mod rebooking;
mod recall;
mod script;
mod speechless;
