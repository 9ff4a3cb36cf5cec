//! Descriptors from a running service, by gRPC server reflection.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::DescriptorPool;
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

/// A reflecting service.
struct Mirror<'m> {
    channel: &'m Channel,
    metadata: &'m MetadataMap,
    path: &'static str,
}

/// The descriptors of all services that it lists, but those of gRPC itself.
pub(super) async fn pool(channel: &Channel, metadata: &MetadataMap) -> Result<DescriptorPool, String> {
    let list = || MessageRequest::ListServices(String::new());
    let mut mirror = Mirror { channel, metadata, path: V1 };
    let listed = match mirror.ask(list()).await {
        Err(status) if status.code() == Code::Unimplemented => {
            mirror.path = V1_ALPHA;
            mirror.ask(list()).await
        }
        listed => listed,
    };
    let MessageResponse::ListServicesResponse(listed) = listed.map_err(told)? else {
        return Err("it does not list its services".to_owned());
    };
    let mut files = BTreeMap::new();
    let mut bytes = 0;
    for service in listed.service.into_iter().filter(|service| !service.name.starts_with("grpc.")) {
        let answer = mirror.ask(MessageRequest::FileContainingSymbol(service.name)).await.map_err(told)?;
        add(answer, &mut files, &mut bytes)?;
    }
    // A service may leave it to us to ask for what its files import.
    loop {
        let imported = files.values().flat_map(|file: &FileDescriptorProto| file.dependency.iter());
        let missing: BTreeSet<String> = imported.filter(|name| !files.contains_key(*name)).cloned().collect();
        if missing.is_empty() {
            break;
        }
        for name in missing {
            let answer = mirror.ask(MessageRequest::FileByFilename(name.clone())).await.map_err(told)?;
            add(answer, &mut files, &mut bytes)?;
            if !files.contains_key(&name) {
                return Err(format!("it does not tell what is in `{name}`"));
            }
        }
    }
    let set = FileDescriptorSet { file: files.into_values().collect() };
    DescriptorPool::from_file_descriptor_set(set)
        .map_err(|error| format!("its descriptors do not fit: {error}"))
}

impl Mirror<'_> {
    /// One question on a stream of its own. The messages of both versions are the same.
    async fn ask(&self, question: MessageRequest) -> Result<MessageResponse, Status> {
        let question = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
        let mut request = Request::new(tokio_stream::once(question));
        *request.metadata_mut() = self.metadata.clone();
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(BYTES_MAX);
        grpc.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
        let codec = ProstCodec::<ServerReflectionRequest, ServerReflectionResponse>::default();
        let asked = grpc.streaming(request, PathAndQuery::from_static(self.path), codec).await;
        let answer = asked?.into_inner().message().await?;
        match answer.and_then(|answer| answer.message_response) {
            Some(MessageResponse::ErrorResponse(error)) => Err(Status::unknown(error.error_message)),
            Some(answer) => Ok(answer),
            None => Err(Status::unknown("it answers nothing")),
        }
    }
}

fn told(status: Status) -> String {
    let said: String = status.message().chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
    match status.code() {
        Code::Unimplemented => "it has no reflection: name a descriptor file instead".to_owned(),
        code => format!("its reflection: {code:?}: {said}"),
    }
}

fn add(
    answer: MessageResponse,
    files: &mut BTreeMap<String, FileDescriptorProto>,
    bytes: &mut usize,
) -> Result<(), String> {
    let MessageResponse::FileDescriptorResponse(told) = answer else {
        return Err("its reflection answers something else than it is asked".to_owned());
    };
    for file in told.file_descriptor_proto {
        let descriptor = FileDescriptorProto::decode(file.as_slice());
        let descriptor = descriptor.map_err(|error| format!("a descriptor cannot be read: {error}"))?;
        if files.insert(descriptor.name().to_owned(), descriptor).is_none() {
            *bytes += file.len();
        }
        if *bytes > BYTES_MAX || files.len() > FILES_MAX {
            return Err(format!("its descriptors are more than {BYTES_MAX} bytes or {FILES_MAX} files"));
        }
    }
    Ok(())
}

const V1: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const V1_ALPHA: &str = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
/// The files of the largest public APIs are some hundred, of a few million bytes.
const FILES_MAX: usize = 1_000;
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// A line for the operator.
const REASON_CHARS_MAX: usize = 200;
