//! A small language for the tests of this room: what happened, one character a
//! minute, and what is made of it as text.
//!
//! ```text
//! slo    checkout            ..5555..    . 1000 good requests, 1-9 so many tenths bad, x all bad,
//!                                        b 0.3 % bad, _ no requests, ? not observed; `web-latency/web` is
//!                                        an SLO of web, `web{cluster=eu}` one with labels
//! page   HighErrors checkout ..PFFF..    P pending, F firing, S firing and suppressed; ! fires on, silenced from here
//! ticket DiskFull/db-0 db    ..FFFFFF    the part after the slash is the label `pod`
//! page   PodDown db{node=n1} ..FFFFFF    with more labels; `-` is no service
//! rollout, rollback checkout ..RR        also restart, scale; and cordon of a node
//! says   checkout PD1        ..I.A.E     a tool opens, somebody takes, the tool closes; a taken by a service;
//!                                        s stated from the first to the last; N a receiver was told of a rule,
//!                                        n again; u the acknowledgement is taken back, O open again; C a change
//!                                        of the service, of the type that the id says before a colon
//! silence HighErrors         ..ZZZ       a silence about the rule from the first Z to the last
//! correction checkout        ..CCC       the SLO's time from the first C to the last is left out
//! inhibits DbDown HighErrors             the first rule's alerts hold those of the second back
//! needs  checkout db                     the service of the SLO needs another one
//! ```
//!
//! `.*90` stands for 90 times the character; spaces may separate parts. Each SLO
//! has had a calm day before minute 0. The present is the end of the longest line.

use std::sync::Arc;

use super::review::{ReviewInputs, review};
use crate::evaluate::alerting::alerts::Alerts;
use crate::evaluate::incident::episodes::{SloBurn, burn};
use crate::evaluate::incident::external_records::ExternalRecords;
use crate::evaluate::review::result::Review;
use crate::evaluate::slo::corrections::ExcludedTime;
use crate::evaluate::slo::history::History;
use crate::model::labels::selector::{MatchOp, Matcher};
use crate::model::labels::{Labels, content_hash};
use crate::model::operations::alert::{Alert, Mark, MarkSource};
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ObjectRef};
use crate::model::operations::correction::{Correction, Scope, When};
use crate::model::operations::incident::{Episode, Incident, PublishedIncident};
use crate::model::operations::inhibition::Inhibition;
use crate::model::operations::on_call::OnCall;
use crate::model::operations::record::{Record, RecordKind, ReportedChange, TimeOverride};
use crate::model::operations::rule::LoadedRule;
use crate::model::operations::severity::usual_of;
use crate::model::operations::silence::Silence;
use crate::model::slo::Slo;
use crate::model::slo::tile::{EventCounts, Tile};
use crate::model::testing::slo;
use crate::model::time::{DAY_MS, Millis, Period, SLOT_MS, Timestamp};

pub const REQUESTS: i64 = 1_000;
const RESOLUTION: Millis = Millis::from_secs(30);

pub fn minute(n: i64) -> Timestamp {
    Timestamp::from_millis(20_600 * DAY_MS + n * SLOT_MS)
}

pub fn minutes_of(at: Timestamp) -> f64 {
    (at - minute(0)).0 as f64 / SLOT_MS as f64
}

/// Tiles of a timeline that begins at minute `first`.
pub fn tiles(first: i64, timeline: &str) -> Vec<Tile> {
    let tile = |(i, c): (i64, char)| {
        let bad = match c {
            '1'..='9' => REQUESTS * i64::from(c.to_digit(10).unwrap()) / 10,
            'x' => REQUESTS,
            'b' => REQUESTS * 3 / 1_000,
            _ => 0,
        };
        let total = if matches!(c, '_' | '?') { 0 } else { REQUESTS };
        Tile {
            start: minute(first + i),
            counts: EventCounts::new(total - bad, total),
            covered_ms: if c == '?' { 0 } else { SLOT_MS as u32 },
            ..Tile::default()
        }
    };
    (0..).zip(timeline.chars()).map(tile).collect()
}

/// `ab .*3` to `ab...`.
pub fn expand(parts: &str) -> String {
    let part = |part: &str| match part.split_once('*') {
        Some((c, n)) => {
            assert_eq!(c.len(), 1, "one character is repeated: {part}");
            c.repeat(n.parse().unwrap())
        }
        None => part.to_owned(),
    };
    parts.split_whitespace().map(part).collect()
}

