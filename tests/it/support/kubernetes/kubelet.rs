//! Plays the nodes: makes pods ready, except those whose image is named
//! `broken`.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio::task::JoinHandle;

const ROUND: Duration = Duration::from_millis(200);

pub struct Kubelet(JoinHandle<()>);

impl Kubelet {
    pub fn start(client: Client) -> Kubelet {
        Kubelet(tokio::spawn(async move {
            loop {
                // The API server may be away in a test.
                let _ = round(&client).await;
                tokio::time::sleep(ROUND).await;
            }
        }))
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn round(client: &Client) -> kube::Result<()> {
    let pods: Api<Pod> = Api::all(client.clone());
    for pod in pods.list(&ListParams::default()).await? {
        let image = pod.spec.as_ref().and_then(|spec| spec.containers.first()?.image.clone());
        let is_ready = pod.status.as_ref().is_some_and(|s| s.phase.as_deref() == Some("Running"));
        if is_ready || image.is_some_and(|image| image.starts_with("broken")) {
            continue;
        }
        let now = k8s_openapi::jiff::Timestamp::now().to_string();
        let status = json!({"status": {"phase": "Running", "conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": now},
        ]}});
        let pods: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
        pods.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Merge(status)).await?;
    }
    Ok(())
}
