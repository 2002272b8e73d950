//! Alerts into the store: the samples of `ALERTS` and `ALERTS_FOR_STATE` of
//! every source, as time goes on and from history, and what Alertmanager holds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::future::join_all;

use crate::app::alerting::feed_id::feed_id;
use crate::app::alerting::silent_receivers;
use crate::app::catalog::slis::Source;
use crate::app::runtime::tasks::Round;
use crate::app::serving::state::AppState;
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::ingest::alerts::{AlertmanagerEntry, HeardUntil, REREAD, from_alertmanager, merge, spans};
use crate::ingest::raw::RawSeries;
use crate::model::ids::SliId;
use crate::model::labels::selector::Selector;
use crate::model::operations::alert::Alert;
use crate::model::operations::inhibition::Inhibition;
use crate::model::operations::silence::Silence;
use crate::model::time::{Millis, Period, Timestamp};
use crate::net::HttpError;
use crate::sources::alertmanager::{Alertmanager, HeldAlert, HeldState, UnreadSilence};
use crate::store::Batch;

/// History is read in stretches of this length, newest first: a day of a few
/// hundred alerts is some megabytes.
const STRETCH: Millis = Millis::from_days(1);

/// The alerts of all sources and what all Alertmanagers hold, on their way into
/// the store.
pub struct AlertFeeds {
    feeds: Vec<AlertFeed>,
    alertmanagers: Vec<NamedAlertmanager>,
    /// When all of them last answered; there is no such time before they did.
    heard_at: Timestamp,
    /// As they were stored last.
    silences: Vec<Silence>,
    silent_receivers: Option<String>,
}

impl AlertFeeds {
    pub fn new(feeds: Vec<AlertFeed>, alertmanagers: Vec<NamedAlertmanager>) -> AlertFeeds {
        AlertFeeds { feeds, alertmanagers, heard_at: Timestamp::MIN, silences: Vec::new(), silent_receivers: None }
    }

    /// Reads what is new everywhere, and all of the history that is wanted. A
    /// source that fails keeps no other from being read.
    pub async fn round(&mut self, daemon: &AppState) -> anyhow::Result<()> {
        let held = held(daemon, &self.alertmanagers).await;
        if held.is_complete {
            self.heard_at = daemon.clock.now();
        }
        daemon.board.note_findings("silences", held.unread.into_values().collect());
        let new: Vec<Silence> = held.silences.iter().filter(|s| !self.silences.contains(s)).cloned().collect();
        if !new.is_empty() || !held.inhibitions.is_empty() {
            let recorded_at = daemon.clock.now();
            let batch = Batch { silences: new, inhibitions: held.inhibitions, recorded_at, ..Batch::default() };
            daemon.facts.write(batch).await?;
            self.silences = held.silences;
        }
        if held.is_complete && !self.alertmanagers.is_empty() {
            self.note_silent_receivers(daemon, &held.receivers).await?;
        }
        let until: Vec<Timestamp> = self.feeds.iter().map(|feed| feed.until).collect();
        let alertmanagers = self.heard_at;
        let alerts = held.alerts.as_slice();
        // All at one time, so that a source that hangs delays no other.
        let reads = self.feeds.iter_mut().enumerate().map(|(number, feed)| {
            let others = until.iter().enumerate().filter(|(other, _)| *other != number).map(|(_, until)| *until);
            let heard = HeardUntil { prometheus: others.min().unwrap_or(Timestamp::MAX), alertmanagers };
            feed.read(daemon, alerts, heard)
        });
        join_all(reads).await.into_iter().collect()
    }

    /// Keeps which receivers have no integration, for reviews after a restart.
    async fn note_silent_receivers(
        &mut self,
        daemon: &AppState,
        receivers: &BTreeMap<String, bool>,
    ) -> anyhow::Result<()> {
        let text = silent_receivers::text(receivers)?;
        if self.silent_receivers.as_ref() != Some(&text) {
            let state = vec![silent_receivers::entry(&text)];
            daemon.facts.write(Batch { state, recorded_at: daemon.clock.now(), ..Batch::default() }).await?;
            self.silent_receivers = Some(text);
        }
        Ok(())
    }
}

/// One Alertmanager, under the name by which its health is shown.
pub struct NamedAlertmanager {
    pub name: String,
    pub client: Alertmanager,
}

/// The alerts of one source on their way into the store.
pub struct AlertFeed {
    source: Arc<Source>,
    /// Everything from here to `until` is stored.
    since: Timestamp,
    until: Timestamp,
    /// How far back history is wanted.
    wanted_since: Timestamp,
}

impl AlertFeed {
    pub fn new(source: Arc<Source>, now: Timestamp, wanted_since: Timestamp) -> AlertFeed {
        AlertFeed { source, since: now, until: now, wanted_since }
    }

    fn id(&self) -> SliId {
        feed_id(&self.source.name)
    }

    /// Takes up where an earlier run ended.
    pub fn resume(&mut self, daemon: &AppState) -> anyhow::Result<()> {
        let stored = daemon.facts.reader.ingested(self.id())?;
        if let Some(last) = stored.last() {
            self.since = last.start;
            self.until = last.end.min(self.until);
        }
        Ok(())
    }

    /// Reads what is new, and one more stretch of history while some is wanted.
    /// `heard`: what others than this source were heard of.
    async fn round(&mut self, daemon: &AppState, held: &[AlertmanagerEntry], heard: HeardUntil) -> anyhow::Result<()> {
        let now = daemon.clock.now();
        // A day at most in one round: after a long pause the rest follows.
        let end = now.min(self.until + STRETCH);
        self.take(daemon, Period::new(self.until, end), held, heard, now).await?;
        self.until = end;
        if self.since > self.wanted_since {
            let start = (self.since - STRETCH).max(self.wanted_since);
            self.take(daemon, Period::new(start, self.since), &[], heard, now).await?;
            self.since = start;
        }
        Ok(())
    }