pub struct TextScenario {
    pub slos: Vec<Arc<Slo>>,
    pub burns: Vec<SloBurn>,
    pub alerts: Vec<Alert>,
    pub changes: Vec<Change>,
    pub silences: Vec<Silence>,
    pub inhibitions: Vec<Inhibition>,
    pub rules: Vec<LoadedRule>,
    pub on_call: OnCall,
    pub records: Vec<Record>,
    pub overrides: Vec<TimeOverride>,
    pub published: Vec<PublishedIncident>,
    pub corrections: Vec<Arc<Correction>>,
    pub length: i64,
}

impl TextScenario {
    pub fn new(text: &str) -> TextScenario {
        let mut scenario = TextScenario {
            slos: Vec::new(),
            burns: Vec::new(),
            alerts: Vec::new(),
            changes: Vec::new(),
            silences: Vec::new(),
            inhibitions: Vec::new(),
            rules: Vec::new(),
            on_call: OnCall::new(chrono_tz::Tz::UTC),
            records: Vec::new(),
            overrides: Vec::new(),
            published: Vec::new(),
            corrections: Vec::new(),
            length: 0,
        };
        let lines: Vec<(Vec<&str>, String)> = text.lines().filter(|l| !l.trim().is_empty()).map(split).collect();
        scenario.length = lines.iter().map(|(_, timeline)| timeline.len() as i64).max().unwrap_or(0);
        // What is left out must be known before anything is judged.
        let (corrections, others): (Vec<_>, Vec<_>) = lines.iter().partition(|(words, _)| words[0] == "correction");
        for (words, timeline) in corrections.into_iter().chain(others) {
            scenario.add(words, timeline);
        }
        scenario
    }

    fn add(&mut self, words: &[&str], timeline: &str) {
        match *words {
            ["slo", name] => {
                let slo = slo_of(name);
                let calm = expand(".*1440");
                let all = tiles(-1440, &calm).into_iter().chain(tiles(0, timeline));
                let mut history = History::new(slo.budgeting);
                let whole = Period::new(minute(-1440), minute(self.length));
                history.leave_out(ExcludedTime::of(&slo, &self.corrections, whole));
                self.burns.push(burn(&slo, all, &history, minute(self.length)));
                self.slos.push(Arc::new(slo));
            }
            ["page", rule, service] => self.add_alerts(rule, service, "page", timeline),
            ["ticket", rule, service] => self.add_alerts(rule, service, "ticket", timeline),
            ["inhibits", source, target] => {
                let rule = |rule: &str| Labels::new().with("alertname", rule);
                let (first_seen, last_seen) = (minute(0), minute(self.length));
                self.inhibitions.push(Inhibition { source: rule(source), target: rule(target), first_seen, last_seen });
            }
            ["needs", service, needed] => {
                let slo = self.slos.iter_mut().find(|slo| slo.service == service).unwrap();
                Arc::make_mut(slo).depends_on.push(needed.to_owned());
            }
            ["says", about, id] => self.add_records(about, id, timeline),
            ["silence", rule] => {
                let (from, to) = (timeline.find('Z').unwrap() as i64, timeline.rfind('Z').unwrap() as i64 + 1);
                self.silences.push(Silence {
                    id: format!("{rule}/{from}"),
                    matchers: vec![Matcher::new("alertname", MatchOp::Equal, rule).unwrap()],
                    period: Period::new(minute(from), minute(to)),
                    earliest_end: minute(to),
                    created_by: "sre".to_owned(),
                    comment: String::new(),
                });
            }
            ["correction", name] => {
                let (from, to) = (timeline.find('C').unwrap() as i64, timeline.rfind('C').unwrap() as i64 + 1);
                self.corrections.push(Arc::new(Correction {
                    name: "upgrade".to_owned(),
                    scope: Scope { slos: vec![name.to_owned()], ..Scope::default() },
                    when: When::Once(Period::new(minute(from), minute(to))),
                    author: "ops".to_owned(),
                    reason: "database upgrade".to_owned(),
                }));
            }
            [kind, of] => {
                let kind = ChangeKind::from_word(kind).unwrap();
                let (object, service) = match kind {
                    ChangeKind::Cordon => ("Node", ""),
                    _ => ("Deployment", of),
                };
                let (from, to) = (timeline.find('R').unwrap() as i64, timeline.rfind('R').unwrap() as i64 + 1);
                self.changes.push(Change {
                    id: ChangeId(content_hash([of.as_bytes(), timeline.as_bytes()])),
                    kind,
                    outcome: ChangeOutcome::Succeeded,
                    object: ObjectRef { kind: object.to_owned(), namespace: String::new(), name: of.to_owned() },
                    service: service.to_owned(),
                    summary: String::new(),
                    started_at: minute(from),
                    ended_at: Some(minute(to)),
                });
            }
            _ => panic!("no such line: {words:?}"),
        }
    }

