//! Ten months of a shop in a store, in Berlin's civil months.

use std::sync::Arc;

use super::*;
use crate::app::reviewing::report::Reporting;
use crate::app::testing::checkout;
use crate::evaluate::review::trends::{MONTHS_DEFAULT, Series, SeriesTrend};
use crate::evaluate::review::verdict::TrendVerdict;
use crate::model::labels::Labels;
use crate::model::operations::alert::{Alert, Mark, MarkSource};
use crate::model::operations::on_call::OnCall;
use crate::model::operations::restatement::PublishedMonth;
use crate::model::slo::tile::{EventCounts, Tile};
use crate::model::slo::{Severity, Slo};
use crate::model::time::{Millis, SLOT_MS};
use crate::publish::report::markdown;
use crate::store::{Batch, Reader, Store, Writer};

const ZONE: Tz = Tz::Europe__Berlin;
const MONTHS: i64 = 10;
/// Of each incident.
const OUTAGE: Millis = Millis::from_mins(20);
const PAGED_AFTER: Millis = Millis::from_mins(5);

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn period_of(month: &str) -> Period {
    month.parse::<Month>().unwrap().period(ZONE)
}

struct Shop {
    slos: [Arc<Slo>; 1],
    sources: [String; 1],
    on_call: OnCall,
    closed: ClosedMonths,
    writer: Writer,
    reader: Reader,
    _dir: tempfile::TempDir,
}

impl Shop {
    /// Ten outages in January, nine in February, and so on to one in October; of
    /// the last of each month nobody is told.
    fn open() -> Shop {
        let slo = checkout("99%", "");
        let dir = tempfile::tempdir().unwrap();
        let (writer, reader) = Store::open(dir.path()).unwrap();
        let mut shop = Shop {
            slos: [slo],
            sources: ["prom".to_owned()],
            on_call: OnCall::new(ZONE),
            closed: ClosedMonths::default(),
            writer,
            reader,
            _dir: dir,
        };
        for month in 0..MONTHS {
            let period = period_of(&format!("2026-{:02}", month + 1));
            let outage = |n| period.start + Millis::from_hours(30 + 48 * n);
            shop.fill(period, &(0..MONTHS - month).map(outage).collect::<Vec<_>>());
        }
        shop
    }

    /// A hundred requests a minute, which all fail in an outage.
    fn fill(&mut self, period: Period, outages: &[Timestamp]) {
        let id = self.slos[0].indicator_id();
        let tile = |n: i64| {
            let start = period.start + Millis(n * SLOT_MS);
            let fails = outages.iter().any(|from| Period::new(*from, *from + OUTAGE).contains(start));
            let counts = EventCounts::new(if fails { 0 } else { 100 }, 100);
            Tile { start, counts, covered_ms: SLOT_MS as u32, ..Tile::default() }
        };
        let told = outages.split_last().map_or(outages, |(_, told)| told);
        let batch = Batch {
            tiles: vec![(id, (0..period.length().0 / SLOT_MS).map(tile).collect())],
            alerts: told.iter().map(|from| page(*from)).collect(),
            ingested: vec![(id, period), (feed_id("prom"), period)],
            recorded_at: period.end,
            ..Batch::default()
        };
        self.writer.write(&batch).unwrap();
    }

    fn trends(&self, as_of: &str) -> Trends {
        let reviewing = Reviewing {
            slos: &self.slos,
            reader: &self.reader,
            corrections: &[],
            on_call: &self.on_call,
            alerting: &Arc::default(),
        };
        let following = Following { reviewing, closed: &self.closed, sources: &self.sources, zone: ZONE };
        let as_of = at(as_of);
        following.trends(Month::at(as_of, ZONE), MONTHS_DEFAULT, as_of).unwrap()
    }
}

fn page(from: Timestamp) -> Alert {
    let mark = |at| Some(Mark::new(at, MarkSource::Alerts, Millis::from_secs(30)));
    Alert {
        rule: "CheckoutErrors".to_owned(),
        labels: Labels::new().with("alertname", "CheckoutErrors").with("service", "checkout"),
        severity: Severity::Page,
        condition: mark(from + PAGED_AFTER),
        firing: mark(from + PAGED_AFTER),
        ended: mark(from + OUTAGE),
        last_seen: from + OUTAGE,
        suppressed: false,
        receivers: Default::default(),
    }
}

fn of(trends: &Trends, series: Series) -> &SeriesTrend {
    trends.series.iter().find(|followed| followed.series == series).unwrap()
}

/// `2025-11 not known`
fn known(trends: &Trends) -> Vec<String> {
    trends.months.iter().map(|m| format!("{} {}", m.month, m.figures.word())).collect()
}

