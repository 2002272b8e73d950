//! Requests for a reload, and how they are answered.

use tokio::sync::{mpsc, oneshot};

use crate::publish::answers::ReloadReport;

/// Requests that wait at most; one more waits until there is room.
const WAITING_MAX: usize = 64;

/// Asks for reloads.
#[derive(Clone)]
pub struct ReloadRequests(mpsc::Sender<oneshot::Sender<ReloadReport>>);

impl ReloadRequests {
    /// Reloads and says what came of it; `None` while the daemon stops.
    pub async fn reload(&self) -> Option<ReloadReport> {
        let (reply, report) = oneshot::channel();
        self.0.send(reply).await.ok()?;
        report.await.ok()
    }
}

pub type ReloadReceiver = mpsc::Receiver<oneshot::Sender<ReloadReport>>;

pub fn reload_requests() -> (ReloadRequests, ReloadReceiver) {
    let (send, receive) = mpsc::channel(WAITING_MAX);
    (ReloadRequests(send), receive)
}
