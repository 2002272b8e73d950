//! A month with an SLO that was met, one that was missed and one that is unknown, and one with nothing.

use std::sync::Arc;

use super::*;
use crate::evaluate::alerting::noise::result::{Noise, RuleNoise};
use crate::evaluate::alerting::page_class::{PageClass, PageReason};
use crate::evaluate::incident::durations::{DurationStat, Durations};
use crate::evaluate::review::finding::Finding;
use crate::evaluate::review::result::Review;
use crate::evaluate::slo::likely::Likely;
use crate::evaluate::slo::status::{Budget, HistorySlot, Method, SloState, SloStatus};
use crate::model::ids::IncidentId;
use crate::model::labels::Labels;
use crate::model::operations::alert::{Alert, AlertId, Mark, MarkSource};
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ObjectRef};
use crate::model::operations::incident::{Incident, IncidentState, IncidentTimes};
use crate::model::slo::tile::EventCounts;
use crate::model::slo::{PolicyStep, Severity};
use crate::model::testing::slo;
use crate::model::time::window::ComplianceWindow;
use crate::model::time::{DAY_MS, Millis, Period, Timestamp};

const HOSTILE: &str = "</title><script>alert(1)</script> | [x](javascript:y) `c` *b*\n# h https://evil.example";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn july() -> Period {
    Period::new(at("2026-07-01T00:00:00Z"), at("2026-08-01T00:00:00Z"))
}

/// A month of `total` events a day, of which these were bad.
fn report(name: &str, total: i64, bad: &dyn Fn(i64) -> i64, coverage: f64) -> SloReport {
    let slo = Arc::new(slo(name));
    let mut sum = EventCounts::ZERO;
    let mut slots = Vec::new();
    for day in 0..31 {
        let counts = EventCounts::new(total - bad(day), total);
        sum += counts;
        let budget = 0.001 * sum.total as f64;
        slots.push(HistorySlot {
            start: july().start + Millis(day * DAY_MS),
            counts,
            left_out: Millis(0),
            coverage: if coverage < 1.0 && day < 3 { 0.0 } else { 1.0 },
            budget_remaining_ratio: (sum.total > 0).then(|| 1.0 - sum.bad() as f64 / budget),
            window_coverage: 1.0,
            ..HistorySlot::default()
        });
    }
    let unseen = sum.total as f64 * (1.0 - coverage);
    let all = sum.total as f64 + unseen;
    let total_events = 0.001 * sum.total as f64;
    let remaining_events = total_events - sum.bad() as f64;
    let status = SloStatus {
        window: ComplianceWindow::month(chrono_tz::UTC),
        period: july(),
        as_of: july().end,
        elapsed_ratio: 1.0,
        counts: sum,
        attainment: sum.attainment(),
        lo: (sum.total > 0).then(|| sum.good as f64 / all),
        hi: (sum.total > 0).then(|| (sum.good as f64 + unseen) / all),
        likely: (sum.total > 0).then(|| Likely { lo: sum.good as f64 / all, hi: (sum.good as f64 + unseen) / all }),
        coverage,
        idle_ratio: 0.0,
        unseen_events: unseen,
        method: Method::Exact,
        budget: (sum.total > 0).then(|| Budget {
            total_events,
            remaining_events,
            remaining_ratio: remaining_events / total_events,
            exhausted_at: (remaining_events <= 0.0).then(|| at("2026-07-14T15:00:00Z")),
            ..Budget::default()
        }),
        burn_rates: Vec::new(),
        corrected: None,
        then: None,
        state: SloState::Ok,
        slo,
    };
    SloReport { status, slots, step: Millis::from_days(1) }
}

#[test]
fn a_result_that_unobserved_events_could_change_says_which() {
    let of = |likely: (f64, f64), (lo, hi): (f64, f64)| {
        let mut status = report("pay", 100_000, &|_| 50, 1.0).status;
        (status.lo, status.hi, status.unseen_events) = (Some(lo), Some(hi), 10_000.0);
        status.likely = Some(Likely { lo: likely.0, hi: likely.1 });
        super::attainment::unless(&status)
    };
    let met = of((0.9992, 0.9996), (0.99, 0.9996)).unwrap();
    // 31 days of 100,000 events with 50 bad each, of 3,110,000 with the unobserved ones.
    assert_eq!(met.replace('\u{202f}', ","), "unless more than 1,560 of 10,000 unobserved events failed");
    let missed = of((0.990, 0.998), (0.98, 0.9995)).unwrap();
    assert_eq!(missed.replace('\u{202f}', ","), "unless nearly all of 10,000 unobserved events were good");
    assert_eq!(of((0.9992, 0.9996), (0.9991, 0.9996)), None, "nothing could change it");
    assert_eq!(of((0.9985, 0.9996), (0.99, 0.9996)), None, "not determined");
}

fn mark(text: &str, source: MarkSource) -> Option<Mark> {
    Some(Mark::new(at(text), source, Millis::from_secs(30)))
}

