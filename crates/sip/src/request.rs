//! Reading requests and making answers.

use rsipstack::sip::prelude::{HasHeaders, HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Headers, Request, Response, StatusCode, Version};
use rsipstack::transaction::make_tag;

/// Methods that we take, as told in `Allow`.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY";
/// Extensions that we know, as told in `Supported`.
pub(crate) const EXTENSIONS: [&str; 3] = ["100rel", "replaces", "timer"];
/// The one kind of body that we take.
pub(crate) const SDP: &str = "application/sdp";

/// What a message carries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Nothing,
    Sdp(String),
    Other,
}

impl Body {
    pub(crate) fn of(message: &impl HasHeaders, body: &[u8]) -> Self {
        if body.is_empty() {
            return Self::Nothing;
        }
        let sdp = match content_type(message) {
            Some(kind) => kind == SDP,
            None => body.starts_with(b"v=0"),
        };
        if sdp { Self::Sdp(String::from_utf8_lossy(body).into_owned()) } else { Self::Other }
    }

    pub(crate) fn into_sdp(self) -> Option<String> {
        match self {
            Self::Sdp(sdp) => Some(sdp),
            Self::Nothing | Self::Other => None,
        }
    }
}

/// The media type of a body, without parameters and in lower case.
pub(crate) fn content_type(message: &impl HasHeaders) -> Option<String> {
    message.headers().iter().find_map(|header| match header {
        Header::ContentType(kind) => {
            Some(kind.value().split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        }
        _ => None,
    })
}

/// What a request demands of us (`Require`) and we cannot do.
pub(crate) fn required(request: &Request) -> Vec<String> {
    let demands = request.headers().iter().filter_map(|header| match header {
        Header::Require(demand) => Some(demand.value().to_owned()),
        _ => None,
    });
    demands
        .flat_map(|list| list.split(',').map(|demand| demand.trim().to_owned()).collect::<Vec<_>>())
        .filter(|demand| {
            !demand.is_empty() && !EXTENSIONS.iter().any(|known| demand.eq_ignore_ascii_case(known))
        })
        .collect()
}

/// Whether the sender of a message knows an extension, or insists on it.
pub(crate) fn lists(message: &impl HeadersExt, extension: &str) -> bool {
    ["Supported", "Require"].iter().any(|name| message.header_contains_token(name, extension))
}

/// Whether an answer with a session description can be read by who asks; without an `Accept` it can.
pub(crate) fn accepts_sdp(request: &Request) -> bool {
    let mut accepts = request.headers().iter().filter_map(|header| match header {
        Header::Accept(kinds) => Some(kinds.value()),
        _ => None,
    });
    let is_sdp = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        [SDP, "application/*", "*/*"].iter().any(|known| kind.eq_ignore_ascii_case(known))
    };
    let mut any = false;
    accepts.any(|kinds| {
        any = true;
        kinds.split(',').any(is_sdp)
    }) || !any
}

/// Whether the sender of a message takes a method, as its `Allow` says.
pub(crate) fn allows(message: &impl HasHeaders, method: &str) -> bool {
    message.headers().iter().any(|header| match header {
        Header::Allow(methods) => methods.value().split(',').any(|it| it.trim().eq_ignore_ascii_case(method)),
        _ => false,
    })
}

/// An answer outside any transaction; `None` when the request does not say where it belongs.
pub(crate) fn bare_answer(request: &Request, status: u16, user_agent: &str) -> Option<Response> {
    let mut headers = Headers::default();
    let mut vias = 0;
    for header in request.headers().iter() {
        match header {
            Header::Via(_) => {
                vias += 1;
                headers.push(header.clone());
            }
            Header::To(to) if to.typed().is_ok_and(|to| to.tag().is_none()) => {
                headers.push(to.with_tag(make_tag()).into());
            }
            Header::From(_) | Header::To(_) | Header::CallId(_) | Header::CSeq(_) => {
                headers.push(header.clone())
            }
            _ => {}
        }
    }
    headers.push(Header::UserAgent(user_agent.into()));
    headers.push(Header::ContentLength(0u32.into()));
    (vias > 0).then(|| Response {
        status_code: StatusCode::from(status),
        wire_reason: None,
        version: Version::V2,
        headers,
        body: Vec::new(),
    })
}

/// Number of a request in its dialog.
pub(crate) fn sequence(request: &Request) -> Option<u32> {
    request.cseq_header().ok()?.seq().ok()
}
