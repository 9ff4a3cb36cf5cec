//! Prints how well the stand-by recogniser hears, and what it costs: flite voices say sentences of an airline's calls over a G.711 line.
//!
//! `cargo run --release -p callwright-speech --example accuracy`

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use callwright_model::{Expect, Hints, Language, Voice};
use callwright_speech::{RecogniserChoice, Speech, SpeechConfig};

mod distractors;
mod telephone;

use telephone::{Caller, over_the_line};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = SpeechConfig {
        recogniser: RecogniserChoice::Pocketsphinx,
        recogniser_threads: 1,
        ..SpeechConfig::default()
    };
    let speech = Speech::start(config)?;
    let memory = memory_of_a_leg(&speech).await?;
    let mut rows: BTreeMap<String, Score> = BTreeMap::new();
    let (mut finals, mut sound_seconds, mut cpu) = (Vec::new(), 0.0, 0.0);
    let mut sure: Vec<(bool, f32)> = Vec::new();
    for voice in ["slt", "kal16", "rms", "awb"] {
        for (expect, likely, said) in dialogue() {
            let sound = speech.render(said, Language::EN, &Voice(voice.to_owned()))?;
            let likely = likely.iter().map(|text| (*text).to_owned()).collect();
            let sentences = PACK.map(str::to_owned);
            let hints = Hints {
                expect: expect.clone(),
                language: Language::EN,
                languages: Vec::new(),
                sentences: Arc::from(sentences),
                likely,
            };
            let mut caller = Caller::new(&speech, hints);
            sound_seconds += over_the_line(&sound).len() as f64 * 0.02 + 0.7;
            let before = cpu_seconds()?;
            let heard = caller.says(&sound).await;
            cpu += cpu_seconds()? - before;
            let confidence = heard.confidence.unwrap_or(1.0);
            let (wanted, heard) = (said.to_lowercase(), heard.words.into_inner());
            let wanted: Vec<&str> = wanted.split(' ').collect();
            let got: Vec<&str> = heard.split_whitespace().collect();
            let wrong = distance(&wanted, &got);
            sure.push((wrong == 0, confidence));
            if wrong > 0 {
                eprintln!("{voice:6} {said} -> {heard} ({confidence:.2})");
            }
            let shape = format!("{expect:?}");
            let shape = shape.split(' ').next().unwrap_or_default();
            for row in [format!("voice {voice}"), format!("expect {shape}"), "all".to_owned()] {
                rows.entry(row).or_default().add(wanted.len(), wrong);
            }
            // How long a caller waits for the words of a turn without a pause before its end.
            caller.start();
            caller.sound(&sound);
            let asked = Instant::now();
            caller.end();
            caller.utterance().await;
            finals.push(asked.elapsed().as_secs_f64() * 1e3);
        }
    }
    finals.sort_by(f64::total_cmp);
    let mut table = String::from("                        words    sentences\n");
    for (row, score) in &rows {
        table.push_str(&format!(
            "{row:20} {:>8.1} % {:>8.1} %\n",
            100.0 - 100.0 * score.wrong as f64 / score.words as f64,
            100.0 * score.right as f64 / score.sentences as f64
        ));
    }
    table.push_str(&format!(
        "CPU per second of sound, both passes: {:.3} s\n\
         a whole turn at once to its final: p50 {:.0} ms, p95 {:.0} ms\n\
         memory of a leg in the middle of a turn: {memory:.1} MB\n",
        cpu / sound_seconds,
        finals[finals.len() / 2],
        finals[finals.len() * 95 / 100]
    ));
    let share = |right: bool, least: f32| {
        let of = |sentence: &&(bool, f32)| sentence.0 == right;
        let kept = sure.iter().filter(of).filter(|(_, confidence)| *confidence >= least).count();
        100.0 * kept as f64 / sure.iter().filter(of).count().max(1) as f64
    };
    table.push_str("\nconfidence at least           0.2      0.4      0.6      0.8\n");
    for (row, right) in [("sentences heard right", true), ("sentences misheard", false)] {
        let shares = [0.2, 0.4, 0.6, 0.8].map(|least| format!("{:>6.1} %", share(right, least))).join(" ");
        table.push_str(&format!("{row:25} {shares}\n"));
    }
    table.push_str(&false_accepts(&speech).await?);
    eprintln!("{table}");
    Ok(())
}

