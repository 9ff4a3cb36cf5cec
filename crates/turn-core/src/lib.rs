//! The floor: who may speak, decided from speech probability and expectations.
