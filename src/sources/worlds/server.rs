//! A Prometheus of one's own that holds a world: filled by `promtool`, started
//! on a free loopback port, ended with its handle. Must not know what is asked
//! of it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use url::Url;

use crate::model::time::{Millis, Period, Timestamp};
use crate::net::{Endpoint, Http, install_crypto_provider};
use crate::sources::worlds::world::World;

/// Blocks are made of this much time each, at its multiples: the third of the
/// lengths that Prometheus itself compacts to. `promtool` reads its input once
/// for every block, and holds a block in memory.
const BLOCK: Millis = Millis::from_hours(18);
/// How long the server may take to be ready on a busy machine.
const START_MAX: Duration = Duration::from_secs(120);
const START_PAUSE: Duration = Duration::from_millis(100);
/// What is asked of it may take long, for nobody waits: a month of raw samples
/// in one query is usual.
const QUERY_TIMEOUT: Millis = Millis::from_mins(15);
/// Two hundred megabytes of answer: a day of the widest world has a tenth.
const ANSWER_BYTES_MAX: usize = 200 * 1024 * 1024;
/// Lines of a server's log that are shown when it fails.
const LOG_LINES_SHOWN: usize = 5;

/// The programs of a Prometheus release.
#[derive(Clone, Debug)]
pub struct Tools {
    prometheus: PathBuf,
    promtool: PathBuf,
}

/// Why a world did not get into a Prometheus.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(
        "`{0}` not found; install a release of Prometheus (https://prometheus.io/download/), or name its program with --prometheus PATH"
    )]
    Missing(String),
    #[error("{what}: {error}")]
    Io { what: String, error: io::Error },
    #[error("promtool could not make blocks: {0}")]
    Promtool(String),
    #[error("Prometheus did not become ready: {0}")]
    NotReady(String),
}

impl Tools {
    /// `prometheus` where it is named, else in one of the folders; `promtool`
    /// beside it, else in one of the folders.
    pub fn find(named: Option<&Path>, folders: &[PathBuf]) -> Result<Tools, ServerError> {
        let look = |folders: &[PathBuf], name: &str| folders.iter().map(|f| f.join(name)).find(|path| path.is_file());
        let missing = |name: String| ServerError::Missing(name);
        let prometheus = match named {
            Some(path) if path.is_file() => path.to_owned(),
            Some(path) => return Err(missing(path.display().to_string())),
            None => look(folders, "prometheus").ok_or_else(|| missing("prometheus".to_owned()))?,
        };
        let neighbours: Vec<PathBuf> = prometheus.parent().map(Path::to_owned).into_iter().collect();
        let promtool = look(&neighbours, "promtool").or_else(|| look(folders, "promtool"));
        Ok(Tools { promtool: promtool.ok_or_else(|| missing("promtool".to_owned()))?, prometheus })
    }
}

/// A Prometheus that scrapes nothing and holds one world.
#[derive(Debug)]
pub struct Server {
    /// Killed when it is dropped.
    _process: Child,
    port: u16,
}

impl Server {
    /// Fills a directory, made if absent, with the blocks of a world and starts a
    /// Prometheus on it. `progress` is told how many blocks of how many are there.
    pub async fn start(
        tools: &Tools,
        world: &World,
        dir: &Path,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Server, ServerError> {
        let data = dir.join("data");
        fs::create_dir_all(&data).map_err(io_error("make a directory for the data"))?;
        let blocks = blocks(world.history);
        for (done, block) in blocks.iter().enumerate() {
            progress(done, blocks.len());
            write_block(tools, world, *block, dir, &data).await?;
        }
        progress(blocks.len(), blocks.len());
        run(tools, dir, &data).await
    }

    /// Where it is, with time and room for answers.
    pub fn endpoint(&self) -> Result<Endpoint, ServerError> {
        let url = format!("http://127.0.0.1:{}", self.port);
        let url = Url::parse(&url).map_err(|error| ServerError::NotReady(error.to_string()))?;
        Ok(Endpoint { timeout: QUERY_TIMEOUT, body_limit_bytes: ANSWER_BYTES_MAX, ..Endpoint::new(url) })
    }
}

fn io_error(what: &str) -> impl Fn(io::Error) -> ServerError {
    move |error| ServerError::Io { what: what.to_owned(), error }
}

fn blocks(history: Period) -> Vec<Period> {
    let first = history.start.millis().div_euclid(BLOCK.0);
    let last = history.end.millis().div_euclid(BLOCK.0);
    let start = |n: i64| Timestamp::from_millis(n * BLOCK.0);
    (first..=last).map(|n| Period::new(start(n), start(n + 1))).collect()
}

async fn write_block(tools: &Tools, world: &World, block: Period, dir: &Path, data: &Path) -> Result<(), ServerError> {
    let path = dir.join("samples.txt");
    let write = || -> io::Result<bool> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&path)?);
        let any = world.write_openmetrics(block, &mut out)?;
        out.flush()?;
        Ok(any)
    };
    let any = write().map_err(io_error("write samples"))?;
    if any {
        let output = Command::new(&tools.promtool)
            .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
            .arg(format!("--max-block-duration={}", BLOCK.compact()))
            .args([path.as_path(), data])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(io_error("run promtool"))?;
        if !output.status.success() {
            return Err(ServerError::Promtool(last_lines(&String::from_utf8_lossy(&output.stderr))));
        }
    }
    fs::remove_file(&path).map_err(io_error("remove samples"))
}