/// How often what is no answer is taken for one, by kind and by how sure one wants to be.
async fn false_accepts(speech: &Speech) -> Result<String, Box<dyn Error>> {
    let mut rows: BTreeMap<&str, Vec<f32>> = BTreeMap::new();
    let code = Expect::Code { min: 6, max: 6 };
    for distractor in distractors::distractors(speech)? {
        for expect in [Expect::Anything, Expect::YesNo, code.clone(), Expect::Choice { options: 3 }] {
            let sentences = Arc::from(PACK.map(str::to_owned));
            let hints = Hints {
                expect,
                language: Language::EN,
                languages: Vec::new(),
                sentences,
                likely: Vec::new(),
            };
            let mut caller = Caller::new(speech, hints.clone());
            let heard = caller.says(&distractor.sound).await;
            let confidence = heard.confidence.unwrap_or(1.0);
            let heard = heard.words.into_inner();
            let harmless = distractor.is_harmless(&heard);
            if !harmless {
                let (kind, name) = (distractor.kind, &distractor.name);
                eprintln!("{kind} {name} at {:?} -> {heard} ({confidence:.2})", hints.expect);
            }
            rows.entry(distractor.kind).or_default().push(if harmless { -1.0 } else { confidence });
        }
    }
    let mut table = String::from("\ntaken for an answer when at least  0      0.2      0.4      0.6  of\n");
    for (kind, taken) in rows {
        let share = |least: f32| taken.iter().filter(|sure| **sure >= least).count() as f64 * 100.0;
        let shares = [0.0, 0.2, 0.4, 0.6]
            .map(|least| format!("{:>6.1} %", share(least) / taken.len() as f64))
            .join(" ");
        table.push_str(&format!("{kind:25} {shares} {}\n", taken.len()));
    }
    Ok(table)
}

/// Ten callers, each with options of their own, have said something and not ended.
async fn memory_of_a_leg(speech: &Speech) -> Result<f64, Box<dyn Error>> {
    let sound = speech.render("my flight was cancelled", Language::EN, &Voice("rms".to_owned()))?;
    let sentences: Arc<[String]> = Arc::from(PACK.map(str::to_owned));
    let before = resident_mb()?;
    let mut callers = Vec::new();
    for hour in 1..=10 {
        let likely = vec![format!("the flight at {hour} fifteen")];
        let sentences = Arc::clone(&sentences);
        let hints = Hints {
            expect: Expect::Anything,
            language: Language::EN,
            languages: Vec::new(),
            sentences,
            likely,
        };
        let mut caller = Caller::new(speech, hints);
        caller.start();
        caller.sound(&sound);
        caller.report().await;
        callers.push(caller);
    }
    Ok((resident_mb()? - before) / callers.len() as f64)
}

#[derive(Default)]
struct Score {
    words: usize,
    wrong: usize,
    sentences: usize,
    right: usize,
}

impl Score {
    fn add(&mut self, words: usize, wrong: usize) {
        self.words += words;
        self.wrong += wrong;
        self.sentences += 1;
        self.right += usize::from(wrong == 0);
    }
}

/// Words put in, left out or taken for others.
fn distance(wanted: &[&str], heard: &[&str]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in wanted.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, other) in heard.iter().enumerate() {
            let replaced = corner + usize::from(word != other);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[heard.len()]
}

fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    // Nanoseconds on a processor, the first number of the scheduler's statistics, over all threads.
    let mut sum = 0.0;
    for task in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        sum += text.split_whitespace().next().unwrap_or("0").parse::<f64>()? / 1e9;
    }
    Ok(sum)
}

fn resident_mb() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/statm")?;
    Ok(text.split_whitespace().nth(1).unwrap_or("0").parse::<f64>()? * 4_096.0 / 1e6)
}

type Line = (Expect, &'static [&'static str], &'static str);

