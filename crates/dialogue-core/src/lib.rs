//! Interpretation of utterances and the dialogue manager.
