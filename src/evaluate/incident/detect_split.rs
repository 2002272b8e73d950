//! What the time from the first harm to the notification was spent on: until the
//! expression of an alert held, until the `for` of its rule was over, and until
//! somebody was notified.

use super::durations::{DurationStat, Length, stat};
use crate::model::operations::alert::Mark;
use crate::model::operations::incident::Incident;
use crate::model::time::{Millis, Period};

/// The parts of the time to detect, and what comes after it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetectSplit {
    /// From the onset until the condition of an alert was true.
    pub condition: DurationStat,
    /// From there until the first page fired.
    pub hold: DurationStat,
    /// From the page until somebody was notified.
    pub notification: DurationStat,
}

impl DetectSplit {
    /// The parts by name, in order.
    pub fn named(&self) -> [(&'static str, &DurationStat); 3] {
        [("condition", &self.condition), ("for", &self.hold), ("notification", &self.notification)]
    }
}

/// Over the incidents that began in `period` and that somebody was paged for. A part
/// needs both of its times measured; one that ends before it begins is left out, as
/// the alert had seen something else.
pub fn detect_split<'a>(incidents: impl Iterator<Item = &'a Incident> + Clone, period: Period) -> DetectSplit {
    let paged = || {
        let began = incidents.clone().filter(|i| i.start().is_some_and(|at| period.contains(at)));
        began.filter(|i| i.detected)
    };
    let part = |from: fn(&Incident) -> Option<Mark>, to: fn(&Incident) -> Option<Mark>| {
        let length = |i: &Incident| {
            let (from, to) = (from(i).filter(|m| !m.estimated)?, to(i).filter(|m| !m.estimated)?);
            Some(to.at - from.at).filter(|length| *length >= Millis(0))
        };
        stat(paged().filter_map(length).map(Length::Ended))
    };
    DetectSplit {
        condition: part(|i| i.times.onset, |i| i.times.condition),
        hold: part(|i| i.times.condition, |i| i.times.firing),
        notification: part(|i| i.times.firing, |i| i.times.notified),
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::scenario::TextScenario;
    use crate::model::time::Millis;

    #[test]
    fn the_time_to_detect_is_the_condition_and_the_hold_and_the_notification_follows() {
        let review = TextScenario::new(
            "
            slo  web   .*10 5*30           .*60
            page A web .*13 PPPPP F*20     .*62
            says A -   .*20 N              .*79
            ",
        )
        .review();
        let parts = review.split.named().map(|(name, stat)| (name, stat.values.clone()));
        let mins = |n| vec![Millis::from_mins(n)];
        assert_eq!(parts, [("condition", mins(3)), ("for", mins(5)), ("notification", mins(2))]);
        assert_eq!(review.durations.detect.values, mins(8));
    }

    #[test]
    fn what_was_not_measured_is_no_part() {
        let undetected = TextScenario::new("slo web .*10 5*30 .*60").review();
        let stand_in = TextScenario::new("page A web .*13 PPP F*20 .*62").review();
        let counts = [undetected, stand_in].map(|review| review.split.named().map(|(_, stat)| stat.n));
        assert_eq!(counts, [[0, 0, 0], [0, 1, 0]]);
    }
}
