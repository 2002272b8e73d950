//! What an SLO may alert on, whether it holds, and what its alert says.

use crate::evaluate::review::snapshot::SloJudgement;
use crate::evaluate::slo::compliance::PRESENT;
use crate::evaluate::slo::status::SloState;
use crate::evaluate::slo::tiers::{TierStatus, TierVerdict};
use crate::model::labels::Labels;
use crate::model::slo::family::{FAMILY_LABEL, Families, PLACE_LABELS, ROLE_LABEL};
use crate::model::slo::{AlertTier, NoDataPolicy, PolicyStep, Severity};

/// What an alert is about. It is the same for the life of the alert.
#[derive(Clone, Copy)]
pub enum Condition<'a> {
    Tier {
        tier: &'a TierStatus,
        /// The tier whose rates describe the burn as it is now.
        now: &'a TierStatus,
    },
    Step(&'a PolicyStep),
    MissingData(Severity),
}

/// A condition of an SLO with its verdict.
pub struct Judged<'a> {
    pub slo: &'a SloJudgement,
    pub condition: Condition<'a>,
    /// Firing, quiet or frozen.
    pub verdict: TierVerdict,
    pub key: String,
}

/// Every condition of an SLO. One tier speaks for the others, and the step for the
/// emptiest budget for the others. `is_active`: whether the alert with a key fires.
pub fn conditions<'a>(slo: &'a SloJudgement, is_active: impl Fn(&str) -> bool) -> Vec<Judged<'a>> {
    let firing = |fires: bool| if fires { TierVerdict::Firing } else { TierVerdict::Quiet };
    let judged =
        |condition: Condition<'a>, verdict| Judged { slo, key: condition.key(&slo.slo.name), condition, verdict };
    let leading = leading_tier(slo, is_active);
    let tiers = slo.tiers.iter().map(|tier| {
        let leads = leading.filter(|(leads, _)| leads.tier.name == tier.tier.name);
        let verdict = match tier.verdict {
            TierVerdict::Frozen => TierVerdict::Frozen,
            _ => firing(leads.is_some()),
        };
        judged(Condition::Tier { tier, now: leads.map_or(tier, |(_, now)| now) }, verdict)
    });
    let mut all: Vec<Judged<'_>> = tiers.collect();
    let Some(status) = slo.windows.first() else { return all };
    let frozen = slo.slo.no_data == NoDataPolicy::Freeze && status.coverage < slo.slo.alerts.coverage_floor;
    let is_reading = status.state == SloState::Reading;
    let known = !frozen && !is_reading && status.judged_budget().is_some();
    let entered = status.policy_step();
    all.extend(slo.slo.budget_policy.iter().map(|step| {
        let is_entered = entered.is_some_and(|e| e.remaining_ratio == step.remaining_ratio);
        judged(Condition::Step(step), if known { firing(is_entered) } else { TierVerdict::Frozen })
    }));
    let recent = status.burn_rates.iter().find(|b| b.lookback == PRESENT);
    if let (Some(severity), Some(recent)) = (slo.slo.alerts.missing_data, recent) {
        let is_missing = recent.coverage < slo.slo.alerts.coverage_floor;
        all.push(judged(Condition::MissingData(severity), firing(is_missing)));
    }
    all
}

/// The tier whose alert is sent, and the one whose rates it tells: the most severe that
/// fires, of equals the fastest. An alert that is out stays the one that is sent while
/// any tier of its severity fires: after the fast one a slower one would page again
/// for the same burn.
fn leading_tier(slo: &SloJudgement, is_active: impl Fn(&str) -> bool) -> Option<(&TierStatus, &TierStatus)> {
    let firing = slo.tiers.iter().filter(|t| t.verdict == TierVerdict::Firing);
    let now = firing.max_by(|a, b| a.tier.severity.cmp(&b.tier.severity).then(a.factor.total_cmp(&b.factor)))?;
    let is_out = |tier: &&TierStatus| {
        let key = Condition::Tier { tier, now: tier }.key(&slo.slo.name);
        tier.tier.severity == now.tier.severity && is_active(&key)
    };
    Some((slo.tiers.iter().find(is_out).unwrap_or(now), now))
}

impl Condition<'_> {
    /// Names of tiers are DNS labels, so the others cannot be mistaken for one.
    fn key(&self, slo: &str) -> String {
        match self {
            Condition::Tier { tier, .. } => format!("{slo}/{}", tier.tier.name),
            Condition::Step(step) => format!("{slo}/remaining {}", step.name()),
            Condition::MissingData(_) => format!("{slo}/missing data"),
        }
    }

    /// The tier that the alert is of, if it is of one.
    fn tier(&self) -> Option<&AlertTier> {
        match self {
            Condition::Tier { tier, .. } => Some(&tier.tier),
            Condition::Step(_) | Condition::MissingData(_) => None,
        }
    }

    pub fn severity(&self) -> Severity {
        match self {
            Condition::Tier { tier, .. } => tier.tier.severity,
            Condition::Step(step) => step.severity,
            Condition::MissingData(severity) => *severity,
        }
    }
}

