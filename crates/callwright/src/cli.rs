//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use callwright_demo_backends::Fault;
use callwright_loadtest::duplex::Echo;
use callwright_model::Language;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::import::{self, Import};
#[cfg(feature = "talk")]
use crate::talk;
use crate::{
    audit, capture, chat, check, converse, demo, duplex, journal, journey, load, models, plan, recordings,
    selfplay, serve, stats, trunk, understand, vcon,
};

/// Answers phone and browser calls, understands the caller, has a whole plan carried out by a governed action core,
/// says only what receipts prove, and brings in a human when policy or the caller wants one.
#[derive(Debug, Parser)]
#[command(name = "callwright", version, max_term_width = 100)]
struct Cli {
    /// What to log, as `info` or `callwright=debug,warn`.
    #[arg(long, global = true, env = "CALLWRIGHT_LOG", default_value = "warn", value_name = "FILTER")]
    log: String,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// Run the action core alone, for gateways and chat bots elsewhere.
    Core(Core),
    /// Watch a recorded caller being helped end to end: gateway, action core, demo airline and a human's phone on loopback.
    Demo(Demo),
    /// Place one call and listen: scripted sentences out, what is heard kept and timed.
    Call(Call),
    /// Place many calls, scripted or full-duplex, and report what the callers' ears measured.
    Load(Load),
    /// Talk to the agent by typing: the same agent without sound.
    Chat(Chat),
    /// Talk to the agent at this machine's own microphone and speaker.
    ///
    /// The same agent as in a call, with the sound card in the telephone's place: what you say is heard, cut into turns and
    /// understood as a caller's, and you may interrupt. Shows levels, the transcript and who has the floor. Wear a headset where you
    /// can; the agent's echo is cancelled, but a loud speaker close to the microphone makes that harder. Exits with 3 when
    /// there is no sound card.
    #[cfg(feature = "talk")]
    Talk(Talk),
    /// Tell how trunks are, and what is wrong with one.
    #[command(subcommand)]
    Trunk(Trunk),
    /// List every mistake in configuration, skills, policies and words, with file and line.
    Check(Check),
    /// Make a skill pack of what a system says of itself
    ///
    /// Nothing that a system says decides what is done: whether a call changes something, how its effect is kept to once and what takes
    /// it back is for a person to fill in, and until then the action does not load.
    #[command(subcommand)]
    Import(Import),
    /// Show the plan that a skill makes of given facts, and why each step is in it, without doing anything
    ///
    /// Binds the skill as for a caller who gives these inputs, while the systems answer as the file says. Prints each step with
    /// where its arguments come from, which condition led there, what is read or written, what the policies say and by which
    /// rule, and how it would be undone. Nothing is ever called. Where the file does not tell what a read answers, the plan stops
    /// there and says which read it is, with a template to fill in; so a file can be begun with `inputs` alone.
    ///
    ///   inputs: { code: K7M4X2, pin: "4821", flight: 1 }     # a choice by its number
    ///   reads:
    ///     - read: find_booking
    ///       with: { code: K7M4X2 }       # only for these arguments; left out: for any
    ///       found: { code: K7M4X2, ... } # or `not_found: pin`, or `refused: why`
    ///
    /// Exits with 0 when the facts lead to a plan, an answer or a refusal; with 3 when they tell too little or lead nowhere; with 1
    /// when the pack or the file has mistakes.
    #[command(verbatim_doc_comment)]
    Plan(Plan),
    /// Play scripted conversations and compare what comes of them with what they say
    ///
    /// A conversation is a YAML file: what a caller says, and what must be understood, said, done and written in the systems' databases
    /// (docs/conversations.md). The same dialogue, plans and policies as in a call, as text, in virtual time; the systems are the demo's, in
    /// memory. What does not go as written is printed, expected beside real. Exits with 0 when all do.
    #[command(verbatim_doc_comment)]
    Converse(converse::Converse),
    /// Have simulated callers play the goals of a pack against the agent, and tell how many get what they want
    ///
    /// Callers want a skill of the pack, know the demo's facts, are terse, chatty, impatient or unsure, change their minds, and talk as the
    /// tables `callers/LANGUAGE.yaml` of the pack have it. Whether they got what they wanted is read from the systems' databases and from
    /// what was claimed. Each goal is played four times: pass^1 is the share of games that succeed, pass^4 that of goals of which all four
    /// do. The same seed gives the same games.
    #[command(verbatim_doc_comment)]
    Selfplay(selfplay::SelfPlayArgs),
    /// Tell what is made of a sentence, and why; or measure it (`eval`)
    ///
    /// Prints the likeliest meanings with their probabilities, whether that is clear enough to act on or worth a question, the words and
    /// features that spoke for the first and for the second, the nearest example, and what made it known or strange.
    Understand(understand::Understand),
    /// Feed the journal of a call to the agent again and compare what it decides.
    ///
    /// What the agent was told then - by the line, the recogniser, the action core and its timers - is told to it again, without sound and
    /// without systems, and what it wants is compared line by line. The first difference is printed, then and now. Exits with 0
    /// when there is none, 1 when there is one, 2 when the journal or its pack cannot be read.
    ///
    /// What a caller says or keys while asked for a secret, such as a PIN, is in no journal. As many other digits stand for it and lead the
    /// agent the same way. Where the caller was asked for a secret and said something else, nothing stands for it: the replay ends there
    /// and says so.
    Replay(Replay),
    /// Find out whether the action core's journal is as it was written.
    #[command(subcommand)]
    Audit(Audit),
    /// Tell the story of a plan: why each step was there, who allowed it, what happened and when.
    ///
    /// Without --journal and --core it is looked for where the configuration says that plans are kept. A journal knows plans that were said
    /// yes to and what policies refused; a core that runs also knows those that still wait for their callers. Inputs and results are told by
    /// name, of their values only amounts of money.
    Explain(Explain),
    /// Give a person what is kept of them, or erase it.
    #[command(subcommand)]
    Journey(Journey),
    /// List recordings of calls, take one out of its encryption, or erase some.
    #[command(subcommand)]
    Recording(Recording),
    /// Write a call as a vCon (draft-ietf-vcon-vcon-core): who took part, what was said, the recording, consents, and plans.
    ///
    /// It is made of the call's journal, its recording, and what the action core keeps of its plans, by name, with amounts of money alone.
    /// Secrets are in none of these: what was left out of the recording is told with its place. What is written is personal.
    Vcon(Vcon),
    /// Write the packets of a call as a file (pcap) for tshark, Wireshark or sngrep.
    ///
    /// Asks a running gateway, which keeps the signalling of its last calls (`[capture]`), and with `rtp = "heads"` the heads of RTP
    /// packets. Passwords, media keys and keys that callers pressed are hidden; numbers and names are not: the file is personal.
    Capture(Capture),
    /// Count what became of plans, by skill and step: success, time, denials, what people put right.
    ///
    /// Reads the action core's journal, which a core may go on writing meanwhile. A step's times are from its first call to its result, a
    /// plan's from the yes to its end. With --proposals it reads the journals of calls instead, and lists what callers said freely and was
    /// not understood before a human had to take over: proposals for the pack's example sentences. They are only shown; numbers, spelled
    /// codes, and words that neither the pack knows nor callers of three calls have used, are left out.
    Stats(Stats),
    /// List, fetch and verify model files for speech.
    #[command(subcommand)]
    Models(Models),
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
struct ConfigFile {
    /// Configuration file; callwright.example.toml documents every setting.
    #[arg(long, env = "CALLWRIGHT_CONFIG", default_value = "callwright.toml", value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    file: ConfigFile,
    /// Serve the demo airline and shop without any configuration file.
    #[arg(long)]
    demo: bool,
    /// Take free ports instead of 5060, 8080 and 8081; they are told at the start.
    #[arg(long, requires = "demo")]
    any_port: bool,
    /// Ring nobody when a caller wants a person: there is no desk.
    #[arg(long, requires = "demo")]
    no_desk: bool,
    /// What goes wrong in the demo's systems, once: ACTION=lost-reply, lost-request, refuse, refuse-for-now or delay:MS.
    #[arg(long, value_name = "FAULT", requires = "demo")]
    fault: Vec<Fault>,
}

#[derive(Debug, Args)]
struct Core {
    #[command(flatten)]
    file: ConfigFile,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Write all figures and results as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Keep the sound of every call: one stereo WAV each, caller left, agent right.
    #[arg(long, value_name = "DIR")]
    pub wav: Option<PathBuf>,
    /// Folder of speech model files.
    #[arg(long, default_value = "models", value_name = "DIR")]
    pub models: PathBuf,
    /// What goes wrong in the airline's or the shop's system, once: ACTION=lost-reply, lost-request, refuse, refuse-for-now or
    /// delay:MS. May be given several times.
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<Fault>,
}

/// Arguments of `call`.
#[derive(Debug, Args)]
pub struct Call {
    /// Whom to call, such as `sip:airline@127.0.0.1:5060`.
    pub to: String,
    /// What to say and when: a scenario file, see audio-fixtures/scenarios.
    #[arg(long, value_name = "FILE")]
    pub scenario: PathBuf,
    /// Keep the sound: one stereo WAV, caller left, the other side right.
    #[arg(long, value_name = "DIR")]
    pub wav: Option<PathBuf>,
    /// Codec to offer: pcmu, pcma, g722 or opus.
    #[arg(long, default_value = "pcmu")]
    pub codec: String,
    /// Write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Arguments of `load`.
#[derive(Debug, Args)]
pub struct Load {
    /// Whom to call, such as `sip:airline@127.0.0.1:5060`.
    #[arg(long, required_unless_present = "rehearse")]
    pub to: Option<String>,
    #[command(flatten)]
    pub part: LoadPart,
    /// How many calls in all.
    #[arg(long, default_value_t = 20)]
    pub calls: usize,
    /// How many at one time.
    #[arg(long, default_value_t = 5)]
    pub concurrent: usize,
    /// New calls per second at most; duplex callers come some seconds apart anyway.
    #[arg(long, default_value_t = 5.0)]
    pub rate: f64,
    /// Codec to offer: pcmu, pcma, g722 or opus.
    #[arg(long, default_value = "pcmu")]
    pub codec: String,
    /// Write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Keep the sound of every call. With --duplex also markers, ticks and a picture of it.
    #[arg(long, value_name = "DIR")]
    pub wav: Option<PathBuf>,
    #[command(flatten)]
    pub duplex: DuplexOptions,
}

/// What the callers of `load` do.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct LoadPart {
    /// Walk a script: what the callers say and when.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Play whole conversations over an impaired line and measure turn-taking: `control`, `regular` or a TOML file.
    #[arg(long, value_name = "PROFILE")]
    pub duplex: Option<String>,
}

/// Arguments of `load` that have a meaning with `--duplex` alone.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --duplex")]
pub struct DuplexOptions {
    /// What the callers say; the airline's conversation when absent.
    #[arg(long, value_name = "FILE", requires = "duplex")]
    pub conversation: Option<PathBuf>,
    /// Where chance begins: the same seed gives the same sounds and plans.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Sounds in place of made ones: folders turns, interruptions, backchannels, tics, side_talk, babble, bursts of WAV files.
    #[arg(long, value_name = "DIR", requires = "duplex")]
    pub voices: Option<PathBuf>,
    /// The agent's voice in the callers' microphones, as `200ms,-12dB`.
    #[arg(long, value_name = "ECHO", requires = "duplex")]
    pub echo: Option<Echo>,
    /// Call nobody: the demo's agent plays its part in this process, in virtual time. The same seed gives the same calls, sample
    /// for sample, faster than they last.
    #[arg(long, requires = "duplex", conflicts_with = "to")]
    pub rehearse: bool,
}

/// Arguments of `chat`.
#[derive(Debug, Args)]
pub struct Chat {
    /// Configuration file. Without it: the demo airline, started in this process.
    #[arg(long, env = "CALLWRIGHT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Line to talk to; the first one when absent.
    #[arg(long, value_name = "NAME")]
    pub line: Option<String>,
    /// Language to be greeted in.
    #[arg(long, value_name = "CODE")]
    pub lang: Option<Language>,
}

/// Arguments of `talk`.
#[cfg(feature = "talk")]
#[derive(Debug, Args)]
pub struct Talk {
    /// List microphones and speakers, and stop.
    #[arg(long)]
    pub list: bool,
    /// Microphone: a number or name of `--list`, or a part of the name; the system's default when absent.
    #[arg(long, value_name = "DEVICE")]
    pub input: Option<String>,
    /// Speaker, in the same way.
    #[arg(long, value_name = "DEVICE")]
    pub output: Option<String>,
    /// Line to talk to; the first one when absent.
    #[arg(long, value_name = "NAME")]
    pub line: Option<String>,
    /// Language to be greeted in.
    #[arg(long, value_name = "CODE")]
    pub lang: Option<Language>,
    /// Configuration file. Without it: the demo airline, started in this process.
    #[arg(long, env = "CALLWRIGHT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The demo airline, whatever configuration there is.
    #[arg(long)]
    pub demo: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    file: ConfigFile,
    /// Check these skill packs alone, without a configuration.
    #[arg(value_name = "PACK")]
    pub packs: Vec<PathBuf>,
    /// List all that a language needs, with what these packs (or the program itself) have of it, instead of mistakes.
    #[arg(long, value_name = "CODE", conflicts_with = "json")]
    pub language: Option<Language>,
    /// Print the mistakes as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// The skill.
    #[arg(long, value_name = "NAME")]
    pub skill: String,
    /// What the caller gives and what the systems answer, as YAML or JSON.
    #[arg(long, value_name = "FILE", required_unless_present = "diagram")]
    pub facts: Option<PathBuf>,
    /// The skill pack. Without it: the one that has the skill, of those in the configuration.
    #[arg(long, value_name = "DIR")]
    pub pack: Option<PathBuf>,
    /// Configuration file that names the packs; without one, those in the folder `skills`.
    #[arg(long, env = "CALLWRIGHT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Draw the skill as a Mermaid flowchart instead; with --facts, the way they take through it is drawn thicker.
    #[arg(long)]
    pub diagram: bool,
    /// Print the plan as JSON.
    #[arg(long, conflicts_with = "diagram")]
    pub json: bool,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
struct Replay {
    /// The journal of a call, see `[journal]` in callwright.example.toml.
    file: PathBuf,
    /// The skill pack of its line, when it is not where it was.
    #[arg(long, value_name = "DIR")]
    pack: Option<PathBuf>,
}

/// What to do with the action core's journal.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check the journal's chain of hashes from its origin to its head.
    ///
    /// Prints how many plans and events there are and the head, which is the hash of the newest entry. Whatever was changed, removed, put in
    /// or moved is told with its plan, its event and what does not fit. It is only read, and a core may go on working on it. Exits with
    /// 0 when everything is as it was written, 1 when it is not, 2 when there is no journal to check.
    ///
    /// That the newest entries were cut off, or that all was written anew by somebody who may write to the file, no chain can show by itself.
    /// Note the head where they cannot write, and give it with --head later: it must still be in the chain.
    Verify(Verify),
    /// List the plans that were said yes to, the oldest first: when, for which call, what, and how it ended.
    ///
    /// `callwright explain` tells the story of one.
    List(List),
}

/// Arguments of `audit list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    file: ConfigFile,
    /// The journal, a file or `postgres://...`; the one that the configuration names when absent.
    #[arg(long, value_name = "FILE|ADDRESS")]
    pub journal: Option<PathBuf>,
    /// Print the plans as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    file: ConfigFile,
    /// The journal, a file or `postgres://...`; the one that the configuration names when absent.
    #[arg(long, value_name = "FILE|ADDRESS")]
    pub journal: Option<PathBuf>,
    /// A head that was printed earlier: 64 hexadecimal digits.
    #[arg(long, value_name = "HASH")]
    pub head: Option<callwright_plan_core::Hash>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The plan: 32 hexadecimal digits, as logs and `/v1/plans` name it.
    pub plan: String,
    #[command(flatten)]
    file: ConfigFile,
    /// Look in this journal, a file or `postgres://...`.
    #[arg(long, value_name = "FILE|ADDRESS", conflicts_with = "core")]
    pub journal: Option<PathBuf>,
    /// Ask the action core at this address, such as `http://127.0.0.1:7070` or `unix:/run/callwright/core.sock`.
    #[arg(long, value_name = "ADDRESS")]
    pub core: Option<String>,
    /// Print the story as JSON, which holds more.
    #[arg(long)]
    pub json: bool,
}

