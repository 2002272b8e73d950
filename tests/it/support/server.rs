//! One server process that ends with its handle and with the test process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Kills the server when the standard input closes, which it does also if the
/// test process is killed.
const KEEPER: &str = r#"log=$1; shift; "$@" >>"$log" 2>&1 & server=$!; read -r _; kill -9 $server; wait $server"#;

pub struct Server {
    keeper: Child,
    #[cfg(feature = "kubernetes")]
    port: u16,
}

impl Server {
    pub fn start(binary: &Path, arguments: &[String], log: &Path) -> Server {
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(log).arg(binary).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Server {
            keeper: command.spawn().unwrap(),
            #[cfg(feature = "kubernetes")]
            port: 0,
        }
    }

    /// The port that its arguments name.
    #[cfg(feature = "kubernetes")]
    pub fn at(mut self, port: u16) -> Server {
        self.port = port;
        self
    }

    #[cfg(feature = "kubernetes")]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A binary of the test servers.
pub fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("EVENKEEL_TEST_SERVERS").map(PathBuf::from).unwrap_or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"));
        cache.join("evenkeel/test-servers")
    });
    let path = folder.join("bin").join(name);
    assert!(path.is_file(), "there is no {}: run tests/servers/build", path.display());
    path
}

/// A port that is free now. Another process may take it before the server does,
/// which then does not become ready.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
