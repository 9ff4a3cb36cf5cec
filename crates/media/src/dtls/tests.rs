//! Two ends that shake hands in virtual time, over a network that loses, doubles and changes what it carries.

use proptest::prelude::*;

use super::*;

/// Who talks to whom, and what became of it.
struct Ends {
    client: Handshake,
    server: Handshake,
    started: Instant,
    keys: [Option<SrtpKeys>; 2],
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

fn address(end: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1 + end as u8], 4_000))
}

impl Ends {
    /// Each expects the other, or a certificate that nobody has.
    fn new(trusted: [bool; 2]) -> Self {
        let [one, other] = [(); 2].map(|()| Identity::new().expect("random bytes"));
        let wrong = Fingerprint::new(FingerprintHash::Sha256, &[0; 32]).expect("the right length");
        let expect = |end: usize, theirs: &Identity| if trusted[end] { theirs.fingerprint } else { wrong };
        let started = Instant::now();
        let client = DtlsPeer { ours: DtlsSide::Client, fingerprint: expect(CLIENT, &other) };
        let server = DtlsPeer { ours: DtlsSide::Server, fingerprint: expect(SERVER, &one) };
        Self {
            client: Handshake::new(&one, client, address(SERVER), started),
            server: Handshake::new(&other, server, address(CLIENT), started),
            started,
            keys: [None; 2],
        }
    }

    fn end(&mut self, end: usize) -> &mut Handshake {
        if end == CLIENT { &mut self.client } else { &mut self.server }
    }

