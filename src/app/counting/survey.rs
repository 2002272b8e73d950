//! Looks regularly whether the series of every SLO are there. What is wrong is a
//! finding that says what is there instead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt;

use crate::app::catalog::slis::{Source, source_of};
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::model::ids::SliId;
use crate::model::slo::Slo;
use crate::model::slo::sli_problem::SliProblem;
use crate::model::time::{Millis, Timestamp};
use crate::net::HttpError;
use crate::sources::prometheus::samples::SampleSource;
use crate::sources::prometheus::survey::Survey;

/// SLIs of one round: a thousand are looked at within a quarter of an hour, and a
/// source has a question or two of it at a time.
const PER_ROUND: usize = 40;
const AT_ONCE: usize = 2;
/// What was sound is looked at again after this long, and what was not after that.
const SOUND_FOR: Millis = Millis::from_hours(1);
const UNSOUND_FOR: Millis = Millis::from_mins(2);

/// The loop that surveys.
pub struct SeriesSurvey {
    daemon: Arc<AppState>,
    sources: Vec<Arc<Source>>,
    /// When each SLI was last surveyed, and whether it was sound.
    last: BTreeMap<SliId, (Timestamp, bool)>,
}

impl SeriesSurvey {
    pub fn new(daemon: Arc<AppState>, sources: Vec<Arc<Source>>) -> SeriesSurvey {
        SeriesSurvey { daemon, sources, last: BTreeMap::new() }
    }

    fn is_due(&self, id: SliId, now: Timestamp) -> bool {
        self.last.get(&id).is_none_or(|(at, sound)| now - *at >= if *sound { SOUND_FOR } else { UNSOUND_FOR })
    }

    /// SLIs to look at now, each with an SLO that has it, the oldest survey first.
    fn due(&self, slos: &[Arc<Slo>], now: Timestamp) -> Vec<(SliId, Arc<Slo>)> {
        let all: BTreeMap<SliId, &Arc<Slo>> =
            slos.iter().filter(|slo| slo.indicator.is_read()).map(|slo| (slo.indicator_id(), slo)).collect();
        let mut due: Vec<_> = all.into_iter().filter(|(id, _)| self.is_due(*id, now)).collect();
        due.sort_by_key(|(id, _)| self.last.get(id).map(|(at, _)| *at));
        due.into_iter().take(PER_ROUND).map(|(id, slo)| (id, Arc::clone(slo))).collect()
    }
}

impl Round for SeriesSurvey {
    async fn round(&mut self) -> anyhow::Result<()> {
        let now = self.daemon.clock.now();
        let slos = self.daemon.catalog().slos.clone();
        let due = self.due(&slos, now);
        let mut asked = Vec::new();
        for (id, slo) in due {
            let Some(source) = source_of(&slo, &self.sources).map(Arc::clone) else { continue };
            asked.push(async move {
                let SampleSource::Prometheus(client) = &source.samples else { return (id, Ok(Vec::new())) };
                (id, Survey::new(client, now, source.ingest_delay).sli(&slo.indicator).await)
            });
        }
        let answers: Vec<(SliId, Result<Vec<SliProblem>, HttpError>)> =
            futures_util::stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        for (id, answer) in answers {
            let problems = match answer {
                Ok(problems) => problems,
                Err(error) if error.asks_too_much() => vec![SliProblem::TooLarge { reason: error.to_string() }],
                // A source that is down is reported by those who read it.
                Err(_) => continue,
            };
            self.last.insert(id, (now, problems.is_empty()));
            self.daemon.surveyed.set(id, problems);
        }
        let ids: BTreeSet<SliId> = slos.iter().map(|slo| slo.indicator_id()).collect();
        self.last.retain(|id, _| ids.contains(id));
        self.daemon.surveyed.retain(&ids);
        let findings = slos.iter().flat_map(|slo| {
            let problems = self.daemon.surveyed.problems(slo.indicator_id());
            problems.into_iter().map(|problem| Finding::new(slo.name.clone(), FindingKind::Sli(problem)))
        });
        self.daemon.board.note_findings("series", findings.collect());
        Ok(())
    }
}
