//! The RTP packet of RFC 3550, read in place and written into the caller's buffer.

use thiserror::Error;

/// What a datagram on an RTP port is, told apart by its first two bytes (RFC 5761, RFC 7983).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatagramKind {
    /// A media packet.
    Rtp,
    /// A control packet.
    Rtcp,
    /// Neither: STUN, DTLS, keep-alives, junk.
    Other,
}

impl DatagramKind {
    /// Looks at the first two bytes only.
    #[must_use]
    pub fn of(datagram: &[u8]) -> Self {
        match datagram {
            [128..=191, 192..=223, ..] => Self::Rtcp,
            [128..=191, _, ..] => Self::Rtp,
            _ => Self::Other,
        }
    }
}

/// Why a datagram is no RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RtpError {
    /// It ends within what its header announces.
    #[error("the packet is cut short")]
    Truncated,
    /// Its version is not 2.
    #[error("the packet is not RTP version 2")]
    Version,
    /// Its padding is zero or longer than its payload.
    #[error("the padding does not fit")]
    Padding,
    /// The buffer to write to is too short.
    #[error("the buffer has no room for the packet")]
    NoRoom,
}

/// The fields of a header that we write: no contributing sources, no extension, no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader {
    /// Start of a talk spurt.
    pub marker: bool,
    /// What the payload is, by the session description.
    pub payload_type: u8,
    /// Counts packets.
    pub sequence: u16,
    /// Counts ticks of the codec's clock.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
}

impl RtpHeader {
    /// Bytes of it on the wire.
    pub const LEN: usize = 12;