    /// Carries all that is ready, each datagram as often and in the form that `network` gives.
    fn carry(&mut self, after: Duration, network: &mut dyn FnMut(Vec<u8>) -> Vec<Vec<u8>>) {
        let now = self.started + after;
        loop {
            let mut moved = false;
            for (from, to) in [(CLIENT, SERVER), (SERVER, CLIENT)] {
                while let Some((datagram, remote)) = self.end(from).poll_datagram() {
                    assert_eq!(remote, address(to));
                    assert!(is_dtls(&datagram) && datagram.len() <= 1_300, "{} bytes", datagram.len());
                    moved = true;
                    for datagram in network(datagram.to_vec()) {
                        let keys = self.end(to).handle_datagram(&datagram, address(from), now);
                        assert!(self.keys[to].is_none() || keys.is_none(), "keys twice");
                        self.keys[to] = self.keys[to].or(keys);
                    }
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Lets the time pass until both have ended, or nothing can come any more.
    fn run(&mut self, network: &mut dyn FnMut(Vec<u8>) -> Vec<Vec<u8>>) {
        for tenth in 0..110 {
            let after = Duration::from_millis(tenth * 100);
            for end in [CLIENT, SERVER] {
                let now = self.started + after;
                self.end(end).handle_timeout(now);
            }
            self.carry(after, network);
        }
    }

    fn agree(&self) {
        let [Some(client), Some(server)] = &self.keys else { panic!("no keys: {:?}", self.progress()) };
        assert_eq!((client.suite, client.local, client.remote), (server.suite, server.remote, server.local));
        assert_ne!(client.local, client.remote);
        assert_eq!(client.suite, SrtpSuite::AesCm128HmacSha1_80, "the stronger one");
    }

    fn progress(&self) -> [Progress; 2] {
        [self.client.progress(), self.server.progress()]
    }
}

#[test]
fn two_ends_come_to_the_same_keys_without_waiting() {
    let mut ends = Ends::new([true; 2]);
    ends.carry(Duration::ZERO, &mut |datagram| vec![datagram]);
    ends.agree();
    let done = [SERVER, CLIENT].map(|with| Progress::Done { with: address(with) });
    assert_eq!(ends.progress(), done);
    // Another call has other keys.
    let mut others = Ends::new([true; 2]);
    others.carry(Duration::ZERO, &mut |datagram| vec![datagram]);
    assert_ne!(ends.keys[CLIENT].map(|keys| keys.local), others.keys[CLIENT].map(|keys| keys.local));
}

#[test]
fn a_certificate_other_than_the_one_that_was_named_brings_no_keys() {
    for distrusts in [CLIENT, SERVER] {
        let mut ends = Ends::new([distrusts != CLIENT, distrusts != SERVER]);
        ends.run(&mut |datagram| vec![datagram]);
        assert_eq!(ends.keys[distrusts], None);
        assert_eq!(ends.progress()[distrusts], Progress::Failed(Failure::Fingerprint));
    }
}

#[test]
fn every_message_may_be_lost_once() {
    for lost in 0..16 {
        let mut ends = Ends::new([true; 2]);
        let mut number = 0;
        ends.run(&mut |datagram| {
            number += 1;
            if number == lost { Vec::new() } else { vec![datagram] }
        });
        ends.agree();
    }
}

#[test]
fn without_an_answer_it_ends_in_time() {
    let mut ends = Ends::new([true; 2]);
    let mut sent = 0;
    ends.run(&mut |_| {
        sent += 1;
        Vec::new()
    });
    assert_eq!(ends.progress(), [Progress::Failed(Failure::Timeout); 2]);
    assert!((4..20).contains(&sent), "asked {sent} times");
}

#[test]
fn strangers_neither_end_a_handshake_nor_fill_the_memory() {
    let mut ends = Ends::new([true; 2]);
    let (first, _) = ends.client.poll_datagram().expect("a client begins");
    let stranger = |number: u8| SocketAddr::from(([198, 51, 100, number], 9));
    // Each begins as the client does, then breaks it off.
    let alert = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40];
    for number in 0..200 {
        assert_eq!(ends.server.handle_datagram(&first, stranger(number), ends.started), None);
        assert_eq!(ends.server.handle_datagram(&alert, stranger(number), ends.started), None);
    }
    assert_eq!(ends.server.sources.len(), SOURCES_MAX);
    while ends.server.poll_datagram().is_some() {}
    ends.server.handle_datagram(&first, address(CLIENT), ends.started);
    ends.run(&mut |datagram| vec![datagram]);
    ends.agree();
}

#[test]
fn whoever_has_missed_our_last_message_gets_it_again_and_nothing_changes() {
    let mut ends = Ends::new([true; 2]);
    let mut last = Vec::new();
    ends.carry(Duration::ZERO, &mut |datagram| {
        if datagram[0] == HANDSHAKE {
            last.push(datagram.clone());
        }
        vec![datagram]
    });
    let keys = ends.keys;
    for datagram in &last {
        assert_eq!(ends.server.handle_datagram(datagram, address(CLIENT), ends.started), None);
        assert_eq!(ends.client.handle_datagram(datagram, address(SERVER), ends.started), None);
    }
    ends.carry(Duration::ZERO, &mut |datagram| vec![datagram]);
    assert_eq!(ends.keys, keys);
    ends.agree();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Datagrams of chance, also such as begin like a handshake, are no panic, and bring no keys.
    #[test]
    fn chance_brings_no_keys(
        datagrams in prop::collection::vec((20_u8..24, prop::collection::vec(any::<u8>(), 0..120)), 0..60),
        client in any::<bool>(),
    ) {
        let mut ends = Ends::new([true; 2]);
        let (end, from) = if client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let now = ends.started;
        for (place, (record, body)) in datagrams.iter().enumerate() {
            let length = (body.len() as u16).to_be_bytes();
            let head = [*record, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, place as u8, length[0], length[1]];
            let whole = if place % 3 == 0 { [&[*record], &body[..]].concat() } else { [&head, &body[..]].concat() };
            prop_assert_eq!(ends.end(end).handle_datagram(&whole, address(from), now), None);
        }
        ends.end(end).handle_timeout(now + DEADLINE);
        prop_assert!(matches!(ends.end(end).progress(), Progress::Failed(_)));
    }

    /// Whatever a network does to messages - it loses, doubles, cuts and changes them -, there is no panic, and both have the same keys
    /// or one has none.
    #[test]
    fn a_network_that_changes_messages_makes_no_two_keys(
        changes in prop::collection::vec((0_u8..8, any::<u16>(), any::<u8>()), 1..40),
    ) {
        let mut ends = Ends::new([true; 2]);
        let mut number = 0;
        ends.run(&mut |mut datagram| {
            let (what, at, by) = changes[number % changes.len()];
            number += 1;
            let at = usize::from(at) % datagram.len();
            match what {
                0 => return Vec::new(),
                1 => return vec![datagram.clone(), datagram],
                2 => datagram.truncate(at + 1),
                3 => datagram[at] ^= by,
                4 => datagram.extend_from_slice(&[by; 9]),
                _ => {}
            }
            vec![datagram]
        });
        if let [Some(client), Some(server)] = ends.keys {
            prop_assert_eq!((client.local, client.remote), (server.remote, server.local));
        }
    }
}