impl Judged<'_> {
    /// Constant for the life of the alert.
    pub fn labels(&self, external: &Labels, families: &Families<'_>, is_lowered: bool) -> Labels {
        let slo = &self.slo.slo;
        let mut labels = external.clone();
        let of_place = slo.labels.iter().filter(|(name, _)| PLACE_LABELS.contains(name));
        let of_tier = self.condition.tier().into_iter().flat_map(|tier| tier.labels.iter());
        for (name, value) in of_place.chain(slo.alerts.labels.iter()).chain(of_tier) {
            labels.set(name, value);
        }
        let alertname = match self.condition {
            Condition::Tier { .. } => "ErrorBudgetBurn",
            Condition::Step(step) if step.remaining_ratio <= 0.0 => "ErrorBudgetExhausted",
            Condition::Step(_) => "ErrorBudgetPolicy",
            Condition::MissingData(_) => "SloDataMissing",
        };
        let severity = if is_lowered { Severity::Ticket } else { self.condition.severity() };
        let (family, role) = families.family_of(slo);
        let own = [
            ("alertname", alertname),
            ("severity", severity.word()),
            ("slo", &slo.name),
            ("service", &slo.service),
            (FAMILY_LABEL, family),
            (ROLE_LABEL, role.as_str()),
        ];
        own.into_iter().for_each(|(name, value)| labels.set(name, value));
        match self.condition {
            Condition::Tier { tier, .. } => labels.set("tier", &tier.tier.name),
            Condition::Step(step) => labels.set("step", step.name()),
            Condition::MissingData(_) => {}
        }
        labels
    }

    /// What may change from one sending to the next. `others`: SLOs that burn in the
    /// same outage and send nothing of their own.
    pub fn annotations(&self, others: &[&str]) -> Labels {
        let slo = &self.slo.slo;
        let mut all = Labels::new();
        let left = left(self.slo);
        match self.condition {
            Condition::Tier { now, .. } => burn_annotations(&mut all, self.slo, now),
            Condition::Step(step) => {
                all.set("summary", format!("{left} of the error budget of {} are left", slo.name));
                let over = slo.first_window();
                all.set("description", format!("{} ({left} left over {over}, step {})", step.text, step.name()));
                all.set("owner", &step.owner);
            }
            Condition::MissingData(_) => {
                let recent = self.slo.windows.first().and_then(|w| w.burn_rates.iter().find(|b| b.lookback == PRESENT));
                let seen = recent.map_or(0.0, |b| b.coverage * 100.0);
                all.set("summary", format!("{seen:.0} % of the last hour of {} was observed", slo.name));
                let what = "It is unknown whether the SLO is met until data arrives: check the source and its targets.";
                all.set("description", format!("{what} Unknown time counts as: {}.", slo.no_data.word()));
            }
        }
        if !others.is_empty() {
            all.set("also_affected", others.join(", "));
        }
        // What a definition says wins over what is said of every SLO.
        let of_tier = self.condition.tier().into_iter().flat_map(|tier| tier.annotations.iter());
        for (name, value) in slo.alerts.annotations.iter().chain(of_tier) {
            all.set(name, value);
        }
        all
    }
}

/// How much of the budget is left, in words.
fn left(judged: &SloJudgement) -> String {
    let budget = judged.windows.first().and_then(|w| w.judged_budget());
    budget.map_or_else(|| "unknown".to_owned(), |b| format!("{:.1} %", b.remaining_ratio * 100.0))
}

fn burn_annotations(all: &mut Labels, judged: &SloJudgement, status: &TierStatus) {
    let slo = &judged.slo;
    let rate = |r: Option<f64>| r.map_or_else(|| "unknown".to_owned(), |r| format!("{r:.1}x"));
    let left = left(judged);
    let tier = &status.tier;
    all.set("summary", format!("{} burns its error budget {} as fast as allowed", slo.name, rate(status.long_rate)));
    all.set(
        "description",
        format!(
            "{} of {} (objective {}): burn rate {} over {} and {} over {}, above {:.1}x. Budget left over {}: {left}.",
            slo.name,
            slo.service,
            slo.objective,
            rate(status.long_rate),
            tier.long,
            rate(status.short_rate),
            tier.short,
            status.factor,
            slo.first_window(),
        ),
    );
}
