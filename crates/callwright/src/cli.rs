//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::{chat, check, demo, load, models, serve};

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
    /// Place many scripted calls and report what the callers' ears measured.
    Load(Load),
    /// Talk to the agent by typing: the same agent without sound.
    Chat(Chat),
    /// List every mistake in configuration, skills, policies and words, with file and line.
    Check(Check),
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
    /// Codec to offer: pcmu, pcma or opus.
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
    #[arg(long)]
    pub to: String,
    /// What the callers say and when.
    #[arg(long, value_name = "FILE")]
    pub scenario: PathBuf,
    /// How many calls in all.
    #[arg(long, default_value_t = 20)]
    pub calls: usize,
    /// How many at one time.
    #[arg(long, default_value_t = 5)]
    pub concurrent: usize,
    /// New calls per second at most.
    #[arg(long, default_value_t = 5.0)]
    pub rate: f64,
    /// Codec to offer: pcmu, pcma or opus.
    #[arg(long, default_value = "pcmu")]
    pub codec: String,
    /// Write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Keep the sound of every call.
    #[arg(long, value_name = "DIR")]
    pub wav: Option<PathBuf>,
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
    pub lang: Option<callwright_model::Language>,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    file: ConfigFile,
    /// Check these skill packs alone, without a configuration.
    #[arg(value_name = "PACK")]
    pub packs: Vec<PathBuf>,
    /// Print the mistakes as JSON.
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
        Command::Check(args) => return Ok(check::run(&args.file.config, &args.packs, args.json)),
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
        | Command::Chat(_) => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(args) if args.demo => serve::serve_demo().await?,
            Command::Serve(args) => serve::serve(&args.file.config).await?,
            Command::Core(args) => serve::core(&args.file.config).await?,
            Command::Demo(args) => return demo::run(args).await,
            Command::Call(args) => return load::call(args).await,
            Command::Load(args) => return load::load(args).await,
            Command::Chat(args) => chat::run(args).await?,
            Command::Check(_) | Command::Models(_) => unreachable!("done without a runtime"),
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Logs go to stderr. Libraries that log callers' data at lower levels are held at errors whatever is asked for.
fn start_logging(filter: &str) -> anyhow::Result<()> {
    let filter = format!("{filter},{}", callwright_sip::LOG_FILTER);
    let filter = EnvFilter::try_new(&filter).map_err(|error| anyhow::anyhow!("--log: {error}"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Ok(())
}

#[expect(clippy::print_stderr, reason = "a command's failure")]
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("callwright: {error:#}");
    ExitCode::FAILURE
}