#[test]
fn ten_months_with_fewer_outages_each_are_better() {
    let shop = Shop::open();
    let trends = shop.trends("2026-11-03T12:00:00Z");
    assert_eq!(known(&trends)[..3], ["2025-11 not known", "2025-12 not known", "2026-01 stored"]);
    let incidents = of(&trends, Series::Incidents);
    assert_eq!(incidents.values[1..4], [None, Some(10.0), Some(9.0)], "nothing was read of December");
    assert_eq!((incidents.n(), incidents.values[11], incidents.verdict), (10, Some(1.0), TrendVerdict::Better));
    let slope = |series| of(&trends, series).trend.map(|t| t.slope);
    assert_eq!((slope(Series::Incidents), slope(Series::Pages)), (Some(-1.0), Some(-1.0)));
    // Each burns 20 minutes of the 432 that 1 % of 30 days are.
    let burned = of(&trends, Series::BudgetBurned);
    assert_eq!(burned.verdict, TrendVerdict::Better);
    let march = burned.values[4].unwrap();
    assert!((march - 8.0 * 20.0 / 432.0).abs() < 0.01, "{march}");
    let restore = of(&trends, Series::Restore);
    assert_eq!((restore.values[4], restore.verdict), (Some(1_200.0), TrendVerdict::NoEvidence), "as slow as ever");
    let detect = of(&trends, Series::Detect);
    assert_eq!((detect.values[4], detect.values[11]), (Some(300.0), None), "nobody was paged in October");
    // One of ten, one of nine, and so on to one of one.
    assert_eq!(of(&trends, Series::Undetected).verdict, TrendVerdict::Worse);
}

#[test]
fn the_running_month_and_one_that_is_just_over_are_not_known_yet() {
    let shop = Shop::open();
    // In Berlin the first of November begins an hour before that of UTC.
    let last = |as_of: &str| known(&shop.trends(as_of)).last().cloned().unwrap();
    assert_eq!(last("2026-10-31T22:30:00Z"), "2026-09 stored");
    assert_eq!(last("2026-10-31T23:30:00Z"), "2026-10 not known");
    assert_eq!(last("2026-11-01T23:30:00Z"), "2026-10 stored");
}

#[test]
fn a_month_of_which_an_hour_of_alerts_was_not_read_is_not_known() {
    let mut shop = Shop::open();
    shop.sources[0] = "another".to_owned();
    assert_eq!(shop.trends("2026-11-03T12:00:00Z").months_known(), 0, "the alerts of another source");
    let june = period_of("2026-06");
    let all_but_an_hour = [
        Period::new(period_of("2026-01").start, june.start),
        Period::new(june.start + Millis::from_hours(1), period_of("2026-10").end),
    ];
    let ingested = all_but_an_hour.map(|period| (feed_id("another"), period)).into();
    shop.writer.write(&Batch { ingested, ..Batch::default() }).unwrap();
    let trends = shop.trends("2026-11-03T12:00:00Z");
    assert_eq!((trends.months_known(), of(&trends, Series::Incidents).values[7]), (9, None));
}

#[test]
fn what_was_published_outlives_the_facts() {
    let mut shop = Shop::open();
    let figures = [("incidents", 10.0), ("undetected_incidents", 1.0)].map(|(name, v)| (name.to_owned(), Some(v)));
    let published = PublishedMonth {
        month: "2026-01".to_owned(),
        figures: figures.into(),
        published_at: at("2026-02-02T00:00:00Z"),
    };
    shop.writer.write(&Batch { published_months: vec![published], ..Batch::default() }).unwrap();
    shop.writer.expire(period_of("2026-03").start.day()).unwrap();
    let trends = shop.trends("2026-11-03T12:00:00Z");
    assert_eq!(known(&trends)[2..5], ["2026-01 published", "2026-02 not known", "2026-03 stored"]);
    assert_eq!(of(&trends, Series::Incidents).values[2..5], [Some(10.0), None, Some(8.0)]);
    assert_eq!(of(&trends, Series::Undetected).values[2], Some(0.1));
    assert_eq!(of(&trends, Series::Pages).values[2], None, "it was not published");
}

#[test]
fn a_report_tells_the_months_up_to_its_own() {
    let shop = Shop::open();
    let now = at("2026-11-03T12:00:00Z");
    let reporting = Reporting {
        slos: &shop.slos,
        reader: &shop.reader,
        corrections: &[],
        alerting: &Arc::default(),
        on_call: &shop.on_call,
        closed: &shop.closed,
        sources: &shop.sources,
        timezone: ZONE,
        now,
        as_of: now,
        scorecard: None,
        findings: Vec::new(),
    };
    let text = |month: &str| markdown(&reporting.month(month.parse().unwrap()).unwrap().unwrap());
    let september = text("2026-09").replace('\u{202f}', " ");
    assert!(september.contains("October 2025 to September 2026: of 12 months 9 are known."), "{september}");
    assert!(september.contains("–, –, –, 10, 9, 8, 7, 6, 5, 4, 3, 2"), "{september}");
    assert!(!text("2026-01").contains("Over months"), "one month is no course of time");
}
