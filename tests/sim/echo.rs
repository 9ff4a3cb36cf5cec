//! The agent's own voice comes back over the caller's telephone, and takes the floor from nobody.

use std::collections::VecDeque;
use std::time::Duration;

use callwright_audio_core::{Decoder, Encoder, PcmRing};
use callwright_leg_core::{LegConfig, LegSpec, MediaLeg};
use callwright_model::{
    AudioFormat, Codec, FRAME_MS, FRAME_SAMPLES, Frame, Language, LegCommand, LegFact, LegRole, MonoTime,
    Progress, SayFrame, SayId, Thought, TurnId, UtteranceSort, Voice,
};
use callwright_speech::{RecogniserChoice, Speech, SpeechConfig};
use callwright_tests::repository;

/// 25 calls, each over another telephone, with four prompts each, of which the first finds a canceller that knows nothing yet.
#[tokio::test]
async fn the_agents_echo_at_40_to_500_ms_interrupts_none_of_100_prompts() {
    let speech = speech();
    let calls: Vec<usize> = (0..CALLS).collect();
    let told: Vec<String> = std::thread::scope(|scope| {
        let half = calls.len() / 2;
        let workers: Vec<_> = [&calls[..half], &calls[half..]]
            .into_iter()
            .map(|calls| {
                let speech = &speech;
                scope.spawn(move || {
                    calls.iter().flat_map(|&call| echoing_call(speech, call)).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no call panics")).collect()
    });
    assert!(told.is_empty(), "{} of {} prompts:\n{}", told.len(), CALLS * PROMPTS, told.join("\n"));
}

/// An echo that no canceller reaches is not mistaken for a caller either, and is found. From then on a voice alone, however long, does not
/// take the floor, and words do.
#[tokio::test]
async fn a_late_echo_is_found_and_words_take_the_floor() {
    let speech = speech();
    let mut call = Call::new(3);
    call.echo_delay = 800 * 16;
    call.ticks(25);
    let text: Vec<String> = (0..8).map(sentence).collect();
    call.say(&prompt(&speech, &text.join(" "), "slt"));
    let caller = prompt(&speech, "no wait please, tell me about the other flight again", "rms");
    while !call.has(|fact| matches!(fact, LegFact::LateEcho)) {
        call.tick();
        let over = call.has(|fact| matches!(fact, LegFact::SayEnded { .. }));
        assert!(!over, "found before it ends: {:?}", call.facts);
    }
    let taken = |fact: &LegFact| matches!(fact, LegFact::BargedIn { .. } | LegFact::TurnEnded { .. });
    assert!(!call.has(taken), "by its own voice: {:?}", call.facts);
    call.facts.clear();
    call.caller.extend(&caller);
    call.ticks(caller.len() / FRAME_SAMPLES + 25);
    let started = |fact: &LegFact| matches!(fact, LegFact::SpeechStarted { .. });
    assert!(call.has(started) && !call.has(taken), "by length: {:?}", call.facts);
    call.caller.extend(&caller);
    for _ in 0..caller.len() / FRAME_SAMPLES {
        call.tick();
        let newest = call.facts.iter().rev().find_map(|(_, fact)| match fact {
            LegFact::SpeechStarted { turn } => Some(*turn),
            _ => None,
        });
        let sort = Some(UtteranceSort::Speech);
        let progress = Progress { words: 5, sort, thought: Thought::Whole, ..Progress::default() };
        let words = LegCommand::Partial { turn: newest.expect("one has started"), progress };
        call.leg.handle_command(&words, call.now);
    }
    call.tick();
    assert!(call.has(|fact| matches!(fact, LegFact::BargedIn { .. })), "by words: {:?}", call.facts);
}

/// A caller as loud as the agent takes the floor in a call's first prompt, when the canceller has hardly begun to learn.
#[tokio::test]
async fn a_caller_is_heard_over_the_echo() {
    let speech = speech();
    let text: Vec<String> = (0..3).map(sentence).collect();
    let agent = prompt(&speech, &text.join(" "), "slt");
    let caller = prompt(&speech, "no wait please, tell me about the other flight again", "rms");
    for delay_ms in [60, 200, 450] {
        let mut call = Call::new(delay_ms);
        call.echo_delay = delay_ms as usize * 16;
        call.ticks(25);
        call.say(&agent);
        call.ticks(75);
        call.caller.extend(&caller);
        call.ticks(75);
        let taken = call.has(|fact| matches!(fact, LegFact::BargedIn { .. }));
        assert!(taken, "at {delay_ms} ms: {:?}", call.facts);
    }
}

/// What was wrong with the prompts of one call.
fn echoing_call(speech: &Speech, number: usize) -> Vec<String> {
    let delay_ms = 40 + 460 * number / (CALLS - 1);
    let mut call = Call::new(number as u64);
    call.ticks(25);
    let mut told = Vec::new();
    for nth in 0..PROMPTS {
        // Telephones play a little later or earlier from one prompt to the next, as their jitter buffer has it.
        let drift = [0, 7, -6, 11][nth] * 16;
        call.echo_delay = delay_ms * 16;
        call.echo_delay = call.echo_delay.saturating_add_signed(drift).clamp(40 * 16, 500 * 16);
        let text = sentence(number * PROMPTS + nth);
        let sound = prompt(speech, &text, VOICES[(number + nth) % VOICES.len()]);
        let before = call.facts.len();
        let frames = sound.len() / FRAME_SAMPLES;
        call.say(&sound);
        call.ticks(frames + 75);
        let facts = &call.facts[before..];
        let wrong = |fact: &LegFact| {
            matches!(fact, LegFact::BargedIn { .. } | LegFact::TurnEnded { .. } | LegFact::LateEcho)
        };
        let at =
            |wanted: fn(&LegFact) -> bool| facts.iter().find(|(_, fact)| wanted(fact)).map(|(at, _)| *at);
        let began = at(|fact| matches!(fact, LegFact::SayStarted { .. }));
        let ended = at(|fact| matches!(fact, LegFact::SayEnded { .. }));
        let length = FRAME_MS as u64 * frames as u64;
        // Who holds a say goes on with it later.
        let whole = began.zip(ended).is_some_and(|(began, ended)| ended - began <= length + 40);
        if !whole || facts.iter().any(|(_, fact)| wrong(fact)) {
            told.push(format!(
                "call {number}, prompt {nth} at {} ms of {length} ms, from {began:?}: {facts:?}",
                call.echo_delay / 16
            ));
        }
    }
    told
}

fn speech() -> Speech {
    let config = SpeechConfig { recogniser: RecogniserChoice::Pocketsphinx, ..SpeechConfig::default() };
    Speech::start(config).expect("the stand-by recogniser is there")
}

fn prompt(speech: &Speech, text: &str, voice: &str) -> Vec<i16> {
    speech.render(text, Language::EN, &Voice(voice.to_owned())).expect("flite speaks English")
}

/// A hundred sentences, no two alike, of two to four seconds.
fn sentence(number: usize) -> String {
    let wish = [
        "Your flight to Boston leaves at",
        "The order that you placed was sent on",
        "There are still some seats at the window in row",
        "I can offer you another connection, which leaves at",
        "To go on I need the number of your booking, which begins with",
        "Your bags will be brought to you on the next flight, number",
        "We have put you on the waiting list. You are number",
        "The amount is paid back to your account, and it is",
        "Please keep your ticket with you, and go to gate",
        "Nobody picks up at the moment. You would be called back at",
    ];
    let figure = [
        "ten fifteen",
        "twenty one",
        "seven",
        "thirty three",
        "four",
        "nine fifty",
        "eleven",
        "sixty",
        "two",
        "twelve",
    ];
    format!("{} {}.", wish[number % 10], figure[number / 10 % 10])
}

/// A leg and the telephone at its other end, on which nobody speaks.
struct Call {
    leg: MediaLeg,
    now: MonoTime,
    encoder: Encoder,
    decoder: Decoder,
    packets: u32,
    says: VecDeque<SayFrame>,
    say: SayId,
    turn: TurnId,
    facts: Vec<(u64, LegFact)>,
    /// What the telephone has played so far.
    played: Vec<i16>,
    /// How many samples later the microphone hears it.
    echo_delay: usize,
    /// What somebody still says into it.
    caller: VecDeque<i16>,
    noise: u64,
}

impl Call {
    fn new(seed: u64) -> Self {
        let spec = LegSpec { role: LegRole::Caller, format: AudioFormat::PCMU, seed };
        let detector = Speech::detector(Some(&repository().join("models")));
        Self {
            leg: MediaLeg::new(spec, &LegConfig::default(), detector, MonoTime::ZERO)
                .expect("G.711 is there"),
            now: MonoTime::ZERO,
            encoder: Encoder::new(Codec::Pcmu).expect("G.711 is there"),
            decoder: Decoder::new(Codec::Pcmu).expect("G.711 is there"),
            packets: 0,
            says: VecDeque::new(),
            say: SayId(0),
            turn: TurnId(0),
            facts: Vec::new(),
            played: Vec::new(),
            echo_delay: 0,
            caller: VecDeque::new(),
            noise: seed * 2 + 1,
        }
    }

    fn say(&mut self, sound: &[i16]) {
        self.say = self.say.next();
        for samples in sound.chunks_exact(FRAME_SAMPLES) {
            let frame = Frame(samples.try_into().expect("a frame"));
            self.says.push_back(SayFrame::wordless(self.say, self.turn, Some(frame)));
        }
        self.says.push_back(SayFrame::wordless(self.say, self.turn, None));
    }

    fn has(&self, wanted: impl Fn(&LegFact) -> bool) -> bool {
        self.facts.iter().any(|(_, fact)| wanted(fact))
    }

    fn ticks(&mut self, count: usize) {
        (0..count).for_each(|_| self.tick());
    }

    fn tick(&mut self) {
        let mut heard = Frame::SILENCE;
        for (nth, sample) in heard.0.iter_mut().enumerate() {
            *sample = self.microphone(self.played.len() + nth);
        }
        let mut payload = [0; Encoder::PAYLOAD_MAX];
        let length = self.encoder.encode(&heard, &mut payload).expect("G.711 encodes everything");
        let mut packet = vec![0x80, 0];
        packet.extend_from_slice(&(self.packets as u16).to_be_bytes());
        packet.extend_from_slice(&(self.packets * 160).to_be_bytes());
        packet.extend_from_slice(&[0, 0, 0, 7]);
        packet.extend_from_slice(&payload[..length]);
        self.packets += 1;
        self.now = self.now + Duration::from_millis(u64::from(FRAME_MS));
        self.leg.handle_datagram(&packet, self.now);
        let says = &mut self.says;
        self.leg.tick(&mut || says.pop_front(), self.now);
        self.listen();
        while self.leg.poll_heard().is_some() {}
        while let Some(fact) = self.leg.poll_fact() {
            if let LegFact::TurnEnded { turn, .. }
            | LegFact::BargedIn { turn, .. }
            | LegFact::Resumed { turn } = &fact
            {
                self.turn = *turn;
            }
            self.facts.push((self.now.as_millis(), fact));
        }
    }

    /// The telephone plays what the leg sent.
    fn listen(&mut self) {
        let mut datagram = [0; 2_048];
        let mut pcm = PcmRing::new();
        while let Some(length) = self.leg.poll_datagram(&mut datagram) {
            if datagram[1] & 0x7f == 0 {
                self.decoder.decode(&datagram[12..length], &mut pcm).expect("G.711 decodes everything");
            }
        }
        let mut frame = Frame::SILENCE;
        assert!(pcm.pop_frame(&mut frame), "a packet in every tick");
        self.played.extend_from_slice(&frame.0);
    }

    /// -12 dB of what was played, with a reflection from a wall, over the hiss of a room at -62 dBFS.
    fn microphone(&mut self, at: usize) -> i16 {
        let played = |later: usize| {
            at.checked_sub(self.echo_delay + later)
                .and_then(|at| self.played.get(at))
                .map_or(0.0, |&s| f32::from(s))
        };
        let echo = ECHO * (played(0) + 0.2 * played(61));
        self.noise =
            self.noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let hiss = (self.noise >> 40) as f32 / 8_388_608.0 - 1.0;
        let voice = self.caller.pop_front().map_or(0.0, f32::from);
        (echo + voice + 45.0 * hiss) as i16
    }
}

const CALLS: usize = 25;
const PROMPTS: usize = 4;
const VOICES: [&str; 4] = ["slt", "rms", "awb", "kal16"];
/// -12 dB.
const ECHO: f32 = 0.25;