    fn add_alerts(&mut self, rule: &str, service: &str, severity: &str, timeline: &str) {
        let (rule, pod) = rule.split_once('/').unwrap_or((rule, ""));
        let (service, more) = service.trim_end_matches('}').split_once('{').unwrap_or((service, ""));
        let service = if service == "-" { "" } else { service };
        let pairs = [("alertname", rule), ("service", service), ("severity", severity), ("pod", pod)];
        let more = more.split(',').filter_map(|pair| pair.split_once('='));
        let labels: Labels = pairs.into_iter().chain(more).collect();
        let mark = |n: i64, source| Some(Mark::new(minute(n), source, RESOLUTION));
        let mut open: Option<Alert> = None;
        for (n, c) in (0..).zip(timeline.chars().chain(['.'])) {
            if matches!(c, '.') {
                let ended = if n == self.length { None } else { mark(n, MarkSource::Alerts) };
                self.alerts.extend(open.take().map(|a| Alert { ended, ..a }));
                continue;
            }
            let alert = open.get_or_insert_with(|| Alert {
                rule: rule.to_owned(),
                labels: labels.clone(),
                severity: usual_of(&labels),
                condition: mark(n, MarkSource::AlertsForState),
                firing: None,
                ended: None,
                last_seen: minute(n),
                suppressed: false,
                receivers: Default::default(),
            });
            alert.last_seen = minute(n);
            alert.suppressed |= matches!(c, 'S' | '!');
            if matches!(c, 'F' | 'S' | '!') {
                alert.firing = alert.firing.or(mark(n, MarkSource::Alerts));
            }
            if c == '!' {
                let matchers = alert.labels.iter().map(|(l, v)| Matcher::new(l, MatchOp::Equal, v).unwrap());
                self.silences.push(Silence {
                    id: format!("{n}"),
                    matchers: matchers.collect(),
                    period: Period::new(minute(n), minute(n + 1)),
                    earliest_end: minute(n + 1),
                    created_by: "sre".to_owned(),
                    comment: String::new(),
                });
            }
        }
    }

    /// Records of a tool about a service, or about the alerts of a rule.
    fn add_records(&mut self, about: &str, id: &str, timeline: &str) {
        let record = |n: usize, c: char| {
            let (kind, told_by) = match c {
                'N' => (RecordKind::Notification, MarkSource::Webhook),
                'n' => (RecordKind::Repeat, MarkSource::Webhook),
                's' => (RecordKind::Incident, MarkSource::Record),
                'C' => (RecordKind::Change, MarkSource::Record),
                'A' | 'a' => (RecordKind::Acknowledge, MarkSource::PagerDuty),
                'u' => (RecordKind::Unacknowledge, MarkSource::PagerDuty),
                'O' => (RecordKind::Reopen, MarkSource::PagerDuty),
                'E' => (RecordKind::Resolve, MarkSource::PagerDuty),
                _ => (RecordKind::Incident, MarkSource::PagerDuty),
            };
            let notifies = matches!(c, 'N' | 'n');
            let labels = if notifies { Labels::new().with("alertname", about) } else { Labels::new() };
            Record {
                source: "tool".to_owned(),
                key: format!("{about}/{id}/{n}"),
                kind,
                told_by,
                external_id: id.to_owned(),
                occurred_at: minute(n as i64),
                estimated: false,
                ended_at: None,
                service: (!notifies).then(|| about.to_owned()),
                cluster: None,
                severity: None,
                labels,
                other_alerts: Vec::new(),
                dedup_key: None,
                merged_into: None,
                change: ReportedChange {
                    kind: id.split_once(':').and_then(|(of, _)| ChangeKind::from_word(of)),
                    outcome: None,
                },
                refs: Vec::new(),
                actor: Some(if notifies { id } else { "ann" }.to_owned()),
                human: Some(c != 'a'),
                withdrawn: false,
                earlier: Vec::new(),
                received_at: minute(n as i64),
            }
        };
        if let (Some(from), Some(to)) = (timeline.find('s'), timeline.rfind('s')) {
            self.records.push(Record { ended_at: Some(minute(to as i64 + 1)), ..record(from, 's') });
        }
        let single = timeline.chars().enumerate().filter(|(_, c)| !matches!(c, '.' | 's'));
        self.records.extend(single.map(|(n, c)| record(n, c)));
    }

