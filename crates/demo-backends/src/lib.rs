//! The demo airline and shop: gRPC connectors with their own SQLite and faults on demand.
