//! A pack whose actions are pinned to what tools or methods said of themselves, beside what they say by now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use callwright_plan_core::{Pinned, Standing, ToolSpec, accept, pinned, tool_file};

/// A pack that was imported, or will be.
pub(super) struct Kept<'k> {
    /// Its folder.
    pub(super) out: &'k Path,
    /// The connector whose actions are meant.
    pub(super) connector: &'k str,
    /// They are methods of gRPC, not tools of MCP.
    pub(super) grpc: bool,
}

impl Kept<'_> {
    /// The file of its actions.
    pub(super) fn actions(&self) -> PathBuf {
        self.out.join("actions.yaml")
    }

    /// The file in the pack that holds what was hashed.
    pub(super) fn spec(&self, action: &str) -> String {
        format!("{}s/{action}.json", self.noun())
    }

    fn noun(&self) -> &'static str {
        if self.grpc { "method" } else { "tool" }
    }

    /// Tells how what the pack is pinned to stands, and moves the pins of what has changed when told to.
    pub(super) fn compare(&self, live: &[ToolSpec], accepting: bool) -> Result<ExitCode> {
        let (file, noun) = (self.actions(), self.noun());
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let found =
            pinned(&file.display().to_string(), &text).map_err(|problem| anyhow::anyhow!("{problem}"))?;
        let is_ours = |action: &Pinned| action.connector == self.connector && action.grpc == self.grpc;
        let ours: Vec<Pinned> = found.into_iter().filter(is_ours).collect();
        if ours.is_empty() {
            bail!(
                "{} has no action of a {noun} over the connector `{}`; name another with --name",
                file.display(),
                self.connector
            );
        }
        let (mut changed, mut gone) = (0, 0);
        for action in &ours {
            match (action.standing(live), live.iter().find(|spec| spec.name == action.tool)) {
                (Standing::Same, _) => answer!("{}: as it was accepted", action.action),
                (Standing::Changed { misfits, .. }, Some(live)) => {
                    changed += 1;
                    self.tell(action, live, &misfits, accepting)?;
                }
                (Standing::Gone | Standing::Changed { .. }, _) => {
                    gone += 1;
                    answer!("{}: the server has no {noun} `{}` any more", action.action, action.tool);
                }
            }
        }
        let known: BTreeSet<&str> = ours.iter().map(|action| action.tool.as_str()).collect();
        for spec in live.iter().filter(|spec| !known.contains(spec.name.as_str())) {
            answer!("not in the pack: {}", spec.name);
        }
        if changed > 0 && accepting {
            write_over(&file, accept(&text, &ours, live).as_bytes())?;
            answer!("accepted: {changed}");
        } else if changed > 0 {
            answer!(
                "{changed} changed and not called until somebody has looked at them: the same command with --accept"
            );
        }
        let well = gone == 0 && (changed == 0 || accepting);
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// What has changed of one.
    fn tell(&self, action: &Pinned, live: &ToolSpec, misfits: &[String], accepting: bool) -> Result<()> {
        let spec = self.out.join(self.spec(&action.action));
        answer!("{}: changed", action.action);
        let accepted = std::fs::read_to_string(&spec).unwrap_or_default();
        differences(&accepted, &tool_file(live));
        for misfit in misfits {
            answer!("  {misfit}: change `inputs` in {}", self.actions().display());
        }
        if accepting {
            write_over(&spec, tool_file(live).as_bytes())?;
        }
        Ok(())
    }
}

/// The lines that came and went, between the first and the last that differ. Both texts are written by the same hand, so that nothing else
/// does.
fn differences(before: &str, after: &str) {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let (before, after) = (&before[same..], &after[same..]);
    let same = before.iter().rev().zip(after.iter().rev()).take_while(|(one, other)| one == other).count();
    let (before, after) = (&before[..before.len() - same], &after[..after.len() - same]);
    // Lines that only changed places are all there is to show.
    let moved =
        before.iter().all(|line| after.contains(line)) && after.iter().all(|line| before.contains(line));
    for line in before.iter().filter(|line| moved || !after.contains(line)) {
        answer!("  - {}", line.trim());
    }
    for line in after.iter().filter(|line| moved || !before.contains(line)) {
        answer!("  + {}", line.trim());
    }
}

/// Puts a file in the place of another in one step, so that a reader sees one or the other.
pub(super) fn write_over(file: &Path, bytes: &[u8]) -> Result<()> {
    let aside = file.with_extension("new");
    let wrote = std::fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))
        .and_then(|()| std::fs::write(&aside, bytes))
        .and_then(|()| std::fs::rename(&aside, file));
    wrote.with_context(|| format!("{} cannot be written", file.display()))
}
