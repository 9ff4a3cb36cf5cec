//! Why a request was sent (RFC 3326).

use std::fmt;

use rsipstack::sip::Header;
use rsipstack::sip::prelude::HasHeaders;

use super::list::{items, quoted, safe};

/// A `Reason`: why a call is ended or given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Whose numbers these are: `SIP`, `Q.850` and others.
    pub protocol: String,
    /// The number: a SIP status, or a cause of ISDN.
    pub cause: Option<u16>,
    /// In words.
    pub text: Option<String>,
}

impl Reason {
    /// A SIP status, such as 200 when another telephone was answered.
    #[must_use]
    pub fn sip(status: u16, text: &str) -> Self {
        Self { protocol: "SIP".to_owned(), cause: Some(status), text: Some(text.to_owned()) }
    }

    /// A cause of ISDN, such as 16 for a call that was ended as calls are.
    #[must_use]
    pub fn q850(cause: u16, text: &str) -> Self {
        Self { protocol: "Q.850".to_owned(), cause: Some(cause), text: Some(text.to_owned()) }
    }

    /// The first one that can be read, and how many could not.
    pub(crate) fn read(message: &impl HasHeaders) -> (Option<Self>, u64) {
        let mut ignored = 0;
        let mut first = None;
        for header in message.headers().iter() {
            let Header::Reason(list) = header else { continue };
            for item in items(list.value()) {
                let named = !item.value.is_empty() && safe(item.value) == item.value;
                let cause = item.parameter("cause").map(str::parse::<u16>).transpose();
                match (named, cause) {
                    (true, Ok(cause)) if first.is_none() => {
                        let text = item.parameter("text").map(str::to_owned);
                        first = Some(Self { protocol: item.value.to_owned(), cause, text });
                    }
                    (true, Ok(_)) => {}
                    (false, _) | (true, Err(_)) => ignored += 1,
                }
            }
        }
        (first, ignored)
    }

    pub(crate) fn header(&self) -> Header {
        Header::Reason(self.to_string().into())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&safe(&self.protocol))?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        if let Some(text) = &self.text {
            write!(f, ";text={}", quoted(text))?;
        }
        Ok(())
    }
}
