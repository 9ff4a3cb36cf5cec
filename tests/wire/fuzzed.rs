//! A caller whose telephone sends nonsense in the middle of a call: broken SIP, RTP and keys, from the very addresses of the call.
//! None of it may end the call or silence the agent.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use callwright_tests::{Gateway, Settings};

/// Where chance begins in each of the calls, which run at the same time. A failure names its seed.
const SEEDS: [u64; 3] = [1, 2, 3];

#[test]
fn a_call_full_of_nonsense_is_still_answered() {
    let gateway = Gateway::start(&Settings::default());
    std::thread::scope(|scope| {
        for seed in SEEDS {
            let to = gateway.sip.as_str();
            scope.spawn(move || {
                let mut phone = Phone::dial(to, seed);
                phone.listen("the greeting", PATIENCE, |phone| phone.loud >= 10);
                // Six seconds of it: over the rest of the greeting, and the silence after it.
                for _ in 0..300 {
                    phone.nonsense();
                    phone.frame();
                }
                phone.listen("silence after the nonsense", PATIENCE, |phone| phone.quiet >= 50);
                phone.press('*');
                phone.listen("an answer after the nonsense", ANSWER, |phone| phone.loud >= 10);
            });
        }
    });
}

/// A telephone that is made by hand, so that it can send what no library would.
struct Phone {
    seed: u64,
    dice: u64,
    sip: UdpSocket,
    rtp: UdpSocket,
    call: String,
    sequence: u16,
    time: u32,
    /// Frames in a row in which the agent sounded, and in which it did not.
    loud: u32,
    quiet: u32,
}

