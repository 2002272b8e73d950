//! What the shop's pages were worth.

use chrono_tz::Tz;
use evenkeel::evaluate::alerting::evidence::{Evidence, EvidenceKind};
use evenkeel::evaluate::alerting::load::load;
use evenkeel::evaluate::alerting::noise::result::{Noise, ReceiverNoise, RuleNoise, TeamNoise};
use evenkeel::evaluate::alerting::page_class::{PageClass, PageReason};
use evenkeel::evaluate::review::result::Review;
use evenkeel::evaluate::statistics::shares::wilson;
use evenkeel::model::operations::alert::Alert;
use evenkeel::model::operations::on_call::OnCall;
use evenkeel::model::operations::subject::Subject;
use evenkeel::model::slo::Severity;
use evenkeel::model::time::{Millis, Period};

use super::cluster::SCALED;
use super::{NOW, at};

/// Rule, pages by class in the order of `PageClass::ALL`, hours of firing.
const RULES: [(&str, [usize; 9], i64); 10] = [
    ("PodFlapping", [0, 6, 0, 0, 0, 0, 0, 0, 0], 2),
    ("NodeMemoryPressure", [0, 0, 3, 0, 0, 0, 4, 0, 0], 31),
    ("CPUThrottlingHigh", [0, 0, 0, 0, 0, 1, 0, 0, 0], 612),
    ("KubePodCrashLooping", [1, 0, 2, 9, 0, 0, 1, 0, 0], 44),
    ("TargetDown", [0, 0, 1, 4, 2, 0, 1, 1, 1], 18),
    ("LatencyP99High", [2, 0, 2, 3, 1, 0, 2, 0, 2], 27),
    ("CheckoutHighErrorRate", [3, 0, 0, 2, 0, 0, 0, 0, 0], 5),
    ("LoginFailuresHigh", [1, 0, 0, 0, 0, 0, 0, 0, 0], 1),
    ("IngressErrorsHigh", [1, 0, 0, 0, 0, 0, 0, 0, 0], 1),
    ("ErrorBudgetBurn", [5, 0, 0, 0, 0, 0, 0, 0, 0], 6),
];

pub fn noise(review: &Review) -> Noise {
    let classes = |counts: &[usize; 9]| PageClass::ALL.into_iter().zip(counts.iter().copied()).collect::<Vec<_>>();
    let band = |classes: &[(PageClass, usize)]| {
        let of = |wanted: &dyn Fn(PageClass) -> bool| -> usize {
            classes.iter().filter(|(class, _)| wanted(*class)).map(|(_, n)| n).sum()
        };
        let pages = of(&|c| c != PageClass::Planned);
        let (noise, unknown) = (of(&|c| c.is_noise()), of(&|c| c == PageClass::Unknown));
        let ratio = |n: usize| (pages > 0).then(|| n as f64 / pages as f64);
        (pages, ratio(noise), ratio(noise + unknown))
    };
    let rules = RULES.iter().map(|(rule, counts, hours)| {
        let classes = classes(counts);
        let (pages, lower, upper) = band(&classes);
        RuleNoise {
            rule: (*rule).to_owned(),
            pages,
            lower,
            upper,
            classes,
            firing: Millis::from_hours(*hours),
            noise_cost: 0.0,
        }
    });
    let rules: Vec<RuleNoise> = rules.collect();
    let all = std::array::from_fn(|i| RULES.iter().map(|(_, counts, _)| counts[i]).sum());
    let classes = classes(&all);
    let (pages, lower, upper) = band(&classes);
    let n = |ratio: Option<f64>| (ratio.unwrap() * pages as f64).round() as usize;
    let interval = Some((wilson(n(lower), pages).unwrap().0, wilson(n(upper), pages).unwrap().1));
    let page_reasons = page_reasons(review);
    let period = Period::new(at("2026-10-25T00:00:00Z"), at(NOW));
    let load = load(page_reasons.iter(), period, at(NOW), &OnCall::new(Tz::UTC));
    let team = TeamNoise { team: Some("payments".to_owned()), pages, lower, upper, classes: classes.clone(), load };
    let (receiver, told) = ("on-call <web>".to_owned(), classes.clone());
    let receivers = vec![ReceiverNoise { receiver, pages, lower, upper, classes: told }];
    Noise { interval, pages, lower, upper, classes, rules, teams: vec![team], receivers, load, page_reasons }
}

fn page_reasons(review: &Review) -> Vec<PageReason> {
    let page = |(alert, subject): (&Alert, &Subject)| -> Option<PageReason> {
        let service = subject.service.as_deref();
        let (class, reason) = match alert.rule.as_str() {
            _ if alert.severity != Severity::Page => return None,
            "PodFlapping" => {
                (PageClass::Flap, "fired 4 times within 2 hours, each time for less than 2 minutes; no change, no burn")
            }
            "KubePodCrashLooping" => (PageClass::Duplicate, "40 s after ErrorBudgetBurn paged for the same incident"),
            "CheckoutHighErrorRate" | "PaymentsErrorRateHigh" => {
                (PageClass::Duplicate, "40 s after ErrorBudgetBurn paged for the same incident")
            }
            "IngressErrorsHigh" => {
                (PageClass::Unknown, "no SLO covers what it watches, and no change followed within an hour")
            }
            _ => (PageClass::Actionable, "budget burned while it fired, and it was acknowledged"),
        };
        let scaled = Evidence { kind: EvidenceKind::Scale, at: at(SCALED), weight: 0.8 };
        let window = alert.firing.map(|fired| Period::new(fired.at, fired.at + Millis::from_hours(1)));
        let is_followed = service == Some("checkout") && window.is_some_and(|w| w.contains(scaled.at));
        Some(PageReason {
            alert: alert.id(),
            rule: alert.rule.clone(),
            service: service.map(str::to_owned),
            team: None,
            evidence: if is_followed { vec![scaled] } else { Vec::new() },
            at: alert.firing?.at,
            class,
            reason: reason.to_owned(),
        })
    };
    review.alerts.with_subjects().filter_map(page).collect()
}