    /// Writes the header to the front of `datagram`; the payload goes behind it.
    ///
    /// # Errors
    /// [`RtpError::NoRoom`] when `datagram` is shorter than a header.
    pub fn write(&self, datagram: &mut [u8]) -> Result<(), RtpError> {
        let out: &mut [u8; Self::LEN] = datagram.first_chunk_mut().ok_or(RtpError::NoRoom)?;
        out[0] = 0x80;
        out[1] = u8::from(self.marker) << 7 | self.payload_type & 0x7F;
        out[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        Ok(())
    }
}

/// A received packet, borrowed from the datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// The fixed header.
    pub header: RtpHeader,
    /// Contributing sources, four bytes each.
    pub csrcs: &'a [u8],
    /// The extension's profile number and its data, if there is one.
    pub extension: Option<(u16, &'a [u8])>,
    /// The payload without padding.
    pub payload: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// [`RtpError`] tells what is wrong with it; drop and count it.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtpError> {
        let (fixed, rest) = datagram.split_first_chunk::<{ RtpHeader::LEN }>().ok_or(RtpError::Truncated)?;
        if fixed[0] >> 6 != 2 {
            return Err(RtpError::Version);
        }
        let csrcs_len = usize::from(fixed[0] & 0x0F) * 4;
        let (csrcs, mut rest) = rest.split_at_checked(csrcs_len).ok_or(RtpError::Truncated)?;
        let mut extension = None;
        if fixed[0] & 0x10 != 0 {
            let (&[p0, p1, l0, l1], data) = rest.split_first_chunk::<4>().ok_or(RtpError::Truncated)?;
            let length = usize::from(u16::from_be_bytes([l0, l1])) * 4;
            let (data, after) = data.split_at_checked(length).ok_or(RtpError::Truncated)?;
            extension = Some((u16::from_be_bytes([p0, p1]), data));
            rest = after;
        }
        if fixed[0] & 0x20 != 0 {
            let padding = usize::from(*rest.last().ok_or(RtpError::Padding)?);
            if padding == 0 || padding > rest.len() {
                return Err(RtpError::Padding);
            }
            rest = &rest[..rest.len() - padding];
        }
        let header = RtpHeader {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7F,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        Ok(Self { header, csrcs, extension, payload: rest })
    }

    /// Where the payload begins; padding is not looked at, for in an encrypted packet its length cannot be read yet.
    pub(crate) fn payload_at(datagram: &[u8]) -> Option<usize> {
        let &first = datagram.first()?;
        let mut end = RtpHeader::LEN + usize::from(first & 0x0F) * 4;
        if first & 0x10 != 0 {
            let length = datagram.get(end + 2..end + 4)?;
            end += 4 + usize::from(u16::from_be_bytes([length[0], length[1]])) * 4;
        }
        (end <= datagram.len()).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_packet_with_everything_is_read_in_place() {
        let mut datagram = vec![0xB2, 0x80 | 96, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7];
        datagram.extend([0, 0, 0, 1, 0, 0, 0, 2]); // two contributing sources
        datagram.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]); // an extension of one word
        datagram.extend([10, 11, 12, 0, 0, 3]); // a payload of three and as much padding
        let packet = RtpPacket::parse(&datagram).expect("valid");
        assert_eq!(
            packet.header,
            RtpHeader { marker: true, payload_type: 96, sequence: 0x1234, timestamp: 9, ssrc: 7 }
        );
        assert_eq!(packet.csrcs.len(), 8);
        assert_eq!(packet.extension, Some((0xBEDE, &[1, 2, 3, 4][..])));
        assert_eq!(packet.payload, [10, 11, 12]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let good = [0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1];
        let with = |first: u8, tail: &[u8]| [&[first], &good[1..], tail].concat();
        assert_eq!(RtpPacket::parse(&good[..11]), Err(RtpError::Truncated));
        assert_eq!(RtpPacket::parse(&with(0x40, &[])), Err(RtpError::Version));
        assert_eq!(RtpPacket::parse(&with(0x81, &[0; 3])), Err(RtpError::Truncated), "sources");
        assert_eq!(RtpPacket::parse(&with(0x90, &[0, 0, 0])), Err(RtpError::Truncated), "extension header");
        assert_eq!(
            RtpPacket::parse(&with(0x90, &[0, 0, 0, 2, 0, 0, 0, 0])),
            Err(RtpError::Truncated),
            "extension"
        );
        for tail in [&[][..], &[0], &[2], &[1, 2, 4]] {
            assert_eq!(RtpPacket::parse(&with(0xA0, tail)), Err(RtpError::Padding));
        }
    }

    #[test]
    fn media_and_control_are_told_apart() {
        assert_eq!(DatagramKind::of(&[0x80, 0]), DatagramKind::Rtp);
        assert_eq!(DatagramKind::of(&[0x80, 0x80 | 111]), DatagramKind::Rtp);
        assert_eq!(DatagramKind::of(&[0x81, 200]), DatagramKind::Rtcp);
        assert_eq!(DatagramKind::of(&[0, 1]), DatagramKind::Other, "STUN");
        assert_eq!(DatagramKind::of(&[22, 254]), DatagramKind::Other, "DTLS");
        assert_eq!(DatagramKind::of(b"\r\n"), DatagramKind::Other);
        assert_eq!(DatagramKind::of(&[0x80]), DatagramKind::Other);
    }

    proptest! {
        #[test]
        fn junk_never_panics(datagram in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(packet) = RtpPacket::parse(&datagram) {
                prop_assert!(packet.payload.len() + packet.csrcs.len() + RtpHeader::LEN <= datagram.len());
            }
        }

        #[test]
        fn what_is_written_is_read(marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
                                   payload in prop::collection::vec(any::<u8>(), 0..50)) {
            let header = RtpHeader { marker, payload_type, sequence, timestamp, ssrc };
            let mut datagram = vec![0; RtpHeader::LEN];
            header.write(&mut datagram).expect("fits");
            datagram.extend(&payload);
            let packet = RtpPacket::parse(&datagram).expect("valid");
            prop_assert_eq!(packet.header, header);
            prop_assert_eq!(packet.payload, &payload[..]);
        }
    }
}