/// What to do with what is kept of a person.
#[derive(Debug, Subcommand)]
enum Journey {
    /// Print everything that is kept of a person, one JSON object a line.
    ///
    /// A person is whoever proved in a pack to own something, such as a booking: name both. The first line tells the name of their journey,
    /// which stands for both and tells nobody else whose it is. Then come the plans they said yes to, the consents, the events with results,
    /// and calls back they asked for. The core must run. What is printed is personal.
    Export(JourneyExport),
    /// Erase everything that is kept of a person, for good.
    ///
    /// The core forgets what their plans said, and `audit verify` still finds its journal whole; the journals and recordings of their calls
    /// are deleted.
    /// Plans that have not ended stay and are named: erase again when they have.
    Erase(JourneyErase),
}

/// Whose journey.
#[derive(Debug, Args)]
pub struct Whose {
    #[command(flatten)]
    file: ConfigFile,
    /// The pack in which they proved it.
    #[arg(long, value_name = "NAME", requires = "identity", required_unless_present = "journey")]
    pub pack: Option<String>,
    /// What they proved to own, such as the code of a booking.
    #[arg(long, value_name = "TEXT", requires = "pack")]
    pub identity: Option<String>,
    /// The name of their journey, in place of the two.
    #[arg(long, value_name = "HASH", conflicts_with_all = ["pack", "identity"])]
    pub journey: Option<String>,
    /// The action core; the one that the configuration names when absent.
    #[arg(long, value_name = "ADDRESS")]
    pub core: Option<String>,
    /// Folder of the journals of calls; the one that the configuration names when absent.
    #[arg(long, value_name = "DIR")]
    pub calls: Option<PathBuf>,
    /// Folder of the recordings of calls; the one that the configuration names when absent.
    #[arg(long, value_name = "DIR")]
    pub recordings: Option<PathBuf>,
}

