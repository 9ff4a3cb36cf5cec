//! gRPC types and services generated from proto/, converted to and from the model.
