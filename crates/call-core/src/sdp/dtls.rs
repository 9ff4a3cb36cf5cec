//! DTLS-SRTP in a description: `a=fingerprint` (RFC 8122) and `a=setup` (RFC 4145), as RFC 5763 has them.

use callwright_model::{DtlsPeer, DtlsSide, Fingerprint, FingerprintHash};

use super::description::{Attribute, MediaDescription, SessionDescription};
use super::error::SdpError;

/// What we bring to a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalDtls {
    /// Of our certificate.
    certificate: Fingerprint,
    /// What we are in the association that is there, which goes on as long as the other end says nothing else.
    side: Option<DtlsSide>,
}

impl LocalDtls {
    /// With the fingerprint of the certificate that we show.
    #[must_use]
    pub const fn new(certificate: Fingerprint) -> Self {
        Self { certificate, side: None }
    }

    pub(super) fn keep(&mut self, side: DtlsSide) {
        self.side = Some(side);
    }

    /// What stands in an offer: that the other end may choose (RFC 5763 section 5), also in a later one (RFC 8842 section 5.5).
    pub(super) fn offered(&self) -> Vec<Attribute> {
        self.attributes("actpass")
    }

    /// What we make of an offered line: the other end, and our answer to it.
    pub(super) fn answer(
        &self,
        offer: &SessionDescription,
        line: &MediaDescription,
    ) -> Result<(DtlsPeer, Vec<Attribute>), SdpError> {
        let fingerprint = fingerprint(offer, line).ok_or(SdpError::NoFingerprint)?;
        let ours = match setup(offer, line).unwrap_or("active") {
            // Who waits needs no address that its packets come from, which may not be the signalled one.
            "actpass" => self.side.unwrap_or(DtlsSide::Server),
            "active" => DtlsSide::Server,
            "passive" => DtlsSide::Client,
            _ => return Err(SdpError::NoFingerprint),
        };
        Ok((DtlsPeer { ours, fingerprint }, self.attributes(ours.setup())))
    }

    fn attributes(&self, setup: &str) -> Vec<Attribute> {
        vec![
            Attribute::with("fingerprint", self.certificate.to_string()),
            Attribute::with("setup", setup.to_owned()),
        ]
    }
}

/// The other end, by its answer to our offer.
pub(super) fn accept(answer: &SessionDescription, line: &MediaDescription) -> Result<DtlsPeer, SdpError> {
    let fingerprint = fingerprint(answer, line).ok_or(SdpError::NoFingerprint)?;
    let ours = match setup(answer, line).unwrap_or("passive") {
        "active" => DtlsSide::Server,
        "passive" => DtlsSide::Client,
        _ => return Err(SdpError::AnswerMismatch("its `a=setup` is neither `active` nor `passive`")),
    };
    Ok(DtlsPeer { ours, fingerprint })
}

/// The first fingerprint by the hash that we like best of those that are told.
fn fingerprint(session: &SessionDescription, line: &MediaDescription) -> Option<Fingerprint> {
    let told = |attributes: &[Attribute]| -> Vec<Fingerprint> {
        let lines = attributes.iter().filter(|attribute| attribute.name == "fingerprint");
        lines.filter_map(|attribute| attribute.value.as_deref()?.parse().ok()).collect()
    };
    let mut all = told(&line.attributes);
    if !line.has("fingerprint") {
        all = told(&session.attributes);
    }
    FingerprintHash::ALL.into_iter().find_map(|hash| all.iter().copied().find(|told| told.hash() == hash))
}

fn setup<'a>(session: &'a SessionDescription, line: &'a MediaDescription) -> Option<&'a str> {
    let of_session = || session.attributes.iter().find(|attribute| attribute.name == "setup");
    line.value("setup").or_else(|| of_session()?.value.as_deref())
}

#[cfg(test)]
mod tests;
