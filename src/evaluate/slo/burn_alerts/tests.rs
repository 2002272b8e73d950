//! Burn alerts minute by minute: what is sent, under which labels, and what is held back.

use std::sync::Arc;

use super::*;
use crate::evaluate::slo::compliance::{judge, present};
use crate::evaluate::slo::history::History;
use crate::evaluate::slo::status::Budget;
use crate::evaluate::slo::tiers::TierStatus;
use crate::model::slo::{AlertTier, PolicyStep, Severity, Slo};
use crate::model::testing::{composite, slo};

pub fn judged(verdicts: &[TierVerdict]) -> SloJudgement {
    of(slo("checkout"), verdicts)
}

fn of(slo: Slo, verdicts: &[TierVerdict]) -> SloJudgement {
    let slo = Arc::new(slo);
    let period = slo.first_window().nominal_length();
    let status = |(tier, verdict): (&AlertTier, &TierVerdict)| TierStatus {
        tier: tier.clone(),
        factor: tier.factor(period),
        long_rate: Some(20.0),
        short_rate: Some(30.0),
        verdict: *verdict,
        stretched: None,
        held_back: 0,
    };
    let tiers = slo.alerts.tiers.iter().zip(verdicts).map(status).collect();
    SloJudgement { slo, windows: vec![], good_since_start: 0, bad_since_start: 0, tiers }
}

pub fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000) + Millis::from_mins(minute)
}

pub fn moment(minute: i64) -> Moment {
    Moment { as_of: at(minute), now: at(minute), interval: Millis::from_mins(1) }
}

use TierVerdict::{Firing, Frozen, Quiet};

/// Steps minute by minute; tells what was sent as `tier@start-end`.
fn run(verdicts: &[[TierVerdict; 2]]) -> Vec<Vec<String>> {
    let mut alerts = BurnAlerts::new();
    let minute = |t: Timestamp| (t - at(0)).0 / 60_000;
    let mut sent = Vec::new();
    for (i, verdict) in verdicts.iter().enumerate() {
        let due = step(&mut alerts, &[judged(verdict)], &Labels::new(), moment(i as i64));
        let show = |d: &Due| format!("{}@{}-{}", d.labels.get("tier").unwrap(), minute(d.starts_at), minute(d.ends_at));
        sent.push(due.iter().map(show).collect());
    }
    sent
}

#[test]
fn an_alert_is_sent_every_minute_and_resolved_ones_for_a_while() {
    let mut story = vec![[Quiet, Quiet], [Firing, Quiet], [Firing, Quiet]];
    story.extend(vec![[Quiet, Quiet]; 20]);
    let sent = run(&story);
    assert_eq!(
        sent.iter().take(4).cloned().collect::<Vec<_>>(),
        [vec![], vec!["fast@1-5".to_owned()], vec!["fast@1-6".to_owned()], vec!["fast@1-3".to_owned()]]
    );
    assert_eq!(sent.iter().filter(|s| s.contains(&"fast@1-3".to_owned())).count(), 16);
}

#[test]
fn the_most_severe_tier_speaks_for_the_others_and_stays_out_while_any_of_them_fires() {
    let sent = run(&[[Firing, Firing], [Quiet, Firing], [Quiet, Quiet]]);
    assert_eq!(sent, [["fast@0-4"], ["fast@0-5"], ["fast@0-2"]]);
    let sent = run(&[[Quiet, Firing], [Firing, Firing]]);
    assert_eq!(sent, [["medium@0-4"], ["medium@0-5"]], "a second page for one burn helps nobody");
}

#[test]
fn frozen_neither_fires_nor_resolves() {
    let sent = run(&[[Frozen, Quiet], [Firing, Quiet], [Frozen, Quiet]]);
    assert_eq!(sent, [vec![], vec!["fast@1-5".to_owned()], vec!["fast@1-6".to_owned()]]);
}

/// A judgement whose budget has so much left, of which so much was seen.
fn with_budget(remaining_ratio: f64, coverage: f64) -> SloJudgement {
    let step = |remaining_ratio, text: &str| PolicyStep {
        remaining_ratio,
        text: text.to_owned(),
        owner: "payments".to_owned(),
        severity: Severity::Ticket,
    };
    let mut slo = slo("checkout");
    slo.alerts.tiers.clear();
    slo.alerts.missing_data = Some(Severity::Info);
    slo.budget_policy = vec![step(0.5, "Rollouts by day only."), step(0.2, "No rollouts."), step(0.0, "Mend.")];
    let slo = Arc::new(slo);
    let history = History::new(slo.budgeting);
    let now = present(&slo, &history, at(0));
    let mut status = judge(&slo, *slo.first_window(), &history, at(0), &now);
    status.coverage = coverage;
    status.burn_rates.iter_mut().for_each(|b| b.coverage = coverage);
    status.budget = (coverage > 0.0).then(|| Budget { remaining_ratio, ..Budget::default() });
    SloJudgement { slo, windows: vec![status], good_since_start: 0, bad_since_start: 0, tiers: vec![] }
}

