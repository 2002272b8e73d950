//! The alert rules that the sources have loaded, into the store: what could
//! have fired, whether or not it did.

use std::sync::Arc;

use crate::app::catalog::slis::Source;
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::model::operations::rule::LoadedRule;
use crate::store::Batch;

/// Rules of one source that are kept; more than anyone writes by hand, and the
/// next look would bring as many again.
const RULES_MAX: usize = 20_000;

/// Asks every source for its rules.
pub struct Inventory {
    pub daemon: Arc<AppState>,
    pub sources: Vec<Arc<Source>>,
}

impl Round for Inventory {
    async fn round(&mut self) -> anyhow::Result<()> {
        let now = self.daemon.clock.now();
        let mut failed = None;
        let mut batch = Batch { recorded_at: now, ..Batch::default() };
        for source in &self.sources {
            match source.samples.rules().await {
                Ok(rules) => {
                    batch.alert_rules.extend(
                        rules.unwrap_or_default().into_iter().take(RULES_MAX).map(|rule| LoadedRule {
                            source: source.name.clone(),
                            rule,
                            first_seen: now,
                            last_seen: now,
                        }),
                    );
                }
                Err(error) => failed = Some(error),
            }
        }
        self.daemon.facts.write(batch).await?;
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}