    /// As reviews take them.
    pub fn sorted(&self) -> Alerts {
        self.alerts.iter().cloned().collect()
    }

    pub fn inputs<'a>(&'a self, alerts: &'a Alerts) -> ReviewInputs<'a> {
        ReviewInputs {
            period: Period::new(minute(0), minute(self.length)),
            now: minute(self.length),
            slos: &self.slos,
            alerts,
            burns: &self.burns,
            changes: &self.changes,
            silences: &self.silences,
            inhibitions: &self.inhibitions,
            rules: &self.rules,
            on_call: &self.on_call,
            said: ExternalRecords { records: &self.records, overrides: &self.overrides, published: &self.published },
        }
    }

    pub fn review(&self) -> Review {
        review(&self.inputs(&self.sorted()))
    }

    /// As known at a minute.
    pub fn review_at(&self, n: i64) -> Review {
        review(&ReviewInputs { now: minute(n), ..self.inputs(&self.sorted()) })
    }
}

/// `web`, `web-latency/web`, `web{cluster=eu}`.
fn slo_of(text: &str) -> Slo {
    let (name, labels) = text.trim_end_matches('}').split_once('{').unwrap_or((text, ""));
    let (name, service) = name.split_once('/').unwrap_or((name, name));
    let labels = labels.split(',').filter_map(|pair| pair.split_once('=')).collect();
    Slo { service: service.to_owned(), labels, ..slo(name) }
}

fn split(line: &str) -> (Vec<&str>, String) {
    let named = match line.split_whitespace().next() {
        Some("page" | "ticket" | "says" | "inhibits" | "needs") => 3,
        _ => 2,
    };
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let timeline = words.split_off(named).join(" ");
    (words, expand(&timeline))
}

/// One line per incident, oldest first: what is known of it, times in minutes,
/// `~` before those that another one stands in for.
pub fn story(review: &Review) -> Vec<String> {
    review.incidents.iter().rev().map(|i| told(review, i)).collect()
}

fn told(review: &Review, incident: &Incident) -> String {
    let times = incident.times.named().into_iter().filter_map(|(name, mark)| {
        let mark = mark?;
        Some(format!(" {name} {}{}", if mark.estimated { "~" } else { "" }, minutes_of(mark.at)))
    });
    let rules =
        review.alerts.iter().rev().filter(|a| incident.alerts.contains(&a.id())).map(|a| format!(" {}", a.rule));
    let burned = incident.budget_burned_ratio.map(|b| format!(" burned {:.1}%", b * 100.0));
    format!(
        "{} {} {}{}:{}{};{}{}",
        incident.service,
        incident.severity.word(),
        incident.state.word(),
        if incident.detected { "" } else { " undetected" },
        times.collect::<String>(),
        burned.unwrap_or_default(),
        rules.collect::<String>(),
        if incident.changes.is_empty() { String::new() } else { format!(" +{} changes", incident.changes.len()) },
    )
}

/// One line per page, oldest first: minute, rule and class.
pub fn verdicts(review: &Review) -> Vec<String> {
    let pages = review.noise.page_reasons.iter().rev();
    pages.map(|p| format!("{} {} {}", minutes_of(p.at), p.rule, p.class.word())).collect()
}

/// One line per episode: start, end, bad events and peak burn rate.
pub fn burned(episodes: &[Episode]) -> Vec<String> {
    let line = |e: &Episode| {
        let end = e.end.map_or("now".to_owned(), |end| minutes_of(end).to_string());
        format!("{}-{end} {} bad peak {:.0}", minutes_of(e.start), e.bad, e.peak_burn_rate)
    };
    episodes.iter().map(line).collect()
}
