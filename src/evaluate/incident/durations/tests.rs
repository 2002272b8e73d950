//! Durations of incidents as timelines; see `scenario`.

use super::*;
use crate::evaluate::scenario::{TextScenario, minute};
use crate::model::operations::record::RecordKind;

fn of(text: &str) -> Durations {
    TextScenario::new(text).review().durations
}

fn minutes(values: &[Millis]) -> Vec<i64> {
    values.iter().map(|v| v.0 / 60_000).collect()
}

#[test]
fn durations_run_from_what_users_saw() {
    let d = of("
        slo  web    .*10 5*20  .*200 5*30  .*60
        page A web  .*12 F*20  .*198 ....  F*31 .*55
    ");
    assert_eq!(minutes(&d.detect.values), [2, 4]);
    assert_eq!(minutes(&d.restore.values), [20, 30]);
    assert_eq!(minutes(&d.resolve.values), [22, 35]);
    assert_eq!((d.acknowledge.n, d.acknowledge.censored, d.acknowledge.median), (0, 0, None));
    assert_eq!(d.restore.median, Some(Millis::from_mins(20)));
    assert_eq!(d.restore.median_interval, None, "two are too few");
}

#[test]
fn what_goes_on_is_known_to_last_at_least_so_long() {
    let d = of("slo web .*10 5*50\npage A web .*12 F*48");
    assert_eq!((d.detect.n, d.detect.median), (1, Some(Millis::from_mins(2))));
    assert_eq!((d.restore.n, d.restore.censored, d.restore.median), (0, 1, None));
    assert_eq!((d.resolve.n, d.resolve.censored), (0, 1));
    assert_eq!((d.acknowledge.n, d.acknowledge.censored), (0, 1));
    assert_eq!(of("slo web .*60"), Durations::default());
}

#[test]
fn a_burn_without_a_page_was_undetected_as_long_as_it_went_on() {
    let d = of("slo web .*10 5*20 .*60");
    assert_eq!((d.detect.n, d.detect.censored, d.detect.median), (0, 1, None));
    assert_eq!(minutes(&d.restore.values), [20]);
    assert_eq!((d.resolve.n, d.resolve.censored), (0, 0), "there was no alert to resolve");
}

#[test]
fn an_alert_that_stands_in_for_the_onset_detects_nothing() {
    let d = of("page A db .. PPP F*9 .*60");
    assert_eq!((d.detect.n, d.detect.censored), (0, 0));
    assert_eq!(minutes(&d.restore.values), [12]);
    assert_eq!(minutes(&d.resolve.values), [12]);
}

#[test]
fn a_page_before_the_onset_has_no_time_to_detect() {
    let before = of("slo web .*20 5*20 .*60\npage A web .*15 F*30 .*55");
    assert_eq!((before.detect.n, before.detect.censored, before.detect.contradictory), (0, 0, 0));
    let long_before = of("slo web .*60 5*20 .*60\npage A web .*15 F*80 .*45");
    assert_eq!((long_before.detect.n, long_before.detect.censored), (0, 0));
}

#[test]
fn an_acknowledgement_before_the_page_is_unknown_and_counted_as_such() {
    let d = of("page A web .*20 F*20 .*60\nsays web PD1 .*21 I .*60\nsays web X .*15 A .*60");
    assert_eq!((d.acknowledge.n, d.acknowledge.contradictory), (0, 1));
    assert_eq!(d.acknowledge.values, []);
}

#[test]
fn a_sharp_page_goes_before_an_estimated_notification() {
    let mut scenario = TextScenario::new("page A web .*20 F*200 .*60\nsays A - .*120 N .*60\nsays web PD1 .*23 A .*60");
    scenario.records.iter_mut().for_each(|r| r.estimated = r.kind == RecordKind::Notification);
    assert_eq!(minutes(&scenario.review().durations.acknowledge.values), [3]);
}

#[test]
fn an_answer_counts_from_the_page() {
    let d = of("slo web .*10 5*20 .*60\npage A web .*12 F*7 !*9 .*60");
    assert_eq!(minutes(&d.acknowledge.values), [7]);
}

#[test]
fn the_month_of_an_incident_is_the_one_in_which_it_began() {
    let scenario = TextScenario::new("slo web .*10 5*20 .*30\npage A web .*12 F*20 .*28");
    let all = scenario.review().incidents;
    let in_period = |from, to| durations(all.iter(), Period::new(minute(from), minute(to)), minute(60)).restore.n;
    assert_eq!((in_period(0, 10), in_period(10, 11), in_period(11, 60)), (0, 1, 0));
}

#[test]
fn a_mean_is_told_only_of_durations_that_have_all_ended() {
    let mean = |open: Option<i64>| {
        let ended = [1, 2, 6].map(|m| Length::Ended(Millis::from_mins(m)));
        stat(ended.into_iter().chain(open.map(|m| Length::AtLeast(Millis::from_mins(m))))).mean
    };
    assert_eq!((mean(None), mean(Some(9))), (Some(Millis::from_mins(3)), None));
}

#[test]
fn the_median_has_an_interval_from_six_durations_on() {
    let lengths = |ended: &[i64], open: &[i64]| {
        let ended = ended.iter().map(|m| Length::Ended(Millis::from_mins(*m)));
        stat(ended.chain(open.iter().map(|m| Length::AtLeast(Millis::from_mins(*m))))).median_interval
    };
    let mins = |a, b: Option<i64>| Some((Millis::from_mins(a), b.map(Millis::from_mins)));
    assert_eq!(lengths(&[3, 1, 2, 6, 5], &[]), None);
    assert_eq!(lengths(&[3, 1, 2, 6, 5, 4], &[]), mins(1, Some(6)));
    assert_eq!(lengths(&[3, 1, 2, 6, 5, 4, 7, 8], &[9]), mins(2, Some(8)));
    // The open one may become the eighth or not: then the curve decides.
    assert_eq!(lengths(&[3, 1, 2, 6, 5, 4, 7, 8], &[6]), mins(1, Some(7)));
    assert_eq!(lengths(&[1, 2, 3], &[4, 5, 6]), mins(1, None), "half have not ended");
}

#[test]
fn only_business_hours_count_in_them() {
    // Minute 0 is the midnight before a Wednesday in UTC; the usual hours are 7:00 to 22:00.
    let review = TextScenario::new("slo web .*390 5*60 .*60\npage A web .*392 F*60 .*58").review();
    assert_eq!(minutes(&review.durations.restore.values), [60]);
    assert_eq!(minutes(&review.business.restore.values), [30], "from seven on");
    assert_eq!(minutes(&review.business.detect.values), [0]);
    let weekend = TextScenario::new("slo web .*4920 5*60 .*60").review();
    assert_eq!(minutes(&weekend.business.restore.values), [0]);
}
