//! How often a source may be wrong. After a few wrong passwords it waits, twice as long after each.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Wrong passwords by source. Times count from the start of the endpoint.
#[derive(Debug, Default)]
pub(crate) struct Tries(BTreeMap<IpAddr, Wrong>);

#[derive(Debug)]
struct Wrong {
    times: u32,
    last: Duration,
}

impl Tries {
    /// How long a source has to wait before its next try; `None` when it may try.
    pub(crate) fn wait(&self, source: IpAddr, now: Duration) -> Option<Duration> {
        let wrong = self.0.get(&network(source))?;
        let until = wrong.last + pause(wrong.times);
        until.checked_sub(now).filter(|left| !left.is_zero())
    }

    pub(crate) fn failed(&mut self, source: IpAddr, now: Duration) {
        let is_over = |wrong: &Wrong| now.saturating_sub(wrong.last) >= FORGET;
        if self.0.len() >= SOURCES_MAX && !self.0.contains_key(&network(source)) {
            self.0.retain(|_, wrong| !is_over(wrong));
            let oldest = self.0.iter().min_by_key(|(_, wrong)| wrong.last).map(|(source, _)| *source);
            oldest.filter(|_| self.0.len() >= SOURCES_MAX).map(|oldest| self.0.remove(&oldest));
        }
        let wrong = self.0.entry(network(source)).or_insert(Wrong { times: 0, last: now });
        if is_over(wrong) {
            wrong.times = 0;
        }
        wrong.times = wrong.times.saturating_add(1);
        wrong.last = now;
    }

    pub(crate) fn succeeded(&mut self, source: IpAddr) {
        self.0.remove(&network(source));
    }
}

fn pause(times: u32) -> Duration {
    let over = times.saturating_sub(FREE);
    if over == 0 { Duration::ZERO } else { Duration::from_secs(1_u64 << (over - 1).min(9)).min(PAUSE_MAX) }
}

/// Who has one IPv6 address has 2^64 of them.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// A person who mistypes needs no more.
const FREE: u32 = 4;
/// A phone with an old password asks about as often.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// Then the count begins anew.
const FORGET: Duration = Duration::from_secs(1_800);
/// Sources that are kept; an attack from more of them costs those that were quiet longest.
const SOURCES_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_wrong_password_costs_time_and_each_further_one_twice_as_much() {
        let mut tries = Tries::default();
        let source = IpAddr::from([192, 0, 2, 1]);
        let mut now = Duration::from_secs(100);
        for seconds in [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            tries.failed(source, now);
            let wait = tries.wait(source, now);
            assert_eq!(wait.unwrap_or_default(), Duration::from_secs(seconds));
            now += Duration::from_secs(seconds);
            assert_eq!(tries.wait(source, now), None);
        }
        assert_eq!(tries.wait(IpAddr::from([192, 0, 2, 2]), now), None);
        tries.succeeded(source);
        tries.failed(source, now);
        assert_eq!(tries.wait(source, now), None);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_source_and_there_is_an_end_to_sources() {
        let mut tries = Tries::default();
        let address = |network: u16, host: u16| IpAddr::from([0x2001, 0xdb8, network, 0, 0, 0, 0, host]);
        for host in 0..5 {
            tries.failed(address(1, host), Duration::ZERO);
        }
        assert!(tries.wait(address(1, 99), Duration::ZERO).is_some());
        assert!(tries.wait(address(2, 1), Duration::ZERO).is_none());
        for source in 0..SOURCES_MAX as u32 + 500 {
            tries.failed(IpAddr::from(source.to_be_bytes()), Duration::from_secs(1));
        }
        assert!(tries.0.len() <= SOURCES_MAX);
    }
}
