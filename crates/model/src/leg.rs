//! A leg of a call as its owners see it: how it is reached, what it is told, what it tells.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Evidence, Expect, Frame, LegId, MonoTime, Progress, Protection, Samples, SayId, TurnId, Verdict,
};

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegRole {
    /// Who called.
    Caller,
    /// Who was called back by us. A machine may answer.
    Called,
    /// A person on our side.
    Human,
}

/// A codec that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// G.711 mu-law, RFC 3551.
    Pcmu,
    /// G.711 A-law, RFC 3551.
    Pcma,
    /// G.722 at 64 kbit/s, RFC 3551.
    G722,
    /// Opus, RFC 7587.
    Opus,
}

impl Codec {
    /// All of them, the best sound first.
    pub const ALL: [Self; 4] = [Self::Opus, Self::G722, Self::Pcmu, Self::Pcma];

    /// The RTP clock of its payload in Hz. That of G.722 is half its sample rate, by a mistake that RFC 3551 section 4.5.2 keeps.
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// Whether it has nothing above 4 kHz.
    #[must_use]
    pub const fn is_narrow(self) -> bool {
        match self {
            Self::Pcmu | Self::Pcma => true,
            Self::G722 | Self::Opus => false,
        }
    }

    /// Its encoding name in SDP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }
}

/// RFC 4733 telephone events as negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DtmfFormat {
    /// RTP payload type.
    pub payload_type: u8,
    /// RTP clock in Hz, the same as the codec's.
    pub clock_rate: u32,
}

/// What offer and answer agreed on for a leg's one audio stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioFormat {
    /// The codec, both ways.
    pub codec: Codec,
    /// RTP payload type that we receive.
    pub payload_type_in: u8,
    /// RTP payload type that we send.
    pub payload_type_out: u8,
    /// Telephone events that we receive, if agreed.
    pub dtmf_in: Option<DtmfFormat>,
    /// Telephone events that we may send, if agreed.
    pub dtmf_out: Option<DtmfFormat>,
    /// RTP payload type of comfort noise (RFC 3389) that may come, beside the static 13.
    pub comfort_noise_in: Option<u8>,
    /// RTP payload type of comfort noise that we may send in place of silence, if agreed.
    pub comfort_noise_out: Option<u8>,
    /// How much sound a packet of ours holds, in ms: of Opus 10, 20, 40 or 60, else a multiple of 10 from 10 to 60.
    pub packet_ms_out: u8,
    /// The other end wants to be told how its sound arrives: VoIP metrics (RFC 3611) in our reports.
    pub voip_metrics_out: bool,
}

impl AudioFormat {
    /// G.711 mu-law under its static payload type (RFC 3551), without telephone events.
    pub const PCMU: Self = Self {
        codec: Codec::Pcmu,
        payload_type_in: 0,
        payload_type_out: 0,
        dtmf_in: None,
        dtmf_out: None,
        comfort_noise_in: None,
        comfort_noise_out: None,
        packet_ms_out: 20,
        voip_metrics_out: false,
    };
}

/// Where a leg's datagrams come from and go to: a UDP socket, or a browser's encrypted session. Never blocks.
pub trait PacketIo: Send {
    /// Copies the next datagram (RTP or RTCP, RFC 5761) into `buffer` and tells its length; `None` when none waits.
    fn receive(&mut self, buffer: &mut [u8]) -> Option<usize>;

    /// Sends a datagram, RTP or RTCP. What cannot be sent at once is lost, as on any network.
    ///
    /// # Errors
    /// Only when nothing can be sent any more: the session behind it is closed.
    fn send(&mut self, datagram: &[u8]) -> io::Result<()>;

    /// The other end wants its packets elsewhere from now on, or with other keys. Sessions that find their own way ignore it.
    fn redirect(&mut self, path: &MediaPath) {
        let _ = path;
    }

    /// Whether what is sent would arrive.
    fn road(&self) -> Road {
        Road::Open
    }
}

/// Whether a leg's packets can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    /// Not yet: both ends are agreeing on keys. What is sent is thrown away.
    Opening,
    /// Yes.
    Open,
    /// Never: the other end could not be made sure of.
    Barred,
}

/// Where the other end of a leg wants its packets, and how they are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaPath {
    /// RTP.
    pub remote: SocketAddr,
    /// RTCP; the same address when both share a port (RFC 5761).
    pub remote_rtcp: SocketAddr,
    /// How packets are encrypted.
    pub protection: Protection,
}

/// How likely a frame is speech.
pub trait VoiceActivity: Send {
    /// Probability from 0 to 1 that the caller speaks, after this frame. Frames come without gaps, in order.
    fn probability(&mut self, frame: &Frame) -> f32;

    /// Forgets what came before, at the start of a new stream.
    fn reset(&mut self);
}

/// A sound that a leg makes by itself, without a synthesiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// What a caller hears on hold.
    Hold,
    /// A short tone before a human is connected.
    Connect,
}