impl Phone {
    fn dial(to: &str, seed: u64) -> Self {
        let [sip, rtp] = [(), ()].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a free port"));
        sip.connect(to).expect("an address of loopback");
        for socket in [&sip, &rtp] {
            socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        }
        let (ours, port) = (address(&sip), rtp.local_addr().expect("it is bound").port());
        let call = format!("nonsense-{seed}@127.0.0.1");
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
        );
        let from = format!("<sip:nobody@{ours}>;tag=f{seed}");
        let invite = format!(
            "INVITE sip:airline@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {ours};branch=z9hG4bK-i{seed}\r\nMax-Forwards: 70\r\nFrom: {from}\r\n\
             To: <sip:airline@{to}>\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\nContact: <sip:nobody@{ours}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            sdp.len()
        );
        sip.send(invite.as_bytes()).expect("loopback takes it");
        let answer = loop {
            let mut datagram = [0; 4_096];
            let length = sip.recv(&mut datagram).expect("the call is answered");
            let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
            if text.starts_with("SIP/2.0 200") {
                break text;
            }
            assert!(text.starts_with("SIP/2.0 1"), "seed {seed}: {text}");
        };
        let line = |name: &str| {
            let found = answer.lines().find_map(|line| line.strip_prefix(name));
            found.unwrap_or_else(|| panic!("no `{name}` in {answer}")).trim().to_owned()
        };
        let target = line("Contact:").trim_matches(['<', '>']).to_owned();
        let ack = format!(
            "ACK {target} SIP/2.0\r\nVia: SIP/2.0/UDP {ours};branch=z9hG4bK-a{seed}\r\nMax-Forwards: 70\r\nFrom: {from}\r\nTo: {}\r\n\
             Call-ID: {call}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
            line("To:")
        );
        sip.send(ack.as_bytes()).expect("loopback takes it");
        let media = line("m=audio");
        let media = media.split(' ').next().expect("a port");
        rtp.connect(format!("127.0.0.1:{media}")).expect("an address of loopback");
        Self { seed, dice: seed, sip, rtp, call, sequence: 0, time: 0, loud: 0, quiet: 0 }
    }

    /// A frame of silence goes out, and one of the agent's comes in: its clock is the test's.
    fn frame(&mut self) {
        let packet = self.packet(0, &[0xff; 160]);
        self.send(&packet);
        self.time = self.time.wrapping_add(160);
        let mut datagram = [0; 2_048];
        loop {
            let length = self.rtp.recv(&mut datagram);
            let length =
                length.unwrap_or_else(|error| panic!("seed {}: the agent's sound ends: {error}", self.seed));
            // Reports share the port.
            if length == 172 && datagram[1] & 0x7f == 0 {
                break;
            }
        }
        // The low bits of mu-law fall as it gets louder; this is about -40 dBFS.
        let sounding = datagram[12..172].iter().filter(|&&sample| sample & 0x7f < 0x50).count() >= 40;
        if sounding {
            (self.loud, self.quiet) = (self.loud + 1, 0);
        } else {
            (self.loud, self.quiet) = (0, self.quiet + 1);
        }
    }

    fn listen(&mut self, what: &str, within: Duration, heard: impl Fn(&Self) -> bool) {
        (self.loud, self.quiet) = (0, 0);
        let begun = Instant::now();
        while !heard(self) {
            assert!(begun.elapsed() < within, "seed {}: never heard {what}", self.seed);
            self.frame();
        }
    }

    /// A key as RFC 4733 has it: a tenth of a second, its end three times.
    fn press(&mut self, key: char) {
        let event = "0123456789*#".find(key).and_then(|at| u8::try_from(at).ok()).expect("a key");
        for (end, duration) in [(0, 160), (0, 480), (0x80, 800), (0x80, 800), (0x80, 800_u16)] {
            let [high, low] = duration.to_be_bytes();
            let packet = self.packet(101, &[event, end | 10, high, low]);
            self.send(&packet);
        }
        self.time = self.time.wrapping_add(800);
    }

    /// Up to three datagrams that no telephone sends.
    fn nonsense(&mut self) {
        for _ in 0..=self.roll(2) {
            let datagram = match self.roll(7) {
                0 => self.bytes(1_500),
                // Half a packet, and one whose header promises more than there is.
                1 => self.packet(0, &[])[..4].to_vec(),
                2 => [&[0xbf, 0x80][..], &self.bytes(40)].concat(),
                // Sound of no codec's length, by a stranger to the call.
                3 => {
                    let mut packet = self.packet(0, &[]);
                    packet[8..12].copy_from_slice(&[1, 2, 3, 4]);
                    [packet, self.bytes(700)].concat()
                }
                // Keys that there are not, and keys cut short.
                4 => {
                    let (event, rest) = (16 + self.below(240), self.bytes(3));
                    let packet = self.packet(101, &[event]);
                    [packet, rest].concat()
                }
                // Reports that lie about their length, and far-off sequence numbers.
                5 => [&[0x81, 200, 0xff, 0xff][..], &self.bytes(60)].concat(),
                6 => {
                    let mut packet = self.packet(0, &[0xff; 160]);
                    packet[2..4].copy_from_slice(&self.sequence.wrapping_add(20_000).to_be_bytes());
                    packet
                }
                _ => {
                    let message = self.message();
                    self.sip.send(&message).expect("loopback takes it");
                    continue;
                }
            };
            self.send(&datagram);
        }
    }

    /// SIP of this call with something broken in it. It never asks for anything that would rightly change the call.
    fn message(&mut self) -> Vec<u8> {
        let method = ["INFO", "OPTIONS", "NOTIFY", "UPDATE", "SIP/2.0 200", "\r\n\r\nINFO"]
            [usize::from(self.below(6))];
        let (seed, number, call) = (self.seed, self.below(255), &self.call);
        let mut message = format!(
            "{method} sip:airline@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK-{seed}-{number}\r\n\
             From: <sip:nobody@127.0.0.1>;tag=f{seed}\r\nTo: <sip:airline@127.0.0.1>\r\nCall-ID: {call}\r\n\
             CSeq: {number} {method}\r\nContent-Length: {number}\r\n\r\nSignal=9",
            address(&self.sip)
        )
        .into_bytes();
        for _ in 0..=self.roll(8) {
            let at = self.next() as usize % message.len();
            match self.roll(2) {
                0 => message[at] = self.below(255),
                1 if message.len() > 1 => drop(message.remove(at)),
                _ => message.truncate(at.max(1)),
            }
        }
        message
    }

    fn packet(&mut self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = vec![0x80, payload_type];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.time.to_be_bytes());
        packet.extend([9, 9, 9, 9]);
        packet.extend(payload);
        packet
    }

    fn send(&self, datagram: &[u8]) {
        self.rtp.send(datagram).expect("loopback takes it");
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        (0..=self.roll(most)).map(|_| self.below(255)).collect()
    }

    /// From 0 to `most`.
    fn roll(&mut self, most: u64) -> u64 {
        self.next() % (most + 1)
    }

    /// A byte below `limit`.
    fn below(&mut self, limit: u8) -> u8 {
        u8::try_from(self.next() % u64::from(limit)).expect("a remainder of a byte")
    }

    /// SplitMix64: small, and the same on every machine.
    fn next(&mut self) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.dice ^ (self.dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn address(socket: &UdpSocket) -> String {
    socket.local_addr().expect("it is bound").to_string()
}

/// A key is answered at once; the agent asks by itself whether the caller is still there after 7 s of silence, which is no answer.
const ANSWER: Duration = Duration::from_secs(4);
/// A question of the agent and the silence after it fit in several times.
const PATIENCE: Duration = Duration::from_secs(15);
