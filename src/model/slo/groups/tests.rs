//! Divided SLOs as their names, labels and selectors.

use super::*;
use crate::model::labels::{Labels, NAME};
use crate::model::testing::slo;

fn divided(labels: &[&str], groups_max: usize) -> Slo {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    Slo { group_by: Some(GroupBy { labels, groups_max }), ..slo("shop") }
}

fn groups(values: &[&[&str]]) -> Vec<GroupValues> {
    values.iter().map(|group| group.iter().map(|value| (*value).to_owned()).collect()).collect()
}

fn names(slos: &[Slo]) -> Vec<&str> {
    slos.iter().map(|slo| slo.name.as_str()).collect()
}

fn expanded(slo: &Slo, values: &[&[&str]]) -> Vec<Slo> {
    expand([slo].into_iter(), |_| groups(values))
}

#[test]
fn each_group_has_a_name_labels_and_selectors_of_its_own() {
    let slos = expanded(&divided(&["route"], 5), &[&["/checkout"], &["/Cart/items"], &[""]]);
    assert_eq!(names(&slos)[..2], ["shop-checkout", "shop-cart-items"]);
    assert!(slos[2].name.starts_with("shop-") && slos[2].name.len() == "shop-".len() + 8, "{}", slos[2].name);
    let first = &slos[0];
    assert_eq!((first.labels.get("route"), first.group_of.as_deref()), (Some("/checkout"), Some("shop")));
    assert_eq!(first.indicator.to_string(), r#"bad bad_total{route="/checkout"} of all_total{route="/checkout"}"#);
    assert_eq!(slos[2].labels.get("route"), Some("(none)"));
    assert_eq!(slos[2].indicator.to_string(), r#"bad bad_total{route=""} of all_total{route=""}"#);
    assert!(slos.iter().all(|slo| slo.group_by.is_none()));
    assert_eq!(names(&expanded(&slo("shop"), &[&["a"]])), ["shop"], "what is not divided is itself");
    assert_eq!(expanded(&divided(&["route"], 5), &[]), []);
}

#[test]
fn names_are_told_apart_whatever_the_values_are() {
    let long = "x".repeat(10_000);
    let hostile = [&["a/b"], &["a b"], &["A_B"], &["\"} or up"], &["\u{1}\u{202e}"], &["rest"], &[long.as_str()]];
    let hostile: Vec<&[&str]> = hostile.iter().map(|group| group.as_slice()).collect();
    let slos = expanded(&divided(&["route"], 100), &hostile);
    let all: BTreeSet<&str> = names(&slos).into_iter().collect();
    // The one of 10 KB is part of the rest.
    assert_eq!((all.len(), slos.last().unwrap().labels.get("group")), (hostile.len(), Some("rest")));
    for slo in &slos {
        assert!(slo.name.len() <= 63 && !slo.name.ends_with('-'), "{}", slo.name);
        assert!(slo.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", slo.name);
        let Some(label) = slo.labels.get("route") else { continue };
        assert!(label.chars().count() <= 121 && !label.chars().any(char::is_control), "{label:?}");
    }
    // A group that is called as another SLO is.
    let (divided, other) = (divided(&["route"], 5), slo("shop-cart"));
    let slos = expand([&divided, &other].into_iter(), |_| groups(&[&["cart"]]));
    assert!(names(&slos)[0].starts_with("shop-cart-") && names(&slos)[1] == "shop-cart", "{:?}", names(&slos));
}

#[test]
fn labels_that_are_ours_stand_beside_the_groups_own() {
    let slos = expanded(&divided(&["cluster"], 5), &[&["eu"]]);
    assert_eq!((slos[0].labels.get("group_cluster"), slos[0].labels.get("cluster")), (Some("eu"), None));
}

#[test]
fn every_series_is_in_one_group_or_in_the_rest() {
    let own = [["/a", "GET"], ["/a", "PUT"], ["/b.c", "GET"], ["", "GET"]];
    let values: Vec<&[&str]> = own.iter().map(|group| group.as_slice()).chain([["/z", "PUT"].as_slice()]).collect();
    let slos = expanded(&divided(&["route", "method"], own.len()), &values);
    assert_eq!(slos.len(), own.len() + 1);
    let rest = slos.last().unwrap();
    assert_eq!((rest.name.as_str(), rest.labels.get("group")), ("shop-rest", Some("rest")));
    let totals: Vec<SelectorSum> = slos
        .iter()
        .map(|slo| match &slo.indicator {
            Sli::Ratio { total, .. } => total.clone(),
            other => panic!("{other}"),
        })
        .collect();
    for route in ["/a", "/b.c", "/bxc", "/z", ""] {
        for method in ["GET", "PUT", "DELETE", ""] {
            let labels = Labels::new().with(NAME, "all_total").with("route", route).with("method", method);
            let times: Vec<i64> = totals.iter().map(|total| total.matches(&labels)).collect();
            assert_eq!(times.iter().sum::<i64>(), 1, "{route} {method}: {times:?}");
            let is_own = own.contains(&[route, method]);
            assert_eq!(times.last() == Some(&1), !is_own, "{route} {method}");
        }
    }
}

#[test]
fn the_most_groups_with_the_longest_values_still_have_a_rest() {
    let values: Vec<String> = (0..=GROUPS_MAX).map(|n| format!("{n:03}/{}", "ü.".repeat(38))).collect();
    assert!(values.iter().all(|value| value.len() <= VALUES_BYTES_MAX && value.len() > VALUES_BYTES_MAX - 5));
    let groups: Vec<GroupValues> = values.into_iter().map(|value| vec![value]).collect();
    let slos = expand([&divided(&["route"], GROUPS_MAX)].into_iter(), |_| groups.clone());
    assert_eq!((slos.len(), slos.last().unwrap().name.as_str()), (GROUPS_MAX + 1, "shop-rest"));
}