#[test]
fn the_step_that_is_entered_speaks_and_the_unknown_moves_none() {
    let mut alerts = BurnAlerts::new();
    let mut sent = Vec::new();
    for (minute, (left, seen)) in
        [(0.6, 1.0), (0.5, 1.0), (0.1, 1.0), (-0.3, 1.0), (0.0, 0.0), (0.7, 1.0)].iter().enumerate()
    {
        let due = step(&mut alerts, &[with_budget(*left, *seen)], &Labels::new(), moment(minute as i64));
        let firing = due.iter().filter(|d| d.ends_at > at(minute as i64));
        let name =
            |d: &Due| [d.labels.get("alertname"), d.labels.get("step")].map(|l| l.unwrap_or("-").to_owned()).join(" ");
        sent.push(firing.map(name).collect::<Vec<_>>().join(", "));
    }
    let spent = "ErrorBudgetExhausted 0%";
    let blind = "ErrorBudgetExhausted 0%, SloDataMissing -";
    assert_eq!(sent, ["", "ErrorBudgetPolicy 50%", "ErrorBudgetPolicy 20%", spent, blind, ""]);
}

#[test]
fn a_step_says_what_to_do_and_whose_it_is() {
    let due = step(&mut BurnAlerts::new(), &[with_budget(0.123, 1.0)], &Labels::new(), moment(0));
    let [one] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!(
        one.labels.to_string(),
        r#"{alertname="ErrorBudgetPolicy", service="checkout", severity="ticket", slo="checkout", slo_family="checkout", slo_role="whole", step="20%"}"#
    );
    assert_eq!(one.annotations.get("owner"), Some("payments"));
    assert_eq!(one.annotations.get("description"), Some("No rollouts. (12.3 % left over 30d, step 20%)"));
}

#[test]
fn labels_stay_numbers_go_into_annotations() {
    let mut alerts = BurnAlerts::new();
    let due = step(&mut alerts, &[judged(&[Firing])], &Labels::new().with("cluster", "eu1"), moment(0));
    let one = due.first().unwrap();
    assert_eq!(
        one.labels.to_string(),
        r#"{alertname="ErrorBudgetBurn", cluster="eu1", service="checkout", severity="page", slo="checkout", slo_family="checkout", slo_role="whole", tier="fast"}"#
    );
    assert!(one.annotations.get("description").unwrap().contains("20.0x over 1h"));
}

/// What fires in each minute, as `slo:tiers` with one letter a tier (`F`ast, `m`edium,
/// `s`low), and what is sent as firing, as `slo severity`.
fn outage(slos: &[Slo], minutes: &[&str]) -> Vec<String> {
    let mut alerts = BurnAlerts::new();
    let mut sent = Vec::new();
    for (minute, firing) in minutes.iter().enumerate() {
        let fires = |slo: &Slo| {
            let of_slo = firing.split(' ').find_map(|part| part.strip_prefix(&format!("{}:", slo.name))).unwrap_or("");
            let verdicts = ['F', 'm', 's'].map(|c| if of_slo.contains(c) { Firing } else { Quiet });
            of(slo.clone(), &verdicts)
        };
        let judged: Vec<SloJudgement> = slos.iter().map(fires).collect();
        let due = step(&mut alerts, &judged, &Labels::new(), moment(minute as i64));
        let firing = due.iter().filter(|d| d.ends_at > at(minute as i64));
        let name = |d: &Due| format!("{} {}", d.labels.get("slo").unwrap(), d.labels.get("severity").unwrap());
        sent.push(firing.map(name).collect::<Vec<_>>().join(", "));
    }
    sent
}