async fn run(tools: &Tools, dir: &Path, data: &Path) -> Result<Server, ServerError> {
    let config = dir.join("prometheus.yml");
    fs::write(&config, "# It scrapes nothing: all samples are there.\n").map_err(io_error("write a configuration"))?;
    let log_path = dir.join("prometheus.log");
    let log = File::create(&log_path).map_err(io_error("write a log"))?;
    let both = log.try_clone().map_err(io_error("write a log"))?;
    let port = free_port().map_err(io_error("find a free port"))?;
    let mut process = Command::new(&tools.prometheus)
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", data.display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        // Counted back from the newest sample, not from now.
        .arg("--storage.tsdb.retention.time=10y")
        .arg("--query.max-samples=1000000000")
        .arg(format!("--query.timeout={}", QUERY_TIMEOUT.compact()))
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(both)
        .kill_on_drop(true)
        .spawn()
        .map_err(io_error("start Prometheus"))?;
    let not_ready = || ServerError::NotReady(last_lines(&fs::read_to_string(&log_path).unwrap_or_default()));
    install_crypto_provider();
    let server = |process| Server { _process: process, port };
    let url = Url::parse(&format!("http://127.0.0.1:{port}")).map_err(|_| not_ready())?;
    let http = Http::new(&Endpoint::new(url)).map_err(|_| not_ready())?;
    let began = tokio::time::Instant::now();
    while began.elapsed() < START_MAX {
        if process.try_wait().map_err(io_error("watch Prometheus"))?.is_some() {
            return Err(not_ready());
        }
        if http.get_any(&["-", "ready"], &[]).await.is_ok() {
            return Ok(server(process));
        }
        tokio::time::sleep(START_PAUSE).await;
    }
    Err(not_ready())
}

/// A port that is free now. If another process takes it before the server does,
/// the server ends and says so.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().rev().take(LOG_LINES_SHOWN).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_lie_at_multiples_of_their_length_and_cover_the_history() {
        let at = |hours: i64| Timestamp::from_millis(hours * 3_600_000);
        let made = blocks(Period::new(at(17), at(54)));
        assert_eq!(made.iter().map(|b| b.start).collect::<Vec<_>>(), [at(0), at(18), at(36), at(54)]);
        assert!(made.iter().all(|b| b.length() == BLOCK));
    }

    #[test]
    fn programs_are_found_beside_each_other_or_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let folders = [PathBuf::from("/nowhere"), dir.path().to_owned()];
        let error = Tools::find(None, &folders).unwrap_err().to_string();
        assert!(error.contains("`prometheus`") && error.contains("--prometheus"), "{error}");
        fs::write(dir.path().join("prometheus"), "").unwrap();
        assert!(Tools::find(None, &folders).unwrap_err().to_string().contains("`promtool`"));
        fs::write(dir.path().join("promtool"), "").unwrap();
        assert_eq!(Tools::find(None, &folders).unwrap().promtool, dir.path().join("promtool"));
        let named = dir.path().join("prometheus");
        assert_eq!(Tools::find(Some(&named), &[]).unwrap().prometheus, named);
        assert!(Tools::find(Some(Path::new("/nowhere/p")), &folders).unwrap_err().to_string().contains("/nowhere/p"));
    }
}