fn incident(service: &str, detected: bool, alerts: Vec<AlertId>, changes: Vec<ChangeId>) -> Incident {
    Incident {
        id: IncidentId([if detected { 7 } else { 8 }; 16]),
        service: service.to_owned(),
        services: vec![service.to_owned()],
        cause: String::new(),
        reopens: None,
        team: None,
        cluster: None,
        namespace: None,
        state: if detected { IncidentState::Closed } else { IncidentState::Open },
        severity: Severity::Page,
        detected,
        budget_burned_ratio: detected.then_some(1.4),
        below_floor: None,
        times: IncidentTimes {
            onset: mark("2026-07-14T14:02:00Z", MarkSource::Sli),
            firing: if detected { mark("2026-07-14T14:09:30Z", MarkSource::Alerts) } else { None },
            restored: if detected { mark("2026-07-14T15:12:00Z", MarkSource::Sli) } else { None },
            ..IncidentTimes::default()
        },
        alerts,
        episodes: Vec::new(),
        changes,
        stated: Vec::new(),
        told: Vec::new(),
    }
}

pub(in crate::publish) fn month() -> ReportInput {
    let alert = Alert {
        rule: "CheckoutErrors".to_owned(),
        labels: Labels::new().with("alertname", "CheckoutErrors"),
        severity: Severity::Page,
        condition: None,
        firing: mark("2026-07-14T14:09:30Z", MarkSource::Alerts),
        ended: mark("2026-07-14T15:20:00Z", MarkSource::Alerts),
        last_seen: at("2026-07-14T15:20:00Z"),
        suppressed: false,
        receivers: Default::default(),
    };
    let change = Change {
        id: ChangeId([3; 16]),
        kind: ChangeKind::Rollout,
        outcome: crate::model::operations::change::ChangeOutcome::RolledBack,
        object: ObjectRef { kind: "Deployment".to_owned(), namespace: "shop".to_owned(), name: "checkout".to_owned() },
        service: "checkout".to_owned(),
        summary: "revision 12, checkout:2.4.1".to_owned(),
        started_at: at("2026-07-14T13:58:00Z"),
        ended_at: Some(at("2026-07-14T14:20:00Z")),
    };
    let restore = DurationStat { n: 1, censored: 1, values: vec![Millis::from_mins(70)], ..DurationStat::default() };
    let classes = vec![(PageClass::Actionable, 4), (PageClass::Flap, 3), (PageClass::Unknown, 1)];
    let noise = Noise {
        pages: 8,
        lower: Some(0.375),
        upper: Some(0.5),
        classes: classes.clone(),
        rules: vec![RuleNoise {
            rule: "CheckoutErrors".to_owned(),
            pages: 8,
            lower: Some(0.375),
            upper: Some(0.5),
            classes,
            firing: Millis::from_mins(190),
            noise_cost: 3.0,
        }],
        page_reasons: vec![PageReason {
            alert: alert.id(),
            rule: "CheckoutErrors".to_owned(),
            service: Some("checkout".to_owned()),
            team: None,
            evidence: Vec::new(),
            at: at("2026-07-14T14:09:30Z"),
            class: PageClass::Actionable,
            reason: "140 % of the budget burned while it fired.".to_owned(),
        }],
        ..Noise::default()
    };
    ReportInput {
        comparison: None,
        trends: None,
        fixes: Vec::new(),
        kpis: Vec::new(),
        label: "July 2026".to_owned(),
        period: july(),
        generated_at: at("2026-08-01T06:00:00Z"),
        version: "0.1.0",
        slos: vec![
            report("search", 900_000, &|day| 200 + (day % 7) * 90, 1.0),
            report("checkout", 400_000, &|day| if day == 13 { 17_400 } else { 60 }, 1.0),
            report("payment", 50_000, &|day| if day % 5 == 0 { 160 } else { 9 }, 0.9),
            report("archive", 0, &|_| 0, 0.0),
        ],
        review: Review {
            incidents: vec![
                incident("search", false, Vec::new(), Vec::new()),
                incident("checkout", true, vec![alert.id()], vec![change.id]),
            ],
            alerts: [alert].into_iter().collect(),
            noise,
            durations: Durations { restore, ..Durations::default() },
            ..Review::default()
        },
        changes: vec![change],
        findings: vec![Finding::other("archive", "no series match the selector", "check the label `job`")],
        notes: Vec::new(),
    }
}

/// Without the narrow spaces that keep a unit at its number.
fn plain(text: &str) -> String {
    text.replace('\u{202f}', " ")
}

#[test]
fn the_summary_says_which_slos_were_met() {
    let text = plain(&markdown(&month()));
    for sentence in [
        "4 SLOs: 1 met, 1 missed, 2 undetermined.",
        "Missed: checkout (99.85",
        "payment (90.0 % was observed: likely between",
        "archive (nothing was observed)",
        "2 incidents in 2 services; for 1 of them nobody was paged, and 1 still went on at the end.",
        "Users were served again after 1h 10m (1 not yet).",
        "38 % to 50 % of 8 pages were noise.",
        "1 change, of which 1 failed or were rolled back.",
    ] {
        assert!(text.contains(sentence), "{sentence}\n{text}");
    }
}

