//! A real control plane for tests: etcd, the API server and the controllers of
//! Deployments, on free loopback ports and in a folder of their own. There are
//! no nodes; `Kubelet` makes pods ready. Everything ends when it is dropped, and
//! when the test process dies.

#[path = "kubernetes/kubelet.rs"]
mod kubelet;
#[path = "kubernetes/proxy.rs"]
mod proxy;

use std::path::{Path, PathBuf};
use std::time::Duration;

use evenkeel::sources::kubernetes::{ClusterAccess, connect};
use kube::Client;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::server::{Server, binary, free_port};
pub use kubelet::Kubelet;
pub use proxy::Proxy;

/// The API server lets etcd forget old versions this often, so that a watch
/// that was off for twice as long finds its version gone.
const COMPACTION: Duration = Duration::from_secs(5);

/// How long one server may take to start on a busy machine.
const START_MAX: Duration = Duration::from_secs(120);

/// A token of the group `system:masters`.
const ADMIN: &str = "admin-token";
/// A token of a user without any role.
pub const STRANGER: &str = "stranger-token";

pub struct Cluster {
    // Dropped in this order: the servers before their folder.
    _manager: Option<Server>,
    api: Option<Server>,
    etcd: Server,
    port: u16,
    dir: TempDir,
}

impl Cluster {
    /// etcd and the API server, ready.
    pub async fn start() -> Cluster {
        // The first to come installs it for the whole test process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::Builder::new().prefix("evenkeel-kubernetes-").tempdir().unwrap();
        make_keys(dir.path());
        let etcd = start_etcd(dir.path());
        let mut cluster = Cluster { _manager: None, api: None, etcd, port: free_port(), dir };
        cluster.start_api().await;
        cluster
    }

    /// With the controllers of Deployments and ReplicaSets.
    pub async fn start_with_controllers() -> Cluster {
        let mut cluster = Cluster::start().await;
        let kubeconfig = cluster.kubeconfig(ADMIN, cluster.port);
        let mut arguments = flags(&[
            ("kubeconfig", &kubeconfig.display().to_string()),
            (
                "controllers",
                "deployment-controller,replicaset-controller,garbage-collector-controller,namespace-controller",
            ),
            ("leader-elect", "false"),
            ("use-service-account-credentials", "false"),
            ("secure-port", "0"),
        ]);
        arguments.push("--concurrent-deployment-syncs=2".to_owned());
        let log = cluster.path("controller-manager.log");
        cluster._manager = Some(Server::start(&binary("kube-controller-manager"), &arguments, &log));
        cluster
    }

    pub async fn start_api(&mut self) {
        let etcd = format!("http://127.0.0.1:{}", self.etcd.port());
        let path = |name: &str| self.path(name).display().to_string();
        let arguments = flags(&[
            ("etcd-servers", &etcd),
            ("cert-dir", &path("certificates")),
            ("bind-address", "127.0.0.1"),
            ("secure-port", &self.port.to_string()),
            ("service-account-key-file", &path("service-account.key")),
            ("service-account-signing-key-file", &path("service-account.key")),
            ("service-account-issuer", "https://kubernetes.default.svc"),
            ("service-cluster-ip-range", "10.0.0.0/24"),
            ("token-auth-file", &path("tokens.csv")),
            ("authorization-mode", "RBAC"),
            ("disable-admission-plugins", "ServiceAccount"),
            ("etcd-compaction-interval", &format!("{}s", COMPACTION.as_secs())),
            ("endpoint-reconciler-type", "none"),
            ("shutdown-delay-duration", "0s"),
        ]);
        self.api = Some(Server::start(&binary("kube-apiserver"), &arguments, &self.path("apiserver.log")));
        let ready = || async {
            let certificate = self.path("certificates/apiserver.crt");
            if !certificate.exists() {
                return Err("it has not written its certificate".to_owned());
            }
            get(&self.admin().await, "/readyz").await.map_err(|error| error.to_string())
        };
        wait_for("the API server", &self.path("apiserver.log"), ready).await;
    }

    /// As a crash: no stream is ended in good order.
    pub fn kill_api(&mut self) {
        self.api = None;
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub async fn admin(&self) -> Client {
        self.client(ADMIN, self.port).await
    }

    /// A client for the bearer of `token`, by the address at `port`.
    pub async fn client(&self, token: &str, port: u16) -> Client {
        let access = ClusterAccess::Kubeconfig { path: self.kubeconfig(token, port), context: None };
        connect(&access).await.unwrap()
    }

    fn kubeconfig(&self, token: &str, port: u16) -> PathBuf {
        let name: String = token.chars().filter(char::is_ascii_alphanumeric).rev().take(24).collect();
        let path = self.path(&format!("kubeconfig-{name}-{port}"));
        let certificate = self.path("certificates/apiserver.crt");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             clusters:\n- name: test\n  cluster:\n    server: https://127.0.0.1:{port}\n    \
             certificate-authority: {}\n\
             users:\n- name: test\n  user:\n    token: {token}\n\
             contexts:\n- name: test\n  context:\n    cluster: test\n    user: test\n",
            certificate.display()
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// The text at a path of the API server.
pub async fn get(client: &Client, path: &str) -> kube::Result<String> {
    client.request_text(axum::http::Request::get(path).body(Vec::new()).unwrap()).await
}

fn start_etcd(dir: &Path) -> Server {
    let (clients, peers) = (free_port(), free_port());
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let arguments = flags(&[
        ("name", "test"),
        ("data-dir", &dir.join("etcd").display().to_string()),
        ("listen-client-urls", &url(clients)),
        ("advertise-client-urls", &url(clients)),
        ("listen-peer-urls", &url(peers)),
        ("initial-advertise-peer-urls", &url(peers)),
        ("initial-cluster", &format!("test={}", url(peers))),
        ("log-level", "error"),
        ("unsafe-no-fsync", "true"),
    ]);
    Server::start(&binary("etcd"), &arguments, &dir.join("etcd.log")).at(clients)
}

fn make_keys(dir: &Path) {
    let key = dir.join("service-account.key");
    let made = std::process::Command::new("openssl").args(["genrsa", "-out"]).arg(&key).arg("2048").output();
    let made = made.expect("openssl, to make the key of the service accounts");
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    let tokens = format!("{ADMIN},admin,admin,system:masters\n{STRANGER},stranger,stranger\n");
    std::fs::write(dir.join("tokens.csv"), tokens).unwrap();
}

fn flags(pairs: &[(&str, &str)]) -> Vec<String> {
    pairs.iter().map(|(name, value)| format!("--{name}={value}")).collect()
}

async fn wait_for<T, F: Future<Output = Result<T, String>>>(what: &str, log: &Path, ready: impl Fn() -> F) {
    let deadline = Instant::now() + START_MAX;
    loop {
        match ready().await {
            Ok(_) => return,
            Err(why) if Instant::now() > deadline => {
                let log = std::fs::read_to_string(log).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(20).collect();
                let tail: String = tail.into_iter().rev().map(|line| format!("{line}\n")).collect();
                panic!("{what} is not ready after {} s: {why}\n{tail}", START_MAX.as_secs());
            }
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}
