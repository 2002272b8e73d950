//! Unit tests of the rules of an SLO: it burns, it is quiet, its data are missing.

use super::examples::{example, series};
use super::group::{BURN, GeneratedRule, MISSING, RuleGroup, threshold};
use crate::model::labels::selector::{MatchOp, Matcher, SelectorSum};
use crate::model::labels::{Labels, NAME};
use crate::model::slo::Slo;
use crate::model::slo::sli::{Numerator, Sli};
use crate::model::time::Millis;

/// Labels and annotations of an alert.
type Expected = (Labels, Labels);

/// A history, and the alerts that fire at its end.
pub struct TestCase {
    pub name: String,
    /// Series with the values that they take, one a minute.
    pub series: Vec<(String, String)>,
    pub at: Millis,
    pub alerts: Vec<(&'static str, Vec<Expected>)>,
}

/// History before the longest lookback, so that no range begins at the first sample.
const MARGIN: Millis = Millis::from_hours(1);
/// Events a minute of a test.
const EVENTS: f64 = 1_000.0;
/// How far above the highest threshold a test burns.
const ABOVE: f64 = 1.2;

/// Series whose good and bad events a minute can be chosen.
struct Inputs {
    good: Labels,
    bad: Labels,
    /// The count of a histogram, where good events are part of it.
    all: Option<Labels>,
}

/// When the tests look. Rules are evaluated at the beginning and then, as each evaluation
/// reads the longest lookback.
pub fn moment(slo: &Slo) -> Millis {
    let longest = slo.alerts.tiers.iter().map(|tier| tier.long).max();
    Millis(longest.unwrap_or(MARGIN).max(MARGIN).0 + MARGIN.0)
}

/// The tests of an SLO; the reason why it has none.
pub fn of_slo(slo: &Slo, group: &RuleGroup) -> Result<Vec<TestCase>, String> {
    if slo.group_by.is_some() {
        return Err("its groups are not known".to_owned());
    }
    let inputs = inputs(slo).ok_or("no series was found that its selectors tell apart")?;
    let highest = slo.alerts.tiers.iter().map(|tier| threshold(slo, tier)).fold(0.0, f64::max);
    let ratio = (highest * ABOVE).min(1.0);
    let fires = |rule: &GeneratedRule| match rule {
        GeneratedRule::Alert { name: BURN, labels, annotations, .. } => {
            let tier = slo.alerts.tiers.iter().find(|tier| labels.get("tier") == Some(&tier.name))?;
            (ratio > threshold(slo, tier)).then(|| (labels.clone(), annotations.clone()))
        }
        _ => None,
    };
    let burning: Vec<Expected> = group.rules.iter().filter_map(fires).collect();
    let missing: Vec<Expected> = group
        .rules
        .iter()
        .filter_map(|rule| match rule {
            GeneratedRule::Alert { name: MISSING, labels, annotations, .. } => {
                Some((labels.clone(), annotations.clone()))
            }
            _ => None,
        })
        .collect();
    let at = moment(slo);
    let minutes = at.0 / Millis::from_mins(1).0;
    let case = |what: &str, series: Vec<(String, String)>, at, alerts| TestCase {
        name: format!("{} {what}", slo.name),
        series,
        at,
        alerts,
    };
    let mut cases = vec![
        case("burns", inputs.values(ratio, minutes), at, vec![(BURN, burning), (MISSING, Vec::new())]),
        case("is quiet", inputs.values(0.0, minutes), at, vec![(BURN, Vec::new()), (MISSING, Vec::new())]),
    ];
    if !missing.is_empty() {
        cases.push(case("has no data", Vec::new(), at, vec![(MISSING, missing)]));
    }
    Ok(cases)
}

impl Inputs {
    fn values(&self, ratio: f64, minutes: i64) -> Vec<(String, String)> {
        let bad = EVENTS * ratio;
        let step = |labels: &Labels, per_minute: f64| (series(labels), format!("0+{per_minute}x{minutes}"));
        match &self.all {
            // Buckets hold the good events, the count holds all.
            Some(all) => vec![step(&self.good, EVENTS - bad), step(all, EVENTS)],
            None => vec![step(&self.good, EVENTS - bad), step(&self.bad, bad)],
        }
    }
}

fn inputs(slo: &Slo) -> Option<Inputs> {
    match &slo.indicator {
        Sli::Ratio { numerator, total } => {
            let part = numerator.sum();
            let first = part.iter().next()?;
            let counted = example(first, None, Some(total));
            if let Some(counted) = counted.filter(|labels| total.matches(labels) == 1 && part.matches(labels) == 1) {
                let other = total.iter().find_map(|one| example(one, Some(part), None))?;
                let (good, bad) = match numerator {
                    Numerator::Good(_) => (counted, other),
                    Numerator::Bad(_) => (other, counted),
                };
                return Some(Inputs { good, bad, all: None });
            }
            of_buckets(numerator, total)
        }
        Sli::Latency { histogram, threshold_seconds, unit } => {
            let bound = unit.bound(*threshold_seconds).to_string();
            let le = Matcher::new("le", MatchOp::Equal, bound).ok()?;
            let labels = example(histogram, None, None)?;
            let named = |suffix: &str| labels.clone().with(NAME, &format!("{}{suffix}", histogram.metric));
            Some(Inputs {
                good: named("_bucket").with("le", &le.value),
                bad: labels.clone(),
                all: Some(named("_count")),
            })
        }
        _ => None,
    }
}

/// Good events that are counted beside all of them, as in a bucket and the count.
fn of_buckets(numerator: &Numerator, total: &SelectorSum) -> Option<Inputs> {
    let Numerator::Good(good) = numerator else { return None };
    let (good, total) = (example(good.only()?, None, None)?, example(total.only()?, None, None)?);
    Some(Inputs { bad: good.clone(), good, all: Some(total) })
}
