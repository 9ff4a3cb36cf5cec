//! `callwright talk`: the agent at this machine's own microphone and speaker. It is a call in all but the telephone: the sound
//! card takes the telephone's place at the leg, everything behind the leg is the gateway.

mod card;
mod screen;
mod wire;

use std::io::BufRead;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use callwright_conversation::Happening;
use callwright_model::Language;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::chat::random_id;
use crate::cli::Talk;
use crate::config::Config;
use crate::demo::Systems;
use crate::gateway::{Gateway, install_metrics};
use crate::lines::{Lines, LoadedLine};
use crate::serve::all;
use card::CardError;
use screen::Screen;
use wire::{FORMAT, Levels, Wire};

/// Talks until either side hangs up.
///
/// # Errors
/// When the configuration is faulty or the gateway cannot start. No sound card is told by the exit code [`NO_CARD`].
pub async fn run(args: Talk) -> Result<ExitCode> {
    card::hush();
    if args.list {
        return Ok(print_list());
    }
    // Before anything is started: whoever has no card shall not wait for models to load.
    let (troubles, trouble) = mpsc::unbounded_channel();
    let cards = match open(&args, &troubles) {
        Ok(cards) => cards,
        Err(error) => return Ok(refuse(&error)),
    };
    let systems = match &args.config {
        Some(_) if !args.demo => None,
        Some(_) | None => Some(Systems::start().await?),
    };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut config = match (&systems, &args.config) {
        (None, Some(file)) => Config::load(file).map_err(all)?,
        (Some(systems), _) => systems.config(any, any, any, Some(DESK.to_owned()))?,
        (None, None) => bail!("neither a configuration nor the demo"),
    };
    // A gateway may run on this machine as it is configured; this one keeps out of its way.
    (config.sip.listen, config.web.listen, config.web.webrtc) = (any, any, any);
    if config.core.address.is_none() {
        config.core.listen = any;
    }
    let lines = Lines::load(&config).map_err(all)?;
    let line = choose_line(&lines, args.line.as_deref(), args.lang)?;
    let gateway = Gateway::start(config, lines, install_metrics()?).await?;
    let talked = talk(&gateway, line, cards, trouble).await;
    gateway.shutdown(GRACE, std::future::pending()).await;
    if let Some(systems) = systems {
        systems.shutdown().await;
    }
    talked
}

type Cards = (card::Line<rtrb::Consumer<i16>>, card::Line<rtrb::Producer<i16>>);

fn open(args: &Talk, troubles: &mpsc::UnboundedSender<String>) -> Result<Cards, CardError> {
    let microphone = card::microphone(args.input.as_deref(), troubles)?;
    Ok((microphone, card::speaker(args.output.as_deref(), troubles)?))
}

fn choose_line(lines: &Lines, name: Option<&str>, language: Option<Language>) -> Result<LoadedLine> {
    let mut line = match name {
        Some(name) => lines.named(name).with_context(|| format!("there is no line `{name}`"))?.clone(),
        None => lines.lines.first().context("the configuration has no line")?.clone(),
    };
    if let Some(language) = language {
        if !line.pack.languages().contains(&language) {
            let known: Vec<_> = line.pack.languages().iter().map(Language::to_string).collect();
            bail!("line `{}` has no words in `{language}`; it speaks {}", line.line.name, known.join(", "));
        }
        line.language = language;
    }
    Ok(line)
}

/// The talk itself, from the first sample to the last.
async fn talk(
    gateway: &Gateway,
    line: LoadedLine,
    (microphone, speaker): Cards,
    mut trouble: mpsc::UnboundedReceiver<String>,
) -> Result<ExitCode> {
    let mut screen = Screen::new();
    head(&screen, gateway, &microphone.name, &speaker.name);
    let levels = Arc::new(Levels::default());
    let (_recording, heard, rate_in) = microphone.start()?;
    let (_playing, said, rate_out) = speaker.start()?;
    let wire = Wire::new((heard, rate_in), (said, rate_out), Arc::clone(&levels), random_id())?;
    let mut told = gateway.follow();
    let caller = gateway.sit_down(line, Box::new(wire), FORMAT)?;
    let mut keys = typed_keys();
    let mut redraw = tokio::time::interval(REDRAW);
    redraw.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut result = ExitCode::SUCCESS;
    loop {
        tokio::select! {
            event = told.recv() => match event {
                Ok(happening) => {
                    screen.told(&happening);
                    if let Happening::Ended(_) = happening {
                        return Ok(result);
                    }
                }
                Err(RecvError::Lagged(missed)) => screen.say(&format!("({missed} happenings were missed)")),
                Err(RecvError::Closed) => return Ok(result),
            },
            Some(what) = trouble.recv() => {
                screen.say(&what);
                result = ExitCode::FAILURE;
                caller.hang_up().await;
            }
            Some(digit) = keys.recv() => caller.press(digit).await,
            stopped = tokio::signal::ctrl_c() => {
                stopped.context("cannot listen for Ctrl-C")?;
                caller.hang_up().await;
            }
            _ = redraw.tick() => screen.draw(&levels),
        }
    }
}

fn head(screen: &Screen, gateway: &Gateway, microphone: &str, speaker: &str) {
    let recogniser = gateway.recogniser();
    screen.say(&format!("microphone  {microphone}"));
    screen.say(&format!("speaker     {speaker}"));
    screen.say(&format!("recogniser  {}", recogniser.engine));
    if let Some(note) = recogniser.note {
        screen.say(&format!("            {note}"));
    }
    screen.say(&format!("console     http://{}/", gateway.web_address()));
    if let Some(folder) = gateway.journals() {
        screen.say(&format!("journals    {}", folder.display()));
    }
    screen.say("keys        type digits, * or # and Enter; Ctrl-C hangs up");
}

/// Keys that are typed, on a thread of its own: a read of the terminal cannot be given up, and must not hold the end.
fn typed_keys() -> mpsc::Receiver<char> {
    let (keys, typed) = mpsc::channel(KEYS_WAITING);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            for key in line.chars().filter(|key| matches!(key, '0'..='9' | '*' | '#')) {
                if keys.blocking_send(key).is_err() {
                    return;
                }
            }
        }
    });
    typed
}

fn print_list() -> ExitCode {
    let devices = card::list();
    if devices.is_empty() {
        answer!("there is no sound card: the system lists no device");
        return NO_CARD.into();
    }
    for (place, device) in devices.iter().enumerate() {
        let ways = match (device.input, device.output) {
            (true, true) => "in, out",
            (true, false) => "in",
            (false, true) => "out",
            (false, false) => "unknown",
        };
        answer!("{:>3}  {:<32} {ways:<8} {}", place + 1, device.name, device.what);
    }
    answer!(
        "\n`--input` and `--output` take a number, a name or a part of one; without them it is the system's default."
    );
    ExitCode::SUCCESS
}

fn refuse(error: &CardError) -> ExitCode {
    notice!("callwright talk: {error}");
    NO_CARD.into()
}

/// What the program exits with when there is no sound card to use, so that a script can tell it from a talk that failed.
const NO_CARD: u8 = 3;
/// The human of the demo, as in `serve --demo`.
const DESK: &str = "sip:desk@127.0.0.1:5090";
/// Sound that is still on its way out.
const GRACE: Duration = Duration::from_secs(2);
/// Ten times a second looks alive and costs nothing.
const REDRAW: Duration = Duration::from_millis(100);
/// A whole code and PIN, typed at once.
const KEYS_WAITING: usize = 32;
