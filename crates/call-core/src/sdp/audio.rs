//! Between payload types and codecs.

use callwright_model::{Codec, DtmfFormat};

use super::description::{Attribute, MediaDescription, SessionDescription};
use super::direction::Direction;

/// The telephone events we put into an offer.
pub(super) struct TelephoneEvents;

impl TelephoneEvents {
    /// One payload type for each clock rate among the codecs.
    pub(super) fn offered(codecs: &[Codec]) -> Vec<DtmfFormat> {
        let mut events: Vec<DtmfFormat> = Vec::new();
        for codec in codecs {
            let clock_rate = codec.clock_rate();
            if events.iter().any(|format| format.clock_rate == clock_rate) {
                continue;
            }
            // 101 at 8 kHz is what nearly every telephone uses; 110 at 48 kHz is what browsers use.
            let payload_type = if clock_rate == 8_000 { 101 } else { 110 };
            events.push(DtmfFormat { payload_type, clock_rate });
        }
        events
    }
}

/// The payload types under which we offer our codecs: the static ones of RFC 3551, and 111 for Opus as browsers have it.
pub(super) fn local_payload_types(codecs: &[Codec]) -> Vec<(Codec, u8)> {
    let mut types: Vec<(Codec, u8)> = Vec::new();
    for &codec in codecs {
        let payload_type = match codec {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
            Codec::Opus => 111,
        };
        if !types.contains(&(codec, payload_type)) {
            types.push((codec, payload_type));
        }
    }
    types
}

/// The codecs we know and the telephone events of an audio line, in its order.
pub(super) fn audio_formats(line: &MediaDescription) -> (Vec<(Codec, u8)>, Vec<DtmfFormat>) {
    let mut codecs = Vec::new();
    let mut events = Vec::new();
    for format in &line.formats {
        let Some(payload_type) = format.parse::<u8>().ok().filter(|number| *number < 128) else { continue };
        match rtpmap(line, payload_type) {
            Some(map) => match named(map) {
                Some(Named::Codec(codec)) => codecs.push((codec, payload_type)),
                Some(Named::TelephoneEvent(clock_rate)) => {
                    events.push(DtmfFormat { payload_type, clock_rate })
                }
                None => {}
            },
            None => match payload_type {
                0 => codecs.push((Codec::Pcmu, 0)),
                8 => codecs.push((Codec::Pcma, 8)),
                9 => codecs.push((Codec::G722, 9)),
                _ => {}
            },
        }
    }
    (codecs, events)
}

/// The payload type of comfort noise at a codec's clock rate (RFC 3389 section 4), if a line names one.
pub(super) fn comfort_noise(line: &MediaDescription, codec: Codec) -> Option<u8> {
    let numbers = line.formats.iter().filter_map(|format| format.parse::<u8>().ok());
    numbers.filter(|number| *number < 128).find(|number| {
        // 13 needs no map (RFC 3551, table 4).
        let map = rtpmap(line, *number).or((*number == COMFORT_NOISE).then_some("CN/8000"));
        map.and_then(|map| map.split_once('/')).is_some_and(|(name, rate)| {
            let rate = rate.split('/').next().and_then(|rate| rate.trim().parse().ok());
            name.eq_ignore_ascii_case("CN") && rate == Some(codec.clock_rate())
        })
    })
}

/// How much sound a packet to an end shall hold, in ms: what its `ptime` wishes for, no more than its `maxptime` bears (RFC 8866 section
/// 6.4), and in a length that the codec has. 20 without a wish.
pub(super) fn packet_ms(line: &MediaDescription, codec: Codec) -> u8 {
    let told = |name| line.value(name)?.split('.').next()?.trim().parse::<u16>().ok().filter(|ms| *ms > 0);
    let wish: u16 = told("ptime").unwrap_or(20).min(told("maxptime").unwrap_or(u16::MAX));
    let lengths: &[u8] = match codec {
        Codec::Opus => &[60, 40, 20],
        Codec::Pcmu | Codec::Pcma | Codec::G722 => &[60, 50, 40, 30, 20],
    };
    lengths.iter().copied().find(|ms| u16::from(*ms) <= wish).unwrap_or(10)
}