    /// Reads what is new, and all of the history that is wanted.
    async fn read(&mut self, daemon: &AppState, held: &[AlertmanagerEntry], heard: HeardUntil) -> anyhow::Result<()> {
        self.round(daemon, held, heard).await?;
        while !self.is_done() {
            self.round(daemon, &[], heard).await?;
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.since <= self.wanted_since
    }

    async fn take(
        &self,
        daemon: &AppState,
        period: Period,
        held: &[AlertmanagerEntry],
        heard: HeardUntil,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let read = Period::new(period.start - REREAD, (period.end + REREAD).min(now));
        let samples = &self.source.samples;
        let both = async {
            let alerts = samples.read(&Selector::new("ALERTS", Vec::new()), read).await?;
            let states = samples.read(&Selector::new("ALERTS_FOR_STATE", Vec::new()), read).await?;
            Ok::<_, HttpError>((alerts, states))
        };
        let (mut alerts, mut states) = both.await?;
        self.source.replica_labels.merge_alerts(&mut alerts, &mut states);
        if !self.source.labels.is_empty() {
            // What the alerts do not say themselves: from which of several clusters they are.
            let place = |series: &mut RawSeries| series.labels = series.labels.or(&self.source.labels);
            alerts.iter_mut().chain(&mut states).for_each(place);
        }
        let mut new = spans(&alerts, &states, read);
        new.extend(from_alertmanager(held, now));
        // What is pushed is joined to the same alerts.
        let _one_at_a_time = daemon.intake.joining.lock().await;
        let known: Vec<Alert> = daemon.facts.reader.alerts(Period::new(read.start - REREAD, now))?;
        let merged = merge(known, new, read, heard);
        let batch = Batch {
            alerts: merged.changed,
            gone_alerts: merged.gone,
            ingested: vec![(self.id(), period)],
            recorded_at: now,
            ..Batch::default()
        };
        daemon.facts.write(batch).await
    }
}

pub struct AlertsRound {
    pub daemon: Arc<AppState>,
    pub feeds: AlertFeeds,
}

impl Round for AlertsRound {
    async fn round(&mut self) -> anyhow::Result<()> {
        self.feeds.round(&self.daemon).await
    }
}

/// What Alertmanagers tell of.
#[derive(Default)]
struct AlertmanagerState {
    /// All of them answered.
    is_complete: bool,
    alerts: Vec<AlertmanagerEntry>,
    silences: Vec<Silence>,
    /// Seen at the moment of the question.
    inhibitions: Vec<Inhibition>,
    /// By name, whether any Alertmanager has an integration for it.
    receivers: BTreeMap<String, bool>,
    /// About silences that hold or will hold and cannot be read, by their ids.
    unread: BTreeMap<String, Finding>,
}

/// What all Alertmanagers hold, of those that answer.
async fn held(daemon: &AppState, alertmanagers: &[NamedAlertmanager]) -> AlertmanagerState {
    let mut held = AlertmanagerState { is_complete: true, ..AlertmanagerState::default() };
    for one in alertmanagers {
        let all = async {
            let (alerts, silences) = (one.client.alerts().await?, one.client.silences().await?);
            Ok::<_, HttpError>((alerts, silences, one.client.receivers().await?))
        };
        match all.await {
            Ok((alerts, (silences, unread), receivers)) => {
                for (receiver, has_integration) in receivers.into_iter().flatten() {
                    *held.receivers.entry(receiver).or_default() |= has_integration;
                }
                let now = daemon.clock.now();
                daemon.note_source(&one.name, None);
                held.inhibitions.extend(inhibitions(&alerts, now));
                held.alerts.extend(alerts.into_iter().filter_map(entry));
                held.silences.extend(silences);
                // The members of a cluster hold the same ones.
                for silence in unread.into_iter().filter(|silence| silence.ends_at > now) {
                    let finding = cannot_be_read(&one.name, &silence);
                    held.unread.entry(silence.id).or_insert(finding);
                }
            }
            Err(error) => {
                held.is_complete = false;
                daemon.note_source(&one.name, Some(error.to_string()));
            }
        }
    }
    held
}

fn cannot_be_read(alertmanager: &str, silence: &UnreadSilence) -> Finding {
    let (id, matcher) = (silence.id.clone(), silence.matcher.to_string());
    Finding::new(alertmanager, FindingKind::UnreadableSilence { id, matcher })
}

/// Fingerprints mean something only to who gave them.
fn inhibitions(alerts: &[HeldAlert], now: Timestamp) -> Vec<Inhibition> {
    let by_print: HashMap<&str, &HeldAlert> = alerts.iter().map(|alert| (alert.fingerprint.as_str(), alert)).collect();
    let held = alerts.iter().flat_map(|target| target.inhibited_by.iter().map(move |source| (source, target)));
    let known = held.filter_map(|(source, target)| Some((by_print.get(source.as_str())?, target)));
    let seen = |(source, target): (&&HeldAlert, &HeldAlert)| Inhibition {
        source: source.labels.clone(),
        target: target.labels.clone(),
        first_seen: now,
        last_seen: now,
    };
    known.map(seen).collect()
}

fn entry(held: HeldAlert) -> Option<AlertmanagerEntry> {
    Some(AlertmanagerEntry {
        starts_at: held.starts_at?,
        ends_at: held.ends_at,
        // What a time interval mutes is a matter of the route.
        suppressed: held.state == HeldState::Suppressed && (held.routes.is_empty() || held.muted_by.is_empty()),
        routes: held.routes,
        silenced_by: held.silenced_by,
        inhibited_by: held.inhibited_by,
        labels: held.labels,
    })
}
