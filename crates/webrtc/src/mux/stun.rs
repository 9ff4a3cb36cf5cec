//! The one thing that routing needs of STUN (RFC 8489): who a binding request is for.

/// Bytes of a STUN header.
const HEADER: usize = 20;
/// Type of the USERNAME attribute.
const USERNAME: u16 = 0x0006;

/// The USERNAME of a STUN message, `ours:theirs` in ICE; `None` for everything else.
pub(crate) fn username(datagram: &[u8]) -> Option<&str> {
    let (header, mut rest) = datagram.split_at_checked(HEADER)?;
    // The first byte tells STUN from DTLS and RTP (RFC 7983); the magic cookie makes sure.
    if header[0] > 3 || header[4..8] != [0x21, 0x12, 0xa4, 0x42] {
        return None;
    }
    while let Some((head, tail)) = rest.split_at_checked(4) {
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        if kind == USERNAME {
            return std::str::from_utf8(tail.get(..length)?).ok();
        }
        rest = tail.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        bytes.resize(HEADER, 7);
        for (kind, value) in attributes {
            bytes.extend(kind.to_be_bytes());
            bytes.extend(u16::try_from(value.len()).expect("a short attribute").to_be_bytes());
            bytes.extend(*value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    #[test]
    fn the_username_is_found_behind_other_attributes() {
        let bytes = message(&[(0x24, &[1, 2, 3, 4]), (0x8022, b"agent"), (USERNAME, b"ours:theirs")]);
        assert_eq!(username(&bytes), Some("ours:theirs"));
    }

    #[test]
    fn rtp_dtls_and_cut_messages_have_none() {
        let whole = message(&[(USERNAME, b"ours:theirs")]);
        for length in 0..HEADER + 4 + 11 {
            assert_eq!(username(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(username(&[0x80; 40]), None);
        assert_eq!(username(&[22; 40]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = username(&bytes);
        }

        #[test]
        fn any_bytes_behind_a_stun_header_are_read_without_a_panic(
            attributes in proptest::collection::vec(any::<u8>(), 0..200)
        ) {
            let mut bytes = message(&[]);
            bytes.extend(attributes);
            let _ = username(&bytes);
        }
    }
}