#[test]
fn one_outage_of_a_composite_and_its_components_is_one_page() {
    let slos = [composite("journey", &["cart", "pay"]), slo("cart"), slo("pay"), slo("mail")];
    let together = outage(&slos, &["journey:F cart:F pay:F mail:F", "cart:F pay:F mail:F"]);
    assert_eq!(together[0], "journey page, mail page", "the whole speaks for its parts, and mail is no part");
    let one_by_one = outage(&slos, &["cart:F", "cart:F journey:F", "cart:F journey:F pay:F", "journey:F", ""]);
    assert_eq!(one_by_one, ["cart page", "cart page", "cart page", "", ""]);
    let slow = outage(&slos, &["cart:F", "cart:F journey:s", "journey:s"]);
    assert_eq!(slow[1], "cart page", "a ticket beside the page of the same outage is none");
    let worse = outage(&slos, &["journey:s", "journey:s cart:F"]);
    assert_eq!(worse, ["journey ticket", "journey ticket, cart page"], "a ticket holds no page back");
}

#[test]
fn what_still_fires_a_while_after_the_page_is_over_pages_by_itself() {
    let slos = [composite("journey", &["cart", "pay"]), slo("cart"), slo("pay")];
    let mut minutes = vec!["cart:F"];
    minutes.extend(["journey:F"; 12]);
    let sent = outage(&slos, &minutes);
    assert_eq!(sent[..11].iter().filter(|s| s.contains("journey")).count(), 0, "{sent:?}");
    assert_eq!(sent[11..], ["journey page", "journey page"]);
}

#[test]
fn groups_hold_each_other_back_unless_they_are_other_clusters_or_of_other_teams() {
    let group = |name: &str, label: &str, value: &str| {
        let labels = slo(name).labels.with(label, value);
        Slo { labels, group_of: Some("shop".to_owned()), ..slo(name) }
    };
    let routes = [group("shop-a", "route", "/a"), group("shop-b", "route", "/b")];
    assert_eq!(outage(&routes, &["shop-a:F", "shop-a:F shop-b:F"]), ["shop-a page", "shop-a page"]);
    for label in ["team", "cluster", "group_cluster"] {
        let apart = [group("shop-a", label, "a"), group("shop-b", label, "b")];
        let sent = outage(&apart, &["shop-a:F", "shop-a:F shop-b:F"]);
        assert_eq!(sent, ["shop-a page", "shop-a page, shop-b page"], "{label}");
        let due = step(&mut BurnAlerts::new(), &[of(apart[0].clone(), &[Firing])], &Labels::new(), moment(0));
        assert_eq!(due[0].labels.get(label), Some("a"), "Alertmanager's rules compare it");
    }
}

#[test]
fn an_alert_names_the_slos_that_it_is_sent_for() {
    let slos = [composite("journey", &["cart", "pay"]), slo("cart"), slo("pay")];
    let judged: Vec<SloJudgement> = slos.iter().map(|slo| of(slo.clone(), &[Firing])).collect();
    let due = step(&mut BurnAlerts::new(), &judged, &Labels::new(), moment(0));
    let [one] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!(one.annotations.get("also_affected"), Some("cart, pay"));
}

#[test]
fn a_budget_that_a_burn_exhausts_is_a_ticket_and_one_that_no_burn_pages_for_is_a_page() {
    let spent = |firing: TierVerdict| {
        let mut judged = with_budget(-0.1, 1.0);
        let mut slo = slo("checkout");
        let text = "No rollouts.".to_owned();
        slo.budget_policy =
            vec![PolicyStep { remaining_ratio: 0.0, text, owner: "shop".to_owned(), severity: Severity::Page }];
        let tiers = of(slo.clone(), &[firing]).tiers;
        (judged.slo, judged.tiers) = (Arc::new(slo), tiers);
        judged
    };
    let sent = |story: &[TierVerdict]| {
        let mut alerts = BurnAlerts::new();
        let minute = |(minute, firing): (usize, &TierVerdict)| {
            let due = step(&mut alerts, &[spent(*firing)], &Labels::new(), moment(minute as i64));
            let firing = due.iter().filter(|d| d.ends_at > at(minute as i64));
            let name =
                |d: &Due| format!("{} {}", d.labels.get("alertname").unwrap(), d.labels.get("severity").unwrap());
            firing.map(name).collect::<Vec<_>>().join(", ")
        };
        story.iter().enumerate().map(minute).collect::<Vec<_>>()
    };
    let burn = "ErrorBudgetBurn page, ErrorBudgetExhausted ticket";
    assert_eq!(sent(&[Firing, Firing]), [burn, burn]);
    assert_eq!(sent(&[Quiet, Firing, Quiet]), ["", burn, "ErrorBudgetExhausted ticket"], "before the tier");
    let alone = sent(&[Quiet; 7]);
    assert_eq!(alone, ["", "", "", "", "", "ErrorBudgetExhausted page", "ErrorBudgetExhausted page"]);
}
