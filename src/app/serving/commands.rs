//! Commands of the HTTP server: what it is asked to change, through the one writer of
//! the store.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::state::AppState;
use crate::app::counting::pushes;
use crate::app::reviewing::times;
use crate::model::operations::record::{RecordKind, TimeOverride};
use crate::publish::answers::{
    Commands, CorrectionChange, CorrectionRefused, Delivery, DeliveryRefused, PushRefused, PushedCounts, Received,
    ReloadReport, TimeRefused, WithdrawalRefused,
};
use crate::sources::webhooks::statement_key;

pub struct AppCommands(pub Arc<AppState>);

impl Commands for AppCommands {
    fn receive(&self, webhook: String, delivery: Delivery) -> BoxFuture<'_, Result<Received, DeliveryRefused>> {
        let state = &self.0;
        state.intake.receive(&state.facts, webhook, delivery, state.kept()).boxed()
    }

    fn withdraw(&self, source: String, kind: RecordKind, id: String) -> BoxFuture<'_, Result<(), WithdrawalRefused>> {
        let (state, key) = (&self.0, statement_key(kind, &id));
        state.intake.withdraw(&state.facts, source, key, state.clock.now()).boxed()
    }

    fn push_counts(&self, slo: String, counts: Vec<PushedCounts>) -> BoxFuture<'_, Result<(), PushRefused>> {
        let state = &self.0;
        async move {
            let (catalog, bounds) = (state.catalog(), (state.clock.now(), state.retention));
            pushes::push(&state.facts, &state.renewed, &catalog.slos, &slo, &counts, bounds).await
        }
        .boxed()
    }

    fn set_time(&self, set: TimeOverride) -> BoxFuture<'_, Result<(), TimeRefused>> {
        let state = &self.0;
        async move {
            let is_known = state.board.snapshot().review.incident(&set.incident.to_string()).is_some();
            times::set(&state.facts, is_known, set).await?;
            let reviewed = Arc::clone(state);
            let renewed = tokio::task::spawn_blocking(move || reviewed.renew_review()).await;
            if let Err(error) = renewed.map_err(anyhow::Error::from).and_then(|renewed| Ok(renewed?)) {
                tracing::warn!(%error, "the pages show a time that was set only after the next review");
            }
            Ok(())
        }
        .boxed()
    }

    fn change_correction(&self, change: CorrectionChange) -> BoxFuture<'_, Result<String, CorrectionRefused>> {
        let state = &self.0;
        let (facts, now) = (&state.facts, state.clock.now());
        async move {
            match change {
                CorrectionChange::Declare(text) => {
                    state.corrections.declare(facts, &text, now).await.map(|correction| correction.name.clone())
                }
                CorrectionChange::Withdraw { name, author, reason } => {
                    state.corrections.withdraw(facts, &name, &author, &reason, now).await.map(|()| name)
                }
            }
        }
        .boxed()
    }

    fn reload(&self) -> BoxFuture<'_, Option<ReloadReport>> {
        self.0.reloads.reload().boxed()
    }
}