/// Whether an end asks for VoIP metrics (RFC 3611, section 5.1), for this line or for all.
pub(super) fn wants_voip_metrics(session: &SessionDescription, line: &MediaDescription) -> bool {
    let mut all = line.attributes.iter().chain(&session.attributes);
    let asks = |value: &str| value.split_ascii_whitespace().any(|word| word == VOIP_METRICS);
    all.any(|attribute| attribute.name == EXTENDED_REPORTS && attribute.value.as_deref().is_some_and(asks))
}

/// With which we ask for them.
pub(super) fn want_voip_metrics() -> Attribute {
    Attribute::with(EXTENDED_REPORTS, VOIP_METRICS.to_owned())
}

enum Named {
    Codec(Codec),
    TelephoneEvent(u32),
}

fn rtpmap(line: &MediaDescription, payload_type: u8) -> Option<&str> {
    line.attributes.iter().filter(|attribute| attribute.name == "rtpmap").find_map(|attribute| {
        let (number, map) = attribute.value.as_deref()?.split_once(' ')?;
        (number.parse::<u8>().ok()? == payload_type).then_some(map.trim())
    })
}

fn named(map: &str) -> Option<Named> {
    let mut parts = map.split('/');
    let name = parts.next()?;
    let clock_rate: u32 = parts.next()?.trim().parse().ok()?;
    let channels = parts.next().map_or("1", str::trim);
    if name.eq_ignore_ascii_case("telephone-event") {
        return Some(Named::TelephoneEvent(clock_rate));
    }
    // Opus is always written as stereo at 48 kHz, whatever is sent (RFC 7587 section 7).
    let codec = Codec::ALL.into_iter().find(|codec| {
        let of = if *codec == Codec::Opus { "2" } else { "1" };
        name.eq_ignore_ascii_case(codec.name()) && clock_rate == codec.clock_rate() && channels == of
    })?;
    Some(Named::Codec(codec))
}

impl MediaDescription {
    /// Names comfort noise too, behind the codecs.
    pub(super) fn add_comfort_noise(&mut self, payload_type: u8) {
        self.formats.push(payload_type.to_string());
        self.attributes.insert(0, Attribute::with("rtpmap", format!("{payload_type} CN/8000")));
    }

    /// An audio line of ours.
    pub(super) fn audio(
        port: u16,
        protocol: &str,
        codecs: &[(Codec, u8)],
        events: &[DtmfFormat],
        direction: Direction,
        rtcp_mux: bool,
    ) -> Self {
        let mut formats = Vec::new();
        let mut attributes = Vec::new();
        for (codec, payload_type) in codecs {
            formats.push(payload_type.to_string());
            let channels = if *codec == Codec::Opus { "/2" } else { "" };
            attributes.push(Attribute::with(
                "rtpmap",
                format!("{payload_type} {}/{}{channels}", codec.name(), codec.clock_rate()),
            ));
            if *codec == Codec::Opus {
                attributes.push(Attribute::with("fmtp", format!("{payload_type} {OPUS_PARAMETERS}")));
            }
        }
        for DtmfFormat { payload_type, clock_rate } in events {
            formats.push(payload_type.to_string());
            attributes
                .push(Attribute::with("rtpmap", format!("{payload_type} telephone-event/{clock_rate}")));
            attributes.push(Attribute::with("fmtp", format!("{payload_type} 0-15")));
        }
        attributes.push(Attribute::with("ptime", "20".to_owned()));
        attributes.push(Attribute::flag(direction.name()));
        if rtcp_mux {
            attributes.push(Attribute::flag("rtcp-mux"));
        }
        Self {
            kind: "audio".to_owned(),
            port,
            protocol: protocol.to_owned(),
            formats,
            connection: None,
            attributes,
        }
    }
}

/// The static payload type of comfort noise at 8 kHz.
pub(super) const COMFORT_NOISE: u8 = 13;
const EXTENDED_REPORTS: &str = "rtcp-xr";
const VOIP_METRICS: &str = "voip-metrics";

/// We work at 16 kHz in mono, so more bandwidth would be thrown away; and we use the error correction inside the stream.
const OPUS_PARAMETERS: &str = "maxplaybackrate=16000;sprop-maxcapturerate=16000;stereo=0;useinbandfec=1";
