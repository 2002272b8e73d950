//! Whether what somebody did by hand was an answer to a page. People seldom
//! scale, restart or cordon without a reason, so that it need not be compared
//! with how often they do so otherwise, as rollouts are. It says nothing where
//! it came before the page, which it may have caused, and where the same was
//! done at that time of other weeks too: that is a habit, or a schedule that uses
//! the tools of people. Must not know what else may be an answer.

use std::collections::HashMap;

use crate::evaluate::alerting::action::window::{ActionWindow, CONTROL_WEEKS, WEEK};
use crate::evaluate::alerting::pages::Page;
use crate::evaluate::incident::incidents::facts::IncidentFacts;
use crate::evaluate::incident::nodes::named_nodes;
use crate::model::operations::alert::AlertId;
use crate::model::operations::change::{Change, ChangeKind, ObjectRef};
use crate::model::time::{Millis, Period};

/// How surely what a person does after a page is an answer to it.
const BY_HAND: f64 = 0.8;

/// What is done at a time of the week is done again at about the same time.
const SAME_TIME: Millis = Millis::from_mins(60);

/// What people did, and when they were answering pages.
pub(crate) struct ByHand<'a> {
    /// The cordons of the nodes that an alert is about.
    cordons: HashMap<AlertId, Vec<&'a Change>>,
    by_object: HashMap<&'a ObjectRef, Vec<&'a Change>>,
    answering: HashMap<String, Vec<Period>>,
}

impl<'a> ByHand<'a> {
    pub(crate) fn new(facts: &IncidentFacts<'a>, pages: &[ActionWindow<'_>]) -> ByHand<'a> {
        let by_hand = |c: &&Change| matches!(c.kind, ChangeKind::Restart | ChangeKind::Scale | ChangeKind::Cordon);
        let mut by_object: HashMap<&ObjectRef, Vec<&Change>> = HashMap::new();
        for change in facts.changes.iter().filter(by_hand) {
            by_object.entry(&change.object).or_default().push(change);
        }
        let mut of_node: HashMap<&str, Vec<&Change>> = HashMap::new();
        for change in facts.changes.iter().filter(|c| c.kind == ChangeKind::Cordon) {
            of_node.entry(&change.object.name).or_default().push(change);
        }
        let mut cordons: HashMap<AlertId, Vec<&Change>> = HashMap::new();
        // Most of the time no node is cordoned, and there are many alerts.
        let alerts = facts.alerts.rows().iter().filter(|_| !of_node.is_empty());
        for (id, alert) in alerts.filter_map(|row| facts.alerts.id(row).zip(facts.alerts.alert(row))) {
            for of_named in named_nodes(alert).filter_map(|node| of_node.get(node)) {
                cordons.entry(id).or_default().extend(of_named);
            }
        }
        let mut answering: HashMap<String, Vec<Period>> = HashMap::new();
        for page in pages {
            answering.entry(page.service.unwrap_or_default().to_owned()).or_default().push(page.window);
        }
        ByHand { cordons, by_object, answering }
    }

    /// The cordons in the window of a page of the nodes that it is about.
    pub(crate) fn cordons(&self, page: &Page<'_>, window: Period) -> Vec<&'a Change> {
        let of_nodes = page.alerts.iter().filter_map(|id| self.cordons.get(id)).flatten().copied();
        let mut cordons: Vec<&Change> = of_nodes.filter(|c| window.contains(c.started_at)).collect();
        cordons.sort_by_key(|c| (c.started_at, c.id));
        // Several alerts of a page, or labels of an alert, may name one node.
        cordons.dedup_by_key(|c| c.id);
        cordons
    }

    /// 0..=1: how surely a change by hand was an answer to a page.
    pub(crate) fn weight(&self, change: &Change, page: &Page<'_>) -> f64 {
        let is_answer = change.started_at >= page.at && !self.is_habit(change, page);
        if is_answer { BY_HAND } else { 0.0 }
    }

    /// Whether the same was done at that time of another week, without a page.
    fn is_habit(&self, change: &Change, page: &Page<'_>) -> bool {
        let answering = self.answering.get(page.service.unwrap_or_default());
        let unasked = |other: &Change| !answering.into_iter().flatten().any(|window| window.contains(other.started_at));
        let is_same = |other: &Change| {
            let mut weeks = (-CONTROL_WEEKS..=CONTROL_WEEKS).filter(|week| *week != 0);
            let apart = other.started_at - change.started_at;
            other.kind == change.kind && weeks.any(|week| (apart.0 - WEEK.0 * week).abs() <= SAME_TIME.0)
        };
        let others = self.by_object.get(&change.object);
        others.into_iter().flatten().any(|other| is_same(other) && unasked(other))
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::scenario::{TextScenario, verdicts};

    fn judged(text: &str) -> Vec<String> {
        verdicts(&TextScenario::new(text).review())
    }

    const PAGE: &str = "slo web .*200\npage A web .*20 F*30 .*150";

    #[test]
    fn what_a_person_does_after_a_page_is_an_answer() {
        for kind in ["scale", "restart"] {
            assert_eq!(judged(&format!("{PAGE}\n{kind} web .*35 R .*164")), ["20 A actionable"], "{kind}");
        }
    }

    #[test]
    fn what_came_before_a_page_may_have_caused_it() {
        assert_eq!(judged(&format!("{PAGE}\nscale web .*17 R .*182")), ["20 A no-impact"]);
    }

    #[test]
    fn what_is_done_to_another_service_or_too_late_is_no_answer() {
        assert_eq!(judged(&format!("{PAGE}\nscale db .*35 R .*164")), ["20 A no-impact"]);
        assert_eq!(judged(&format!("{PAGE}\nscale web .*111 R .*88")), ["20 A no-impact"]);
    }

    #[test]
    fn a_cordon_answers_the_pages_that_are_about_the_node() {
        let of =
            |labels: &str| format!("slo web .*200\npage A web{{{labels}}} .*20 F*30 .*150\ncordon n-1 .*35 R .*164");
        for labels in ["node=n-1", "kubernetes_node=n-1", "instance=n-1", "instance=n-1:9100"] {
            assert_eq!(judged(&of(labels)), ["20 A actionable"], "{labels}");
        }
        for labels in ["", "node=n-11", "pod=n-1", "instance=n-1:metrics", "instance=10.0.0.1:9100"] {
            assert_eq!(judged(&of(labels)), ["20 A no-impact"], "{labels}");
        }
    }

    /// Eight days, with the same scaling on the first and the last, one page for
    /// the last.
    fn weekly(first_page: &str) -> String {
        format!(
            "slo web .*11520
             page A web .*10120 F*30 .*1370
             {first_page}
             scale web .*50 R .*11469
             scale web .*10130 R .*1389"
        )
    }

    #[test]
    fn what_is_done_at_that_time_of_other_weeks_too_is_a_habit() {
        assert_eq!(judged(&weekly("")), ["10120 A no-impact"]);
        let asked = weekly("page B web .*40 F*30 .*11450");
        assert_eq!(judged(&asked), ["40 B actionable", "10120 A actionable"], "each time it answered a page");
    }
}
