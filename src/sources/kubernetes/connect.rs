//! The way to the API server: credentials from a kubeconfig or from the pod.
//! Must not know what is read there. Reads no environment variable but those by
//! which Kubernetes tells a pod where its API server is.

use std::path::PathBuf;
use std::time::Duration;

use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};

use super::error::{ClusterError, kubeconfig_text};

/// An API server that does not take the connection by then is tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterAccess {
    /// The service account of the pod.
    InCluster,
    /// A kubeconfig file, and the context in it; `None` for its current one.
    Kubeconfig { path: PathBuf, context: Option<String> },
}

/// Makes the client. No request is sent yet. A rustls provider has to be
/// installed for the process.
///
/// # Errors
/// [`ClusterError::Config`] if the credentials cannot be read.
pub async fn connect(access: &ClusterAccess) -> Result<Client, ClusterError> {
    let mut config = match access {
        ClusterAccess::InCluster => Config::incluster().map_err(|error| {
            ClusterError::Config(format!(
                "{error}; outside a pod name a kubeconfig file, in a pod let its service account's token be mounted"
            ))
        })?,
        ClusterAccess::Kubeconfig { path, context } => from_file(path, context.clone()).await.map_err(|error| {
            ClusterError::Config(format!("kubeconfig {}: {}", path.display(), kubeconfig_text(&error)))
        })?,
    };
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    // Refusals to serve are waited out where the watch knows of them.
    config.default_retry = false;
    Client::try_from(config).map_err(|error| ClusterError::Config(format!("the credentials cannot be used: {error}")))
}

async fn from_file(path: &PathBuf, context: Option<String>) -> Result<Config, kube::config::KubeconfigError> {
    let file = Kubeconfig::read_from(path)?;
    Config::from_custom_kubeconfig(file, &KubeConfigOptions { context, ..KubeConfigOptions::default() }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_wrong_with_a_kubeconfig_is_said_with_its_path() {
        let access = |path: &str| ClusterAccess::Kubeconfig { path: path.into(), context: Some("prod".to_owned()) };
        let error = connect(&access("/nonexistent/config")).await.err().unwrap().to_string();
        assert!(error.contains("kubeconfig /nonexistent/config") && error.contains("No such file"), "{error}");

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        std::fs::write(&path, "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n").unwrap();
        let error = connect(&access(path.to_str().unwrap())).await.err().unwrap().to_string();
        assert!(error.contains("prod"), "{error}");
    }
}
