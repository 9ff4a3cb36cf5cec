//! The generated code, in the module tree it expects.
#![expect(unused_qualifications, reason = "generated code spells its paths out")]

pub(crate) mod types {
    pub(crate) mod v1 {
        tonic::include_proto!("callwright.types.v1");
    }
}

pub(crate) mod connector {
    pub(crate) mod v1 {
        tonic::include_proto!("callwright.connector.v1");
    }
}

pub(crate) mod actions {
    pub(crate) mod v1 {
        tonic::include_proto!("callwright.actions.v1");
    }
}
