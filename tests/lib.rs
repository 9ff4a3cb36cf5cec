//! Support shared by the whole-call tests.
