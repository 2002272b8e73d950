//! Changes that are under way when their client leaves or the server stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evenkeel::model::operations::record::{RecordKind, TimeOverride};
use evenkeel::model::role::Role;
use evenkeel::publish::answers::{
    Commands, CorrectionChange, CorrectionRefused, Delivery, DeliveryRefused, PushRefused, PushedCounts, Queries,
    Received, ReloadReport, TimeRefused, WithdrawalRefused,
};
use evenkeel::publish::http::{Access, HttpSettings};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::sample::Sample;
use super::server::{Daemon, Server};

/// How long a reload takes once it may go on.
const WORK: Duration = Duration::from_millis(100);

/// A daemon whose reload waits until it is let go.
#[derive(Default)]
struct Slow {
    begun: Notify,
    go: Notify,
    is_done: AtomicBool,
    done: Notify,
}

impl Commands for Slow {
    fn receive(&self, _: String, _: Delivery) -> BoxFuture<'_, Result<Received, DeliveryRefused>> {
        panic!("only a reload is asked for")
    }

    fn withdraw(&self, _: String, _: RecordKind, _: String) -> BoxFuture<'_, Result<(), WithdrawalRefused>> {
        panic!("only a reload is asked for")
    }

    fn push_counts(&self, _: String, _: Vec<PushedCounts>) -> BoxFuture<'_, Result<(), PushRefused>> {
        panic!("only a reload is asked for")
    }

    fn set_time(&self, _: TimeOverride) -> BoxFuture<'_, Result<(), TimeRefused>> {
        panic!("only a reload is asked for")
    }

    fn change_correction(&self, _: CorrectionChange) -> BoxFuture<'_, Result<String, CorrectionRefused>> {
        panic!("only a reload is asked for")
    }

    fn reload(&self) -> BoxFuture<'_, Option<ReloadReport>> {
        async {
            self.begun.notify_one();
            self.go.notified().await;
            tokio::time::sleep(WORK).await;
            self.is_done.store(true, Ordering::SeqCst);
            self.done.notify_one();
            Some(ReloadReport::default())
        }
        .boxed()
    }
}

/// A server whose reload has begun, and whose client has left.
async fn left_alone() -> (Arc<Slow>, Server) {
    let slow = Arc::new(Slow::default());
    let daemon = Daemon { queries: Queries::of(&Arc::new(Sample::shop())), commands: Arc::<Slow>::clone(&slow) };
    let access = Access { anonymous: Some(Role::Admin), ..Access::default() };
    let server = Server::with(daemon, HttpSettings { access, ..HttpSettings::default() });
    let reload = server.client.post(server.url("/-/reload")).send();
    tokio::select! {
        answer = reload => panic!("it cannot be done yet: {answer:?}"),
        () = slow.begun.notified() => {}
    }
    (slow, server)
}

#[tokio::test]
async fn a_change_is_done_to_its_end_when_its_client_has_left() {
    let (slow, server) = left_alone().await;
    slow.go.notify_one();
    slow.done.notified().await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_waits_for_a_change_that_nobody_waits_for() {
    let (slow, server) = left_alone().await;
    slow.go.notify_one();
    server.stop().await.unwrap();
    assert!(slow.is_done.load(Ordering::SeqCst), "the store stays open until it is done");
}
