//! What befalls the journal, and cores that share one: many plans are brought to where they are struck, and then their core sleeps, or
//! dies and others stand in, or the database dies, or the disk is full.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use callwright_model::PlanId;
use callwright_scratch_postgres::{Durability, Server};
use callwright_wire::actions::ClientError;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::process::{Core, Kept, Setup};
use super::story::{Case, Ending, Place, Story, judge};
use super::system::{Kind, System};
use super::table::{Report, StoreRow};
use super::wave::{PATIENCE, bind, call, ending, listen, of, until_held, yes};

/// What befalls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoreBlow {
    CoreKilled,
    CoreAsleep,
    CoresAtOnce,
    DatabaseKilled,
    DiskFull,
    FileLimited,
}

impl StoreBlow {
    const ALL: [Self; 6] = [
        Self::CoreKilled,
        Self::CoreAsleep,
        Self::CoresAtOnce,
        Self::DatabaseKilled,
        Self::DiskFull,
        Self::FileLimited,
    ];

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::CoreKilled => "a core is killed, another stands in",
            Self::CoreAsleep => "a core sleeps, another stands in, it wakes",
            Self::CoresAtOnce => "a core is killed, two others start at once",
            Self::DatabaseKilled => "Postgres is killed and comes back",
            Self::DiskFull => "the disk of the file is full for a while",
            Self::FileLimited => "the file may not grow for a while",
        }
    }
}

/// Tries each of them with so many plans, in a folder of its own.
///
/// # Errors
/// When something cannot be tried: a process does not start, a plan cannot be bound.
pub async fn try_stores(plans: usize, folder: &Path, report: &mut Report) -> Result<()> {
    let systems: Vec<System> =
        Kind::ALL.into_iter().map(|kind| System::start(kind, folder)).collect::<Result<_>>()?;
    for story in Story::ALL {
        // One more each time: whoever is refused while the disk is full.
        let customers = (plans + 1) * StoreBlow::ALL.len();
        story.seed(&mut of(&systems, story)?.database()?, customers)?;
    }
    let mut server = Server::start(Durability::None)?;
    for (number, blow) in StoreBlow::ALL.into_iter().enumerate() {
        let folder = folder.join(format!("store{number}"));
        std::fs::create_dir_all(&folder)?;
        let trial = Trial { folder, systems: &systems, first: number * (plans + 1), plans };
        let row = trial.befall(blow, &mut server).await.with_context(|| blow.words())?;
        report.stores.insert(blow, row);
    }
    Ok(())
}

/// One of them being tried.
struct Trial<'s> {
    folder: PathBuf,
    systems: &'s [System],
    /// Its first customer.
    first: usize,
    plans: usize,
}

/// A plan of it.
struct Subject {
    case: Case,
    customer: usize,
    plan: PlanId,
}