#[test]
fn what_is_not_known_is_never_a_number() {
    let text = markdown(&month());
    let archive = text.lines().find(|line| line.starts_with("| archive")).unwrap();
    assert_eq!(archive.matches("no data").count(), 6, "{archive}");
    let detect = text.lines().find(|line| line.starts_with("| Time to detect")).unwrap();
    assert!(detect.contains("| no data | no data | 0 | 0 |"), "{detect}");
}

#[test]
fn the_step_of_the_budget_policy_that_was_entered_is_told() {
    let mut input = month();
    let step = |remaining_ratio, text: &str| PolicyStep {
        remaining_ratio,
        text: text.to_owned(),
        owner: "head-of-shop".to_owned(),
        severity: Severity::Ticket,
    };
    let mut spent = report("spent", 100_000, &|_| 95, 1.0);
    let policy = vec![step(0.5, "Rollouts by day only."), step(0.1, "No rollouts."), step(0.0, "Mend.")];
    Arc::make_mut(&mut spent.status.slo).budget_policy = policy;
    input.slos = vec![spent];
    let text = markdown(&input);
    assert!(text.contains("10%: No rollouts. (owner head-of-shop)"), "{text}");
    assert!(!text.contains("Rollouts by day only."), "only the step in force");
}

#[test]
fn an_empty_month_is_told_as_such() {
    let empty = ReportInput {
        slos: Vec::new(),
        review: Review::default(),
        changes: Vec::new(),
        findings: Vec::new(),
        ..month()
    };
    let text = markdown(&empty);
    for sentence in ["No SLOs are defined", "No incidents were found", "No page was judged", "No changes are known"] {
        assert!(text.contains(sentence), "{sentence}\n{text}");
    }
    assert!(html(&empty).contains("No incidents were found"));
}

#[test]
fn the_order_of_the_input_does_not_matter() {
    let mut turned = month();
    turned.slos.reverse();
    turned.review.incidents.reverse();
    turned.changes.reverse();
    assert_eq!(markdown(&month()), markdown(&turned));
    assert_eq!(html(&month()), html(&turned));
}

#[test]
fn every_link_leads_somewhere_within() {
    let page = html(&month());
    let links: Vec<&str> = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 10);
    for link in links {
        let id = link.strip_prefix('#').unwrap_or_else(|| panic!("{link} leads outside"));
        assert!(page.contains(&format!("id=\"{id}\"")), "{link}");
    }
    assert!(!page.contains("<script") && !page.contains("src="));
}

#[test]
fn tables_are_whole() {
    for line in markdown(&month()).lines().filter(|line| line.starts_with('|')) {
        assert!(line.ends_with('|'), "{line}");
    }
}

/// Without backslashes and what they escape.
fn without_escapes(text: &str) -> String {
    let mut bare = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
        } else {
            bare.push(c);
        }
    }
    bare
}

#[test]
fn hostile_texts_stay_texts() {
    let mut input = month();
    input.label = HOSTILE.to_owned();
    input.notes = vec![HOSTILE.to_owned()];
    input.changes[0].summary = HOSTILE.to_owned();
    input.review.incidents[0].service = HOSTILE.to_owned();
    input.review.noise.page_reasons[0].reason = HOSTILE.to_owned();
    let mut slo = (*input.slos[0].status.slo).clone();
    (slo.name, slo.service, slo.description) = (HOSTILE.to_owned(), HOSTILE.to_owned(), HOSTILE.to_owned());
    input.slos[0].status.slo = Arc::new(slo);
    let page = html(&input);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    let text = markdown(&input);
    let bare = without_escapes(&text);
    for forbidden in ["<script", "[x](", "`c`", "*b*", "\n# h", "https://"] {
        assert!(!bare.contains(forbidden), "{forbidden}");
    }
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut expected = 0;
    for line in text.lines() {
        if line.starts_with("| ---") {
            expected = columns(line);
        } else if line.starts_with('|') && expected > 0 {
            assert_eq!(columns(line), expected, "{line}");
        } else {
            expected = 0;
        }
    }
}

#[test]
fn few_durations_are_shown_themselves() {
    let minutes = |values: &[i64]| DurationStat {
        n: values.len(),
        values: values.iter().map(|m| Millis::from_mins(*m)).collect(),
        median: Some(Millis::from_mins(40)),
        p90: Some(Millis::from_mins(300)),
        ..DurationStat::default()
    };
    assert_eq!(incidents::headline(&minutes(&[12, 40, 370])), Some("12m, 40m, 6h 10m".to_owned()));
    assert_eq!(incidents::headline(&minutes(&[1, 2, 40, 40, 50, 370])), Some("40m".to_owned()));
    assert_eq!(incidents::headline(&DurationStat { censored: 3, ..DurationStat::default() }), None);
}
