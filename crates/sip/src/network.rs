//! Networks by address and prefix.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// A network such as `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is not a [`Network`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a network: write an address with the number of its leading bits, such as `192.168.0.0/16`"
)]
pub struct NetworkError(String);

impl Network {
    /// A network; `None` when the address has fewer bits than the prefix. An IPv4 network in IPv6 clothes is that IPv4 network.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        if prefix > bits(address) {
            return None;
        }
        match (address.to_canonical(), prefix.checked_sub(MAPPED_BITS)) {
            (bare @ IpAddr::V4(_), Some(prefix)) if address.is_ipv6() => Some(Self { address: bare, prefix }),
            (IpAddr::V4(_) | IpAddr::V6(_), _) => Some(Self { address, prefix }),
        }
    }

    /// Everyone.
    #[must_use]
    pub fn everywhere() -> Vec<Self> {
        vec![
            Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), prefix: 0 },
            Self { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), prefix: 0 },
        ]
    }

    /// Loopback, private and link-local networks (RFC 1918, 3927, 4193, 4291).
    #[must_use]
    pub fn private() -> Vec<Self> {
        let v4 = |a, b, prefix| Self { address: IpAddr::V4(Ipv4Addr::new(a, b, 0, 0)), prefix };
        let v6 = |first, last, prefix| Self {
            address: IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, last)),
            prefix,
        };
        vec![
            v4(127, 0, 8),
            v4(10, 0, 8),
            v4(172, 16, 12),
            v4(192, 168, 16),
            v4(169, 254, 16),
            v6(0, 1, 128),
            v6(0xfc00, 0, 7),
            v6(0xfe80, 0, 10),
        ]
    }

    /// Whether an address lies in it. An IPv4 address in IPv6 clothes counts as the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                (u64::from(network.to_bits()) >> shift) == (u64::from(address.to_bits()) >> shift)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                // A shift by all 128 bits is not defined.
                self.prefix == 0 || {
                    let shift = 128 - u32::from(self.prefix);
                    network.to_bits() >> shift == address.to_bits() >> shift
                }
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The bits of `::ffff:0:0/96`, before an IPv4 address in IPv6 clothes.
const MAPPED_BITS: u8 = 96;

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = || NetworkError(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| error())?;
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().map_err(|_| error())?,
            None => bits(address),
        };
        Self::new(address, prefix).ok_or_else(error)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inside(network: &str, address: &str) -> bool {
        let network: Network = network.parse().expect("a network");
        network.contains(address.parse().expect("an address"))
    }

    #[test]
    fn membership_follows_the_leading_bits() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("172.16.0.0/12", "172.31.0.1", true),
            ("172.16.0.0/12", "172.32.0.1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("fc00::/7", "fd12::1", true),
            ("fe80::/10", "fec0::1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("::ffff:10.0.0.0/104", "10.1.1.1", true),
            ("::ffff:10.0.0.0/104", "11.1.1.1", false),
            ("::ffff:0:0/96", "203.0.113.9", true),
        ] {
            assert_eq!(inside(network, address), expected, "{address} in {network}");
        }
    }

    fn address() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
            any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
            any::<u32>().prop_map(|bits| IpAddr::V6(Ipv4Addr::from_bits(bits).to_ipv6_mapped())),
        ]
    }

    /// The leading bits, one character each, of what an address is without its clothes.
    fn leading(address: IpAddr, prefix: u8) -> String {
        let bits = match address.to_canonical() {
            IpAddr::V4(address) => format!("4{:032b}", address.to_bits()),
            IpAddr::V6(address) => format!("6{:0128b}", address.to_bits()),
        };
        bits.chars().take(1 + usize::from(prefix)).collect()
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_a_network_or_an_error(text in "[0-9a-f:./ ]{0,24}|\\PC{0,24}") {
            if let Ok(network) = text.parse::<Network>() {
                prop_assert_eq!(network.to_string().parse::<Network>(), Ok(network));
            }
        }

        #[test]
        fn an_address_is_inside_when_its_leading_bits_are(
            home in address(), other in address(), flip in 0_u8..128, prefix in 0_u8..=128,
        ) {
            let Some(network) = Network::new(home, prefix) else {
                prop_assert!(home.is_ipv4() && prefix > 32);
                return Ok(());
            };
            // Near neighbours, or random addresses would never be inside.
            let near = match home {
                IpAddr::V4(it) => IpAddr::V4(Ipv4Addr::from_bits(it.to_bits() ^ (1 << (flip % 32)))),
                IpAddr::V6(it) => IpAddr::V6(Ipv6Addr::from_bits(it.to_bits() ^ (1 << flip))),
            };
            prop_assert!(network.contains(home) || prefix < MAPPED_BITS);
            for address in [near, other] {
                let inside = leading(network.address, network.prefix) == leading(address, network.prefix);
                if network.address.to_canonical() == network.address {
                    prop_assert_eq!(network.contains(address), inside, "{} in {}", address, network);
                }
            }
        }
    }

    #[test]
    fn private_networks_are_private() {
        let private = |address: &str| {
            let address = address.parse().expect("an address");
            Network::private().iter().any(|network| network.contains(address))
        };
        for address in
            ["127.0.0.1", "10.1.1.1", "172.20.1.1", "192.168.9.9", "169.254.1.1", "::1", "fd00::1", "fe80::1"]
        {
            assert!(private(address), "{address}");
        }
        for address in ["8.8.8.8", "172.32.0.1", "192.169.0.1", "2001:db8::1", "::2"] {
            assert!(!private(address), "{address}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_a_hint() {
        for junk in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "localhost", "10.0.0.0/-1", "10.0.0.0/"] {
            assert!(junk.parse::<Network>().is_err(), "{junk}");
        }
        let error = "x".parse::<Network>().expect_err("no network");
        assert!(error.to_string().contains("192.168.0.0/16"));
    }
}
