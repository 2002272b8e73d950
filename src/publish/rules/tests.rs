//! What the rules of one definition say; that Prometheus takes them and that they fire
//! is an integration test.

use super::{RuleFormat, generate};
use crate::model::slo::group_by::GroupBy;
use crate::model::slo::{AlertPolicy, AlertTier, Slo};
use crate::model::testing::{composite, slo};

fn with_alerts(slo: Slo) -> Slo {
    Slo { alerts: AlertPolicy { tiers: AlertTier::standard(), ..slo.alerts.clone() }, ..slo }
}

#[test]
fn an_slo_has_a_record_for_each_lookback_an_alert_for_each_tier_and_one_on_missing_data() {
    let rules = generate(&[with_alerts(slo("shop"))], RuleFormat::Prometheus);
    assert_eq!(rules.text.matches("- record: slo:error_ratio:rate").count(), 7, "{}", rules.text);
    assert_eq!(rules.text.matches("- alert: ErrorBudgetBurn").count(), 4);
    assert_eq!(rules.text.matches("- alert: SloDataMissing").count(), 1);
    assert!(rules.text.contains("slo:error_ratio:rate1h{slo=\"shop\"} > 14.4 * 0."), "{}", rules.text);
    assert!(rules.left_out.is_empty());
}

#[test]
fn what_rules_cannot_say_is_named() {
    let all = [with_alerts(slo("cart")), with_alerts(slo("pay")), with_alerts(composite("journey", &["cart", "pay"]))];
    let rules = generate(&all, RuleFormat::Prometheus);
    assert_eq!(rules.left_out, [("journey".to_owned(), "a composite combines minutes of other SLOs".to_owned())]);
    assert!(rules.text.contains("# not here: journey: a composite combines minutes of other SLOs\n"));
}

#[test]
fn groups_of_mimir_hold_no_more_than_it_takes() {
    let mut many = with_alerts(slo("shop"));
    let tier = |n: i64| AlertTier {
        name: format!("t{n}"),
        long: crate::model::time::Millis::from_hours(n + 1),
        short: crate::model::time::Millis::from_mins(n + 1),
        ..AlertTier::standard().remove(0)
    };
    many.alerts.tiers = (0..16).map(tier).collect();
    let rules = generate(&[many], RuleFormat::Mimir).text;
    let sizes: Vec<usize> = rules
        .split("- name: ")
        .skip(1)
        .map(|group| group.matches("- record:").count() + group.matches("- alert:").count())
        .collect();
    assert!(sizes.len() > 2 && sizes.iter().all(|size| *size <= 20), "{sizes:?}");
}

#[test]
fn divided_slos_have_a_series_for_each_group() {
    let divided =
        Slo { group_by: Some(GroupBy { labels: vec!["route".to_owned()], groups_max: 5 }), ..with_alerts(slo("shop")) };
    let rules = generate(&[divided], RuleFormat::Prometheus);
    assert!(rules.text.contains("by (route)"), "{}", rules.text);
    assert_eq!(rules.untested, [("shop".to_owned(), "its groups are not known".to_owned())]);
}
