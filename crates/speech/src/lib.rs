//! Recognisers, synthesisers and voice activity behind traits, and the scheduler of their threads.
