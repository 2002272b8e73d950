//! The HTTP server on a free port, and a client for it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use evenkeel::publish::answers::{Commands, Queries};
use evenkeel::publish::http::{HttpSettings, serve};
use reqwest::{Client, Response};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::sample::Sample;

/// What a server answers from.
pub struct Daemon {
    pub queries: Queries,
    pub commands: Arc<dyn Commands>,
}

impl From<Sample> for Daemon {
    fn from(sample: Sample) -> Daemon {
        let sample = Arc::new(sample);
        Daemon { queries: Queries::of(&sample), commands: sample }
    }
}

pub struct Server {
    pub address: SocketAddr,
    pub client: Client,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub fn start(answers: impl Into<Daemon>) -> Server {
        Server::with(answers, HttpSettings::default())
    }

    pub fn with(answers: impl Into<Daemon>, settings: HttpSettings) -> Server {
        let Daemon { queries, commands } = answers.into();
        // Fails when another test of this process was first; the provider is there then.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve(listener, queries, commands, settings, async {
            // A dropped sender stops the server, too.
            let _ = stopped.await;
        }));
        Server { address, client: Client::builder().no_proxy().build().unwrap(), stop, serving }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> serde_json::Value {
        self.get(path).await.json().await.unwrap()
    }

    pub async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    /// Stops the server and waits until it has let go of everything.
    pub async fn stop(self) -> std::io::Result<()> {
        let _ = self.stop.send(());
        self.serving.await.unwrap()
    }
}

/// The text of a golden file; with `UPDATE_GOLDEN=1` it is written
/// anew first, so that a change of the contract shows as a change of a file.
pub fn golden(name: &str, made: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// JSON as it stands in a golden file.
pub fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}
