//! sipp as the callers: a scenario of `sip-configs/sipp`, at a rate.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;
use tempfile::TempDir;

use super::cores::AROUND;

/// Calls to make.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    /// In all.
    pub count: u32,
    /// New ones a second.
    pub rate: u32,
    /// How long each lasts once it is answered.
    pub length: Duration,
}

/// What came of them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Sipp {
    /// Asked for, a second.
    pub rate: u32,
    /// Calls that went as they should.
    pub successful: u64,
    /// Calls that did not.
    pub failed: u64,
    /// Messages that had to be sent again.
    pub retransmissions: u64,
    /// From INVITE to 200, the mean, in milliseconds.
    pub answer_ms: f64,
    /// How long all of it took.
    pub elapsed_s: f64,
}

/// Callers at work. Ended when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    folder: TempDir,
    calls: Calls,
    begun: Instant,
}

impl Calls {
    /// Makes them, and waits until the last has ended.
    ///
    /// # Errors
    /// When sipp does not run.
    pub fn make(self, gateway: &str) -> Result<Sipp> {
        self.begin(gateway)?.wait()
    }

    /// Begins to make them.
    ///
    /// # Errors
    /// When sipp does not run.
    pub fn begin(self, gateway: &str) -> Result<Running> {
        let folder = tempfile::tempdir()?;
        let basic = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip-configs/sipp/uac-basic.xml");
        let pause = format!("<pause milliseconds=\"{}\" />", self.length.as_millis());
        let scenario = fs::read_to_string(&basic)?.replace(PAUSE, &pause);
        anyhow::ensure!(scenario.contains(&pause), "{} has another pause", basic.display());
        fs::write(folder.path().join("calls.xml"), scenario)?;
        let child = Command::new("taskset")
            .args(["-c", &AROUND.to_string(), "sipp", gateway])
            .args(["-sf", "calls.xml", "-s", "airline", "-i", "127.0.0.1", "-nostdin"])
            .args(["-m", &self.count.to_string(), "-r", &self.rate.to_string(), "-l", "20000"])
            .args(["-trace_stat", "-stf", STATISTICS, "-fd", "1"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context(
                "sipp does not run: it is in the Debian package sip-tester, see scripts/setup --tests",
            )?;
        Ok(Running { child, folder, calls: self, begun: Instant::now() })
    }
}

impl Running {
    /// Waits until the last call has ended.
    ///
    /// # Errors
    /// When sipp does not say what came of them.
    pub fn wait(mut self) -> Result<Sipp> {
        // It says by its status whether a call failed, which its figures say too.
        let _status: ExitStatus = self.child.wait()?;
        let text = fs::read_to_string(self.folder.path().join(STATISTICS)).context("sipp told no figures")?;
        let (names, last) =
            text.lines().next().zip(text.lines().next_back()).context("sipp told no figures")?;
        let value = |name: &str| {
            let mut named = names.split(';').zip(last.split(';'));
            named
                .find(|(found, _)| *found == name)
                .map(|(_, value)| value)
                .with_context(|| format!("no {name}"))
        };
        Ok(Sipp {
            rate: self.calls.rate,
            successful: value("SuccessfulCall(C)")?.parse()?,
            failed: value("FailedCall(C)")?.parse()?,
            retransmissions: value("Retransmissions(C)")?.parse()?,
            answer_ms: milliseconds(value("ResponseTimeanswer(C)")?).context("a time is wanted")?,
            elapsed_s: self.begun.elapsed().as_secs_f64(),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Sipp {
    /// Whether every call went well and nothing had to be said twice.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.failed == 0 && self.retransmissions == 0
    }
}

/// `00:00:00:012345`: hours, minutes, seconds, and millionths of a second.
fn milliseconds(text: &str) -> Option<f64> {
    let mut parts = text.split(':').map(|part| part.parse::<f64>().ok());
    let mut next = || parts.next().flatten();
    let (hours, minutes, seconds, millionths) = (next()?, next()?, next()?, next()?);
    Some(((hours * 60.0 + minutes) * 60.0 + seconds) * 1e3 + millionths / 1e3)
}

/// As it stands in the scenario.
const PAUSE: &str = "<pause milliseconds=\"500\" />";
const STATISTICS: &str = "statistics.csv";
