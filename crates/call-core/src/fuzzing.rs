//! What must hold for any session description that a peer sends; `fuzz/` and its corpus try to find one for which it does not.

use core::net::{IpAddr, Ipv4Addr};

use callwright_model::{Codec, Fingerprint, FingerprintHash, Protection, SrtpMaster};

use crate::sdp::{
    LocalDtls, LocalKeys, LocalMedia, SdpError, Security, SessionDescription, accept, answer, offer, reoffer,
};

/// Takes the bytes for a description, as an offer to us and as an answer to ours.
pub fn sdp(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(theirs) = text.parse::<SessionDescription>() else { return };
    comes_back(&theirs);
    for local in locals() {
        answered(&theirs, &local);
        let ours = offer(&local);
        if let Ok(agreed) = accept(&ours, &theirs) {
            assert!(local.codecs.contains(&agreed.format.codec), "a codec that was not offered");
            assert!(!agreed.remote.ip().is_multicast(), "an address of many");
        }
    }
}

fn answered(theirs: &SessionDescription, local: &LocalMedia) {
    let Ok((ours, agreed)) = answer(theirs, local) else { return };
    assert_eq!(ours.media.len(), theirs.media.len(), "a line is missing");
    assert_eq!(ours.media.iter().filter(|line| line.port != 0).count(), 1, "one line is taken");
    assert!(agreed.remote.port() != 0 && !agreed.remote.ip().is_multicast());
    match (local.security, agreed.protection) {
        (Security::Clear, Protection::Clear)
        | (Security::Optional(_), Protection::Clear | Protection::Keys(_) | Protection::Dtls(_))
        | (Security::Required(_), Protection::Keys(_) | Protection::Dtls(_))
        | (Security::Dtls(_), Protection::Dtls(_)) => {}
        (wanted, found) => panic!("{wanted:?} came to {found:?}"),
    }
    comes_back(&ours);
    let next = reoffer(&ours, local);
    assert_eq!(next.media.len(), ours.media.len(), "a later offer loses a line");
    comes_back(&next);
}

/// What we print is what we have read.
fn comes_back(description: &SessionDescription) {
    let printed = description.to_string();
    match printed.parse::<SessionDescription>() {
        Ok(again) => assert_eq!(&again, description),
        // Printing adds lines that were missing, which may be too much for what was nearly too long.
        Err(SdpError::TooLarge(_)) => {}
        Err(error) => panic!("{error} in what we print: {printed:?}"),
    }
}

fn locals() -> [LocalMedia; 4] {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let certificate = Fingerprint::new(FingerprintHash::Sha256, &[3; 32]).expect("the right length");
    let dtls = LocalDtls::new(certificate);
    let keys = LocalKeys::new([[1; SrtpMaster::LEN], [2; SrtpMaster::LEN]], dtls);
    let all = [Codec::Opus, Codec::Pcma, Codec::Pcmu];
    [
        LocalMedia::new(address, 4_000, &all, 1),
        LocalMedia { security: Security::Optional(keys), ..LocalMedia::new(address, 4_000, &all, 1) },
        LocalMedia { security: Security::Required(keys), ..LocalMedia::new(address, 4_000, &all[1..], 1) },
        LocalMedia { security: Security::Dtls(dtls), ..LocalMedia::new(address, 4_000, &all, 1) },
    ]
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn the_corpus_holds() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/sdp");
        let files = fs::read_dir(folder).expect("it is in the tree");
        let files: Vec<_> = files.map(|file| file.expect("it can be listed").path()).collect();
        assert!(files.len() > 50, "{} files", files.len());
        for file in files {
            super::sdp(&fs::read(&file).expect("it can be read"));
        }
    }
}
