//! The server and the shell that looks after it.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The disk, as in production.
    Disk,
    /// Nothing: killing the server loses nothing, losing power would.
    None,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    shell: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// Starts one in a folder for temporary files.
    ///
    /// # Errors
    /// When there is no Postgres, or it does not start.
    pub fn start(durability: Durability) -> io::Result<Self> {
        Self::start_in(&std::env::temp_dir(), durability)
    }

    /// Starts one in a folder of its own in this one, whose path must be short: there is a socket in it.
    ///
    /// # Errors
    /// When there is no Postgres, or it does not start.
    pub fn start_in(folder: &Path, durability: Durability) -> io::Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in(folder)?.keep();
        let mut shell = Command::new("sh");
        shell.args(["-c", SHELL, "sh"]).arg(&folder).arg(programs).arg(match durability {
            Durability::Disk => "on",
            Durability::None => "off",
        });
        if let Some((user, group)) = other_user()? {
            std::os::unix::fs::chown(&folder, Some(user), Some(group))?;
            shell.uid(user).gid(group);
        }
        // A key pressed at the terminal is for the tests; the server goes when they are gone.
        shell.current_dir(&folder).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn()?;
        let (orders, answers) = (shell.stdin.take(), shell.stdout.take());
        let answers = BufReader::new(answers.ok_or_else(|| io::Error::other("it is piped"))?);
        let mut server = Self { folder, shell, orders, answers };
        server.answered()?;
        Ok(server)
    }

    /// Makes a database and tells its address.
    ///
    /// # Errors
    /// When there is one of that name.
    pub fn create(&mut self, name: &str) -> io::Result<String> {
        self.order(&format!("create {name}"))?;
        let folder = self.folder.display().to_string().replace('/', "%2F");
        Ok(format!("postgres://callwright@{folder}/{name}"))
    }

    /// Stops it as a crash does: connections break, nothing is said, and the next start recovers.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn crash(&mut self) -> io::Result<()> {
        self.order("crash")
    }

    /// Starts it again after a crash, where it was.
    ///
    /// # Errors
    /// When it does not start.
    pub fn revive(&mut self) -> io::Result<()> {
        self.order("run")
    }

    fn order(&mut self, what: &str) -> io::Result<()> {
        let orders = self.orders.as_mut().ok_or_else(|| io::Error::other("it was stopped"))?;
        writeln!(orders, "{what}")?;
        self.answered()
    }

    fn answered(&mut self) -> io::Result<()> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        match line.trim_end() {
            "done" => Ok(()),
            "" => Err(io::Error::other("the Postgres server is gone")),
            failed => Err(io::Error::other(format!("the Postgres server: {failed}"))),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is the order to stop and to remove the folder.
        drop(self.orders.take());
        drop(self.shell.wait());
        // Where the folder around it is not the server's, the shell could only empty it.
        drop(std::fs::remove_dir(&self.folder));
    }
}

/// The folder of Postgres's programs, of the newest version.
fn programs() -> io::Result<PathBuf> {
    let version = |folder: &PathBuf| {
        let name = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        name.and_then(|name| name.parse::<u32>().ok())
    };
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian
        .map(|entry| entry.path().join("bin"))
        .chain(std::env::split_paths(&path))
        .filter(|folder| folder.join("initdb").is_file())
        .max_by_key(version)
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                "there is no Postgres here: `scripts/setup --tests` installs it",
            )
        })
}

/// The user and group to run as, when this process is root.
fn other_user() -> io::Result<Option<(u32, u32)>> {
    if number("-u", None)? != 0 {
        return Ok(None);
    }
    Ok(Some((number("-u", Some("postgres"))?, number("-g", Some("postgres"))?)))
}

fn number(which: &str, user: Option<&str>) -> io::Result<u32> {
    let output = Command::new("id").arg(which).args(user).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .map_err(|_| io::Error::other(format!("there is no user `{}`", user.unwrap_or("of ours"))))
}

/// What the shell does. It answers each order with `done`, or with why not.
const SHELL: &str = r#"
folder=$1 bin=$2 fsync=$3
failed() { echo "$1: $(tail -n 3 "$folder/log" | tr '\n' ' ')"; }
run() {
  "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync="$fsync" >>"$folder/log" 2>&1 &
  server=$!
  until "$bin/pg_isready" -q -h "$folder" -d postgres -U callwright; do
    kill -0 $server 2>/dev/null || return 1
    sleep 0.05
  done
}
if "$bin/initdb" -D "$folder/data" -U callwright -A trust -E UTF8 --no-locale --no-sync >"$folder/log" 2>&1 && run; then
  echo done
else
  failed start
fi
while read -r order name; do
  case $order in
    create) "$bin/createdb" -h "$folder" -U callwright "$name" >>"$folder/log" 2>&1 ;;
    crash) kill -QUIT $server; wait $server 2>/dev/null; true ;;
    run) run ;;
  esac && echo done || failed "$order"
done
kill -QUIT $server 2>/dev/null
wait $server 2>/dev/null
rm -rf "$folder" 2>/dev/null
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_a_server_that_was_let_go_of() {
        let mut server = Server::start(Durability::None).expect("starts");
        let address = server.create("one").expect("is made");
        assert!(address.ends_with("/one"), "{address}");
        let again = server.create("one").expect_err("there is one");
        assert!(again.to_string().contains("already exists"), "{again}");
        server.crash().expect("is stopped");
        server.create("two").expect_err("nobody is there");
        server.revive().expect("starts again");
        server.create("two").expect("is made");
        let folder = server.folder.clone();
        assert!(folder.is_dir());
        drop(server);
        assert!(!folder.exists(), "{}", folder.display());
    }
}
