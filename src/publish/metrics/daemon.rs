//! The series of the daemon itself: sources, loops, backfill, store.

use std::collections::BTreeMap;

use super::page::{LabelText, Labels, NO_LABELS, Page};
use super::{
    ALERTMANAGER_DROPPED, ALERTMANAGER_ERRORS, ALERTMANAGER_QUEUE, ALERTMANAGER_SENT, BACKFILL_COMPLETE_SINCE,
    BACKFILL_PROGRESS, BUILD_INFO, CONFIG_INFO, CONFIG_LOADED, CONFIG_SUCCESSFUL, EVALUATED, FINDINGS, LOOP_DURATION,
    LOOP_FAILURES, LOOP_ITERATIONS, LOOP_LAST_DURATION, LOOP_LAST_SUCCESS, LOOP_MAX_DURATION, PROCESS_START,
    SOURCE_DURATION, SOURCE_LAST_SUCCESS, SOURCE_MAX_DURATION, SOURCE_UP, STORE_OPEN_TILES, STORE_SEALED_BLOCKS,
    STORE_SIZE, WEBHOOK_DELIVERIES, WEBHOOK_TRUNCATED,
};
use crate::evaluate::review::snapshot::Snapshot;
use crate::model::latency::LatencyFigures;
use crate::model::time::{Millis, Timestamp};
use crate::publish::answers::ServiceStatus;

pub(super) fn write(page: &mut Page, snapshot: &Snapshot, status: &ServiceStatus) {
    let sources = || status.sources.iter().map(|source| ((&NO_LABELS, [("source", source.name.as_str())]), source));
    page.gauges(&SOURCE_UP, sources().map(|(l, source)| (l, source.up.map(|up| f64::from(u8::from(up))))));
    page.gauges(&SOURCE_LAST_SUCCESS, sources().map(|(l, source)| (l, unix_seconds(source.last_success))));
    page.summaries(&SOURCE_DURATION, status.sources.iter().map(|s| (("source", s.name.as_str()), s.latency)));
    let longest = |latency: LatencyFigures| latency.recent.map(|recent| recent.max);
    page.gauges(&SOURCE_MAX_DURATION, sources().map(|(labels, source)| (labels, longest(source.latency))));

    page.gauge(&EVALUATED, unix_seconds(snapshot.as_of));
    page.gauges(&FINDINGS, findings(status));
    let backfill = &status.backfill;
    page.gauge(&BACKFILL_PROGRESS, (backfill.wanted > 0).then(|| backfill.done as f64 / backfill.wanted as f64));
    page.gauge(&BACKFILL_COMPLETE_SINCE, unix_seconds(backfill.complete_since));
    page.gauge(&STORE_SIZE, Some(status.store.bytes as f64));
    page.gauge(&STORE_SEALED_BLOCKS, Some(status.store.sealed_days as f64));
    page.gauge(&STORE_OPEN_TILES, Some(status.store.open_tiles as f64));

    let loops = || status.loops.iter().map(|l| ((&NO_LABELS, [("loop", l.name.as_str())]), l));
    page.counters(&LOOP_ITERATIONS, loops().map(|(labels, l)| (labels, l.iterations)));
    page.counters(&LOOP_FAILURES, loops().map(|(labels, l)| (labels, l.failures)));
    page.gauges(&LOOP_LAST_DURATION, loops().map(|(labels, l)| (labels, l.last_duration.map(Millis::secs_f64))));
    page.summaries(&LOOP_DURATION, status.loops.iter().map(|l| (("loop", l.name.as_str()), l.latency)));
    page.gauges(&LOOP_MAX_DURATION, loops().map(|(labels, l)| (labels, longest(l.latency))));
    page.gauges(&LOOP_LAST_SUCCESS, loops().map(|(labels, l)| (labels, unix_seconds(l.last_ok_at))));

    let webhooks = || status.webhooks.iter();
    let deliveries =
        webhooks().flat_map(|r| r.deliveries.iter().map(|(outcome, n)| (r.name.as_str(), outcome.word(), *n)));
    page.counters(
        &WEBHOOK_DELIVERIES,
        deliveries.map(|(webhook, outcome, n)| ((&NO_LABELS, [("webhook", webhook), ("outcome", outcome)]), n)),
    );
    let truncated = webhooks().map(|r| ((&NO_LABELS, [("webhook", r.name.as_str())]), r.truncated_alerts));
    page.counters(&WEBHOOK_TRUNCATED, truncated);

    let alertmanagers = || {
        let all = status.alertmanagers.iter();
        all.map(|one| ((&NO_LABELS, [("alertmanager", one.name.as_str())]), one))
    };
    page.counters(&ALERTMANAGER_SENT, alertmanagers().map(|(labels, one)| (labels, one.sent)));
    page.counters(&ALERTMANAGER_ERRORS, alertmanagers().map(|(labels, one)| (labels, one.errors)));
    let dropped = status.alertmanagers.iter().flat_map(|one| {
        let labels = |reason| (&NO_LABELS, [("alertmanager", one.name.as_str()), ("reason", reason)]);
        one.dropped.iter().map(move |(reason, n)| (labels(*reason), *n))
    });
    page.counters(&ALERTMANAGER_DROPPED, dropped);
    page.gauges(&ALERTMANAGER_QUEUE, alertmanagers().map(|(labels, one)| (labels, Some(one.waiting as f64))));

    let catalog = &status.catalog;
    page.gauge(&CONFIG_SUCCESSFUL, Some(f64::from(u8::from(catalog.is_successful))));
    page.gauge(&CONFIG_LOADED, unix_seconds(catalog.complete_at));
    page.infos(&CONFIG_INFO, [LabelText::new([("hash", catalog.hash.as_str())])]);
    page.gauge(&PROCESS_START, unix_seconds(Some(status.started_at)));
    page.infos(&BUILD_INFO, [LabelText::new([("version", status.version)])]);
}

/// How many there are of each kind; a zero of no kind where there are none, so that
/// the series is there.
fn findings(status: &ServiceStatus) -> Vec<(Labels<'static, 2>, Option<f64>)> {
    let mut counts: BTreeMap<(&'static str, &'static str), usize> = BTreeMap::new();
    for finding in status.findings.iter() {
        *counts.entry((finding.kind.as_str(), finding.kind.severity().as_str())).or_default() += 1;
    }
    if counts.is_empty() {
        counts.insert(("none", "info"), 0);
    }
    let sample = |((kind, severity), n): ((&'static str, &'static str), usize)| {
        ((&NO_LABELS, [("kind", kind), ("severity", severity)]), Some(n as f64))
    };
    counts.into_iter().map(sample).collect()
}

fn unix_seconds(at: Option<Timestamp>) -> Option<f64> {
    at.map(Timestamp::secs_f64)
}