/// What callers say, each to a question of that shape. None of it is in [`PACK`] word by word but for short common ones.
fn dialogue() -> Vec<Line> {
    const FLIGHTS: &[&str] =
        &["the ten fifteen flight", "the flight at two thirty", "the flight at six forty five"];
    let code = Expect::Code { min: 6, max: 6 };
    let pin = Expect::Digits { min: 4, max: 4 };
    let choice = Expect::Choice { options: 3 };
    let mut lines: Vec<Line> = Vec::new();
    let mut add = |expect: &Expect, likely: &'static [&'static str], said: &[&'static str]| {
        lines.extend(said.iter().map(|said| (expect.clone(), likely, *said)));
    };
    add(&Expect::Anything, &[], &OPEN);
    add(&code, &[], &CODES);
    add(&pin, &[], &PINS);
    add(&choice, FLIGHTS, &CHOICES);
    add(&Expect::YesNo, &[], &ANSWERS);
    add(&Expect::Date, &[], &["november twenty third", "next friday", "the second of december"]);
    lines
}

const OPEN: [&str; 18] = [
    "my flight was cancelled and I need a new one",
    "hello my flight was cancelled",
    "what is the status of my flight",
    "can I talk to a person",
    "I want to cancel my booking",
    "is my flight on time",
    "I'd like to change my flight please",
    "please cancel my reservation and give me a refund",
    "I need another flight to London",
    "let me speak to a human please",
    "I need to get to Paris tomorrow morning",
    "yes please",
    "no thanks",
    "no that's all thank you",
    "what time does my flight arrive",
    "I want to talk to a person please",
    "could you repeat that please",
    "please put me on the next flight to London",
];
const CODES: [&str; 9] = [
    "kilo seven mike four x-ray two",
    "it's kilo seven mike four x-ray two",
    "my booking code is bravo nine delta two lima six",
    "four tango romeo eight victor one",
    "papa quebec three zulu five hotel",
    "papa three tango nine quebec five",
    "romeo eight whiskey six november one",
    "I don't know my code",
    "I want to talk to a person",
];
const PINS: [&str; 6] = [
    "four eight two one",
    "nine zero three seven",
    "it's five five one two",
    "oh six double eight",
    "seven seven three zero",
    "one nine four six",
];
const CHOICES: [&str; 7] = [
    "the first one please",
    "the second one",
    "the ten fifteen flight please",
    "I'll take the flight at two thirty",
    "the last one",
    "option three",
    "can you repeat that please",
];
const ANSWERS: [&str; 11] = [
    "yes please",
    "yes",
    "no",
    "yes that's correct",
    "no that's wrong",
    "no thank you",
    "yes go ahead",
    "sure that works",
    "I'd rather talk to someone",
    "no thank you goodbye",
    "hold on a second",
];

/// What a skill pack might give as examples.
const PACK: [&str; 42] = [
    "my flight was cancelled",
    "my flight got cancelled and i need another one",
    "you cancelled my flight",
    "i need to rebook my flight",
    "i want to change to another flight",
    "please put me on the next flight",
    "i need a new flight",
    "can you find me a different flight",
    "my flight to paris was cancelled",
    "rebook me please",
    "i have to get to london tomorrow",
    "i missed my connection",
    "the airline cancelled my trip",
    "what's the status of my flight",
    "is my flight on time",
    "is flight 482 delayed",
    "has my plane left yet",
    "when does my flight leave",
    "what time does my flight arrive",
    "which gate does my flight leave from",
    "check my flight status",
    "i want to cancel my booking",
    "please cancel my reservation",
    "i don't want to travel anymore",
    "cancel my trip and refund me",
    "can i get my money back for the ticket",
    "i need a refund",
    "let me talk to a person",
    "i want to speak to a human",
    "connect me to an agent",
    "give me a real person",
    "i'd like a window seat",
    "can i have an aisle seat",
    "i want to fly in the morning",
    "do you have anything in the afternoon",
    "is there an earlier flight",
    "is there a later flight",
    "how much does it cost",
    "will my bags be moved too",
    "thank you that's all",
    "i am calling about my booking",
    "i have a problem with my ticket",
];