/// Arguments of `journey export`.
#[derive(Debug, Args)]
pub struct JourneyExport {
    #[command(flatten)]
    pub whose: Whose,
    /// Also write each of their calls as a vCon (draft-ietf-vcon-vcon-core) into this folder.
    #[arg(long, value_name = "DIR")]
    pub vcon: Option<PathBuf>,
}

/// Arguments of `journey erase`.
#[derive(Debug, Args)]
pub struct JourneyErase {
    #[command(flatten)]
    pub whose: Whose,
}

/// What to do with recordings.
#[derive(Debug, Subcommand)]
enum Recording {
    /// List the calls that there are recordings of, the oldest first.
    List(RecordingPlace),
    /// Write the recording of a call as a WAV: the caller left, what they heard right.
    ///
    /// What a gateway that died has left is written as far as it goes, without any repair. Says what was left out of it, and why.
    Export(RecordingExport),
    /// Erase the recordings of calls for good: their keys first, without which no copy of them can be heard.
    Erase(RecordingErase),
}

/// Where recordings are.
#[derive(Debug, Args)]
pub struct RecordingPlace {
    #[command(flatten)]
    file: ConfigFile,
}

/// Arguments of `recording export`.
#[derive(Debug, Args)]
pub struct RecordingExport {
    #[command(flatten)]
    pub place: RecordingPlace,
    /// The call, as `recording list` and events name it.
    pub call: callwright_model::CallId,
    /// The file to write.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `recording erase`.
#[derive(Debug, Args)]
pub struct RecordingErase {
    #[command(flatten)]
    pub place: RecordingPlace,
    /// The calls.
    #[arg(required = true)]
    pub calls: Vec<callwright_model::CallId>,
}

/// Arguments of `capture`.
#[derive(Debug, Args)]
pub struct Capture {
    #[command(flatten)]
    file: ConfigFile,
    /// The call, as events name it, or the `Call-ID` of one of its legs; so are calls found that were refused.
    pub call: String,
    /// The file to write.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Where the gateway's console is, such as `http://127.0.0.1:8080`; as the configuration says when absent.
    #[arg(long, value_name = "URL")]
    pub at: Option<String>,
}

impl Capture {
    /// The configuration file.
    pub fn config(&self) -> &std::path::Path {
        &self.file.config
    }
}

/// Arguments of `vcon`.
#[derive(Debug, Args)]
pub struct Vcon {
    #[command(flatten)]
    file: ConfigFile,
    /// The call, as `recording list` and events name it.
    pub call: callwright_model::CallId,
    /// The file to write.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Put the recording into it.
    #[arg(long, conflicts_with = "sound_at")]
    pub inline: bool,
    /// Write the recording as CALL.wav beside the file, and refer to it by its hash and as URL/CALL.wav, where you put it.
    #[arg(long, value_name = "URL")]
    pub sound_at: Option<String>,
}

impl Vcon {
    /// The configuration file.
    pub fn config(&self) -> &std::path::Path {
        &self.file.config
    }
}

/// Arguments of `stats`.
#[derive(Debug, Args)]
pub struct Stats {
    #[command(flatten)]
    file: ConfigFile,
    /// The journal of plans, a file or `postgres://...`; the one that the configuration names when absent.
    #[arg(long, value_name = "FILE|ADDRESS")]
    pub journal: Option<PathBuf>,
    /// Only what began within so many days.
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u32>,
    /// List proposals for example sentences instead.
    #[arg(long, conflicts_with = "journal")]
    pub proposals: bool,
    /// Tell how satisfied callers said they are, where packs ask for it (`closing`), instead.
    #[arg(long, conflicts_with_all = ["journal", "proposals"])]
    pub ratings: bool,
    /// Folder of the journals of calls, with `--proposals` or `--ratings`; the one that the configuration names when absent.
    #[arg(long, value_name = "DIR", conflicts_with = "journal")]
    pub calls: Option<PathBuf>,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What to do with trunks.
#[derive(Debug, Subcommand)]
enum Trunk {
    /// List the trunks and how the gateway that runs finds them. Exits with 1 when one is down or no gateway answers.
    List(TrunkList),
    /// Look at a trunk step by step: name, connection, certificate, OPTIONS, registration, and with --call sound.
    ///
    /// It asks the trunk from this machine, beside the gateway that may run, and registers nothing there. What is wrong is told in plain words,
    /// with what to do about it. Exits with 0 when calls should go, 1 when something is wrong with the trunk, 2 when the configuration is.
    Test(TrunkTest),
}

/// Arguments of `trunk list`.
#[derive(Debug, Args)]
pub struct TrunkList {
    #[command(flatten)]
    file: ConfigFile,
    /// Print what the gateway tells as JSON; `null` when none answers.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `trunk test`.
#[derive(Debug, Args)]
pub struct TrunkTest {
    #[command(flatten)]
    file: ConfigFile,
    /// The trunk, as the configuration names it.
    pub name: String,
    /// Also call this number by it and hear whether sound comes back.
    #[arg(long, value_name = "NUMBER")]
    pub call: Option<String>,
    /// Print the steps as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What to do with model files.
#[derive(Debug, Subcommand)]
pub enum Models {
    /// Show what is known and what is there.
    List(ModelsFolder),
    /// Get model files; goes on where an earlier try stopped.
    Fetch {
        /// Which ones, by the names of `list`.
        #[arg(required = true)]
        names: Vec<String>,
        /// Another place that holds the same files.
        #[arg(long, value_name = "URL")]
        mirror: Option<String>,
        #[command(flatten)]
        folder: ModelsFolder,
    },
    /// Compare the files that are there with their checksums.
    Verify(ModelsFolder),
}

/// Where model files are.
#[derive(Debug, Args)]
pub struct ModelsFolder {
    /// Folder of model files.
    #[arg(long, env = "CALLWRIGHT_SPEECH_MODELS", default_value = "models", value_name = "DIR")]
    pub dir: PathBuf,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = start_logging(&cli.log) {
        return fail(&error);
    }
    // Several libraries speak TLS and none of them may choose the provider for the others. It fails when one was chosen
    // before, which nothing in this process does.
    drop(rustls::crypto::ring::default_provider().install_default());
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(Check { language: Some(language), packs, .. }) => {
            return Ok(check::list_language(language, &packs));
        }
        Command::Check(args) => return Ok(check::run(&args.file.config, &args.packs, args.json)),
        Command::Plan(args) => return plan::run(&args),
        Command::Converse(args) => return Ok(converse::run(&args)),
        Command::Selfplay(args) => return selfplay::run(&args),
        Command::Understand(args) => return understand::run(&args),
        Command::Replay(args) => return Ok(journal::replay(&args.file, args.pack.as_deref())),
        Command::Recording(Recording::List(place)) => return recordings::list(&place.file.config),
        Command::Recording(Recording::Export(args)) => {
            return recordings::export(&args.place.file.config, args.call, &args.output);
        }
        Command::Recording(Recording::Erase(args)) => {
            return recordings::erase(&args.place.file.config, &args.calls);
        }
        Command::Models(Models::List(folder)) => {
            models::print_list(&folder.dir);
            return Ok(ExitCode::SUCCESS);
        }
        Command::Models(Models::Fetch { names, mirror, folder }) => {
            models::fetch(&names, mirror, &folder.dir)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Models(Models::Verify(folder)) => return models::print_verify(&folder.dir),
        Command::Serve(_)
        | Command::Core(_)
        | Command::Demo(_)
        | Command::Call(_)
        | Command::Load(_)
        | Command::Chat(_)
        | Command::Journey(_)
        | Command::Import(_)
        | Command::Audit(_)
        | Command::Explain(_)
        | Command::Vcon(_)
        | Command::Capture(_)
        | Command::Trunk(_)
        | Command::Stats(_) => {}
        #[cfg(feature = "talk")]
        Command::Talk(_) => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(args) if args.demo => {
                serve::serve_demo(args.any_port, args.no_desk, args.fault).await?
            }
            Command::Serve(args) => serve::serve(&args.file.config).await?,
            Command::Core(args) => serve::core(&args.file.config).await?,
            Command::Demo(args) => return demo::run(args).await,
            Command::Call(args) => return load::call(args).await,
            Command::Load(args) if args.part.duplex.is_some() => return duplex::run(args).await,
            Command::Load(args) => return load::load(args).await,
            Command::Chat(args) => chat::run(args).await?,
            Command::Journey(Journey::Export(args)) => {
                journey::export(&args.whose.file.config, &args).await?
            }
            Command::Journey(Journey::Erase(args)) => journey::erase(&args.whose.file.config, &args).await?,
            Command::Import(args) => return import::run(args).await,
            Command::Audit(Audit::Verify(args)) => return Ok(audit::verify(&args.file.config, &args).await),
            Command::Audit(Audit::List(args)) => audit::list(&args.file.config, &args).await?,
            Command::Explain(args) => audit::explain(&args.file.config, &args).await?,
            Command::Capture(args) => capture::run(&args).await?,
            Command::Vcon(args) => vcon::run(&args).await?,
            Command::Trunk(Trunk::List(args)) => return trunk::list(&args.file.config, &args).await,
            Command::Trunk(Trunk::Test(args)) => return Ok(trunk::test(&args.file.config, &args).await),
            Command::Stats(args) => stats::run(&args.file.config, &args).await?,
            #[cfg(feature = "talk")]
            Command::Talk(args) => return talk::run(args).await,
            Command::Check(_)
            | Command::Plan(_)
            | Command::Converse(_)
            | Command::Selfplay(_)
            | Command::Understand(_)
            | Command::Replay(_)
            | Command::Recording(_)
            | Command::Models(_) => unreachable!("done without a runtime"),
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Logs go to stderr. Libraries that log callers' data at lower levels are held at errors whatever is asked for.
fn start_logging(filter: &str) -> anyhow::Result<()> {
    let filter = format!("{filter},{},{}", callwright_sip::LOG_FILTER, callwright_webrtc::LOG_FILTER);
    let filter = EnvFilter::try_new(&filter).map_err(|error| anyhow::anyhow!("--log: {error}"))?;
    // A log whose reader went is no reason to panic, which is what its own complaint about that would do.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
    Ok(())
}

fn fail(error: &anyhow::Error) -> ExitCode {
    notice!("callwright: {error:#}");
    ExitCode::FAILURE
}