impl Trial<'_> {
    async fn befall(&self, blow: StoreBlow, server: &mut Server) -> Result<StoreRow> {
        match blow {
            StoreBlow::DiskFull => self.full_disk(Disk::small(&self.folder.join("disk"))?).await,
            StoreBlow::FileLimited => self.full_disk(Disk::limited(&self.folder.join("disk"))?).await,
            StoreBlow::DatabaseKilled => {
                let setup = self.setup(server.create("killed")?)?;
                let core = setup.start().await?;
                let (subjects, _listeners) = self.struck(&core).await?;
                server.crash()?;
                self.release(subjects.iter().step_by(2)).await?;
                server.revive()?;
                self.judged(&setup, &[&core], &subjects).await
            }
            StoreBlow::CoreKilled => {
                let setup = self.setup(server.create("left")?)?;
                let (mut core, other) = (setup.start().await?, setup.start().await?);
                let (subjects, _listeners) = self.struck(&core).await?;
                core.kill()?;
                self.judged(&setup, &[&other], &subjects).await
            }
            StoreBlow::CoreAsleep => {
                let setup = self.setup(server.create("asleep")?)?;
                let (core, other) = (setup.start().await?, setup.start().await?);
                let (subjects, listeners) = self.struck(&core).await?;
                signal(&core, "-STOP")?;
                let endings = endings(&[&other], &subjects).await;
                self.release(subjects.iter()).await?;
                signal(&core, "-CONT")?;
                // It has let go of a plan when whoever listens there hears no more: what it would still do is done by then.
                tokio::time::timeout(PATIENCE, listeners.join_all()).await.context("it does not let go")?;
                self.found(&setup, &endings, &subjects).await
            }
            StoreBlow::CoresAtOnce => {
                let setup = self.setup(server.create("fought_for")?)?;
                let mut core = setup.start().await?;
                let (subjects, _listeners) = self.struck(&core).await?;
                core.kill()?;
                let (one, two) = tokio::try_join!(setup.start(), setup.start())?;
                self.judged(&setup, &[&one, &two], &subjects).await
            }
        }
    }

    fn setup(&self, address: String) -> Result<Setup> {
        Setup::on(&self.folder, self.systems, Kept::Postgres(address))
    }

    /// Plans of both stories, in the middle of whatever they do.
    async fn struck(&self, core: &Core) -> Result<(Vec<Subject>, JoinSet<()>)> {
        let cases = Case::all();
        // Far apart: few plans come to both stories, and forty to every place.
        let cases = (0..self.plans).map(|index| cases[(index * 7) % cases.len()]);
        let mut subjects = Vec::new();
        for (index, case) in cases.enumerate() {
            let (customer, system) = (self.first + index, of(self.systems, case.story)?);
            let plan = bind(&core.client, case, customer).await?;
            if let Some(method) = case.refused() {
                system.fail(&plan, method, "refuse").await?;
            }
            match case.place {
                Place::Asked(method) => system.fail(&plan, method, "hold_request").await?,
                Place::Done(method) => system.fail(&plan, method, "hold_reply").await?,
                Place::Heard(_) => {}
            }
            subjects.push(Subject { case, customer, plan });
        }
        let (tell, _) = mpsc::unbounded_channel();
        let mut listeners = JoinSet::new();
        for (index, subject) in subjects.iter().enumerate() {
            let of_plan = (subject.plan.clone(), call(subject.customer));
            listeners.spawn(listen(core.client.clone(), of_plan.0, of_plan.1, index, tell.clone()));
        }
        let is_held = |subject: &&Subject| !matches!(subject.case.place, Place::Heard(_));
        let held = subjects.iter().filter(is_held).map(|subject| (subject.case, &subject.plan));
        until_held(self.systems, held).await?;
        Ok((subjects, listeners))
    }

    async fn release(&self, subjects: impl Iterator<Item = &Subject>) -> Result<()> {
        for subject in subjects {
            of(self.systems, subject.case.story)?.release(&subject.plan).await?;
        }
        Ok(())
    }

    /// Follows each plan to its end, and looks into the systems' databases.
    async fn judged(&self, setup: &Setup, cores: &[&Core], subjects: &[Subject]) -> Result<StoreRow> {
        let endings = endings(cores, subjects).await;
        // What is still held arrives now, long after it was asked for again.
        self.release(subjects.iter()).await?;
        self.found(setup, &endings, subjects).await
    }

    async fn found(
        &self,
        setup: &Setup,
        endings: &BTreeMap<usize, Ending>,
        subjects: &[Subject],
    ) -> Result<StoreRow> {
        for system in self.systems {
            system.until_none_is_held().await?;
        }
        let mut row = StoreRow { journal_is_whole: setup.audited()?, ..StoreRow::default() };
        for (index, Subject { case, customer, .. }) in subjects.iter().enumerate() {
            let ending = endings.get(&index).copied().unwrap_or(Ending::Unended);
            let found = case.story.found(&of(self.systems, case.story)?.database()?, *customer)?;
            row.row.count(ending, judge(ending, &found));
        }
        Ok(row)
    }

    /// While the disk is full nobody new is served, and says so; plans in flight wait for room.
    async fn full_disk(&self, disk: Disk) -> Result<StoreRow> {
        let setup = Setup::on(&self.folder, self.systems, Kept::File(disk.folder.join("journal.sqlite")))?;
        let core = setup.start().await?;
        let (mut subjects, _listeners) = self.struck(&core).await?;
        let (case, customer) = (Case::all()[0], self.first + self.plans);
        let late = bind(&core.client, case, customer).await?;
        disk.fill(&core)?;
        self.release(subjects.iter()).await?;
        match core.client.execute(&late, yes(call(customer))).await.map(drop) {
            Err(ClientError::Unavailable(why)) => ensure!(why.contains("disk is full"), "it says `{why}`"),
            other => anyhow::bail!("a full disk refuses nobody: {other:?}"),
        }
        subjects.push(Subject { case, customer, plan: late });
        disk.free(&core)?;
        self.judged(&setup, &[&core], &subjects).await
    }
}

/// Follows each plan to its end, at one core or the other.
async fn endings(cores: &[&Core], subjects: &[Subject]) -> BTreeMap<usize, Ending> {
    let mut endings = JoinSet::new();
    for (index, subject) in subjects.iter().enumerate() {
        let client = cores[index % cores.len()].client.clone();
        let (plan, call) = (subject.plan.clone(), call(subject.customer));
        endings.spawn(async move { (index, ending(client, plan, call).await) });
    }
    endings.join_all().await.into_iter().collect()
}

fn signal(core: &Core, name: &str) -> Result<()> {
    let sent = Command::new("sh").args(["-c", &format!("kill {name} {}", core.id())]).status()?;
    ensure!(sent.success(), "{name} cannot be sent");
    Ok(())
}

/// A disk that can be full.
struct Disk {
    folder: PathBuf,
    mounted: bool,
}

impl Disk {
    /// A folder in which the core's files may not grow.
    fn limited(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), mounted: false })
    }

    /// A small one in memory where mounting is allowed; else the same.
    fn small(folder: &Path) -> Result<Self> {
        let mut disk = Self::limited(folder)?;
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"])
            .arg(folder)
            .stderr(Stdio::null())
            .status();
        disk.mounted = mount.is_ok_and(|status| status.success());
        Ok(disk)
    }

    fn fill(&self, core: &Core) -> Result<()> {
        if !self.mounted {
            return limit(core, "0");
        }
        let page = [0; 4096];
        let mut ballast = std::fs::File::create(self.ballast())?;
        while std::io::Write::write_all(&mut ballast, &page).is_ok() {}
        Ok(())
    }

    fn free(&self, core: &Core) -> Result<()> {
        if !self.mounted {
            return limit(core, "unlimited");
        }
        std::fs::remove_file(self.ballast())?;
        Ok(())
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            // Its core may hold it a moment longer; the kernel lets go of it then.
            drop(Command::new("umount").arg("-l").arg(&self.folder).status());
        }
    }
}

/// How large a file of the core may become.
fn limit(core: &Core, size: &str) -> Result<()> {
    let set = Command::new("prlimit").args(["--pid", &core.id(), &format!("--fsize={size}:")]).status()?;
    ensure!(set.success(), "prlimit does not set the size of files");
    Ok(())
}
