//! The action core's shell: gRPC server, journal, connectors.
