//! Messages of one method on the wire.

use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

pub(super) struct Messages(pub(super) MethodDescriptor);

impl Codec for Messages {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Writes;
    type Decoder = Reads;

    fn encoder(&mut self) -> Writes {
        Writes
    }

    fn decoder(&mut self) -> Reads {
        Reads(self.0.clone())
    }
}

pub(super) struct Writes;

impl Encoder for Writes {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, message: DynamicMessage, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(to).map_err(|error| Status::internal(error.to_string()))
    }
}

pub(super) struct Reads(MethodDescriptor);

impl Decoder for Reads {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.output(), from);
        // It was done: what comes of this status must be that nobody knows.
        message.map(Some).map_err(|error| Status::data_loss(format!("the answer cannot be read: {error}")))
    }
}
