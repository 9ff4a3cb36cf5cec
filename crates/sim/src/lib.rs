//! Development only: virtual clock, seeded network, scripted callers.