/// What a leg is told. A command with an old turn is dropped by the leg and counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LegCommand {
    /// What is expected of the caller's next turn.
    Expect(Expect),
    /// Words recognised so far in a turn: lets the floor end a turn whose slot is full, and tell an interruption from an "mm-hm".
    Partial {
        /// The turn.
        turn: TurnId,
        /// How far they have come.
        progress: Progress,
    },
    /// A turn model has listened to a turn up to its pause: lets the floor answer sooner, or wait for more.
    TurnVote {
        /// The turn.
        turn: TurnId,
        /// How likely the caller has finished, 0 to 1.
        complete: f32,
    },
    /// Be silent now: drop every say that answers this turn or an older one.
    Hush {
        /// The turn.
        turn: TurnId,
    },
    /// Start a tone; it goes on, under nothing else, until replaced or stopped. Says are heard instead of it, then it returns.
    Tone(Option<Tone>),
    /// The other end has pressed a key and told so in signalling.
    Key {
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
    },
    /// Send a telephone event.
    SendDtmf {
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
        /// How long.
        length: Duration,
    },
    /// Connect this leg's sound with another's, both ways. The agent keeps silent on both until [`LegCommand::Unbridge`].
    Bridge {
        /// The other leg.
        with: LegId,
    },
    /// Let this leg hear others beside the agent, who goes on to listen and speak on it. Each leg of a talk among three is told by
    /// itself; an empty mix undoes it.
    Mix(Mix),
    /// Undo a bridge; both legs are the agent's again.
    Unbridge,
    /// The other end holds the line, or does not any more: meanwhile nothing is sent, the floor and the recogniser hear nothing, and
    /// a line without packets is not gone.
    OnHold(bool),
    /// The leg is over: let go of everything.
    Remove,
}

/// What one leg hears beside the agent's words to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mix {
    /// Whose sound, added up.
    pub hears: [Option<Source>; MIX_MAX],
    /// Whether the agent listens to this leg meanwhile.
    pub listens: bool,
}

/// Caller, human and supervisor: each hears two others, and a supervisor the agent, too.
pub const MIX_MAX: usize = 3;

/// A sound that a leg may hear of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// What comes in on it: the voice of whoever is there.
    Voice(LegId),
    /// What the agent says to it, or the tone in its place.
    Agent(LegId),
}

impl Source {
    /// Whose.
    #[must_use]
    pub const fn leg(self) -> LegId {
        match self {
            Self::Voice(leg) | Self::Agent(leg) => leg,
        }
    }
}

impl Mix {
    /// Whether it is heard by nobody but the agent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hears.iter().all(Option::is_none)
    }

    /// Whether the voice of a leg is in it.
    #[must_use]
    pub fn has_voice(&self, leg: LegId) -> bool {
        self.hears.contains(&Some(Source::Voice(leg)))
    }
}

/// A fact of a leg, with when it became one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LegEvent {
    /// The leg.
    pub leg: LegId,
    /// When, by the media worker's clock.
    pub at: MonoTime,
    /// What.
    pub fact: LegFact,
}

/// What a leg tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegFact {
    /// First good packet received: the path is open.
    MediaFlows,
    /// The caller has begun a turn, perhaps over the agent (which then has been lowered, not yet silenced).
    SpeechStarted {
        /// The new turn.
        turn: TurnId,
    },
    /// The caller has finished a turn: an answer is due.
    TurnEnded {
        /// The turn.
        turn: TurnId,
        /// From the first sound to the last.
        length: Duration,
        /// How long it has been silent since.
        #[serde(default)]
        silent: Duration,
        /// Its level against this caller's usual one, in dB; `None` before that is known.
        level_db: Option<f32>,
        /// It sounded like a cough or a sneeze rather than like a voice.
        #[serde(default)]
        cough: bool,
    },
    /// What sound over the agent turned out to be, and by what.
    Judged {
        /// The turn that it was, or would have been.
        turn: TurnId,
        /// What it was.
        verdict: Verdict,
        /// By what.
        evidence: Evidence,
    },
    /// The line brings our own voice back later than it can be cancelled: from here on only words take the floor from the agent.
    LateEcho,
    /// The caller has taken the floor from the agent, which is silent since this tick.
    BargedIn {
        /// The caller's new turn.
        turn: TurnId,
        /// What was being said.
        say: SayId,
        /// How much of it was sent before.
        played: Samples,
        /// How many of its words were sent in full.
        words: u16,
    },
    /// It was no interruption: the agent talks on at full voice, nothing was lost.
    Resumed {
        /// The turn that was none.
        turn: TurnId,
    },
    /// First sound of a say was sent.
    SayStarted {
        /// The say.
        say: SayId,
    },
    /// A say was sent to its end.
    SayEnded {
        /// The say.
        say: SayId,
        /// Its length.
        played: Samples,
        /// How many of its words were sent: fewer than it has when some of it could not be spoken, or a bridge cut it off.
        words: u16,
    },
    /// A say was dropped because the floor had moved on, before any of it was sent.
    SayDropped {
        /// The say.
        say: SayId,
    },
    /// The caller pressed a key.
    Dtmf {
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        digit: char,
    },
    /// A steady tone came from a human's line: the beep of an answering machine, of a network, of a fax. Nobody speaks like that.
    Beep {
        /// Its frequency, rounded.
        hz: u16,
    },
    /// The other end holds the line, and plays nothing meanwhile or does after all. Not told of packets that pass a bridge as they are.
    HoldSound {
        /// There is something to be heard.
        plays: bool,
    },
    /// Nobody has made a sound for this long: neither the caller nor the agent.
    Silence {
        /// How long by now.
        length: Duration,
    },
    /// The leg's media is over.
    Gone(Gone),
}

/// Why a leg's media is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// It was told to.
    Removed,
    /// No packet for too long.
    Timeout,
    /// The session under it is closed.
    Closed,
    /// No keys could be agreed on with the other end, or it is not whom its description says.
    Unsecured,
}
