//! The rules of one SLO.

use std::collections::BTreeSet;

use super::expressions::{error_ratio, missing};
use crate::model::labels::Labels;
use crate::model::slo::family::{FAMILY_LABEL, Families, PLACE_LABELS, ROLE_LABEL};
use crate::model::slo::{AlertTier, Severity, Slo};
use crate::model::time::Millis;

/// Rules that are evaluated in order.
#[derive(Clone, Debug)]
pub struct RuleGroup {
    pub name: String,
    /// Where the series are read from, if the definition says it.
    pub source: Option<String>,
    pub rules: Vec<GeneratedRule>,
}

#[derive(Clone, Debug)]
pub enum GeneratedRule {
    Record { name: String, expression: String, labels: Labels },
    Alert { name: &'static str, expression: String, labels: Labels, annotations: Labels },
}

pub const BURN: &str = "ErrorBudgetBurn";
pub const MISSING: &str = "SloDataMissing";

impl RuleGroup {
    /// The same rules in groups of at most so many.
    pub fn split(self, most: usize) -> Vec<RuleGroup> {
        if self.rules.len() <= most {
            return vec![self];
        }
        let part = |(i, rules): (usize, &[GeneratedRule])| RuleGroup {
            name: format!("{}-{}", self.name, i + 1),
            source: self.source.clone(),
            rules: rules.to_vec(),
        };
        self.rules.chunks(most).enumerate().map(part).collect()
    }
}

/// The rules of an SLO; the reason where rules cannot say it.
pub fn group_of(slo: &Slo, families: &Families<'_>) -> Result<RuleGroup, String> {
    let identity = Labels::new().with("slo", &slo.name).with("service", &slo.service);
    let mut rules = Vec::new();
    let lookbacks: BTreeSet<Millis> = slo.alerts.tiers.iter().flat_map(|tier| [tier.short, tier.long]).collect();
    for lookback in lookbacks {
        let expression = error_ratio(slo, lookback)?;
        rules.push(GeneratedRule::Record { name: record(lookback), expression, labels: identity.clone() });
    }
    if rules.is_empty() {
        // A definition that cannot be said is named also without alerts.
        error_ratio(slo, Millis::from_hours(1))?;
    }
    rules.extend(slo.alerts.tiers.iter().map(|tier| burn(slo, tier, families)));
    if let Ok(expression) = missing(slo) {
        rules.push(missing_data(slo, expression, families));
    }
    Ok(RuleGroup { name: format!("evenkeel-{}", slo.name), source: slo.source.clone(), rules })
}

fn record(lookback: Millis) -> String {
    format!("slo:error_ratio:rate{lookback}")
}

/// The error ratio above which a tier fires.
pub fn threshold(slo: &Slo, tier: &AlertTier) -> f64 {
    tier.factor(slo.first_window().nominal_length()) * slo.objective.allowed_bad_ratio()
}

fn burn(slo: &Slo, tier: &AlertTier, families: &Families<'_>) -> GeneratedRule {
    let factor = number(tier.factor(slo.first_window().nominal_length()));
    let limit = format!("{factor} * {}", number(slo.objective.allowed_bad_ratio()));
    let over = |lookback: Millis| format!("{}{{slo=\"{}\"}} > {limit}", record(lookback), slo.name);
    let mut annotations = Labels::new()
        .with("summary", &format!("{} burns its error budget more than {factor} times as fast as allowed", slo.name))
        .with(
            "description",
            &format!(
                "{} of {} (objective {}): above {factor}x over {} and over {}, as rules estimate it.",
                slo.name, slo.service, slo.objective, tier.long, tier.short
            ),
        );
    carry(&mut annotations, &slo.alerts.annotations);
    carry(&mut annotations, &tier.annotations);
    let mut labels = alert_labels(slo, tier.severity, &tier.labels, families);
    labels.set("tier", &tier.name);
    GeneratedRule::Alert {
        name: BURN,
        expression: format!("{}\nand\n{}", over(tier.long), over(tier.short)),
        labels,
        annotations,
    }
}

fn missing_data(slo: &Slo, expression: String, families: &Families<'_>) -> GeneratedRule {
    // Rules on missing series never fire, so somebody has to hear of it.
    let severity = slo.alerts.missing_data.unwrap_or(Severity::Ticket);
    let mut annotations = Labels::new()
        .with("summary", &format!("{} had no samples in the last hour", slo.name))
        .with("description", "It is unknown whether the SLO is met until data arrives: check the targets.");
    carry(&mut annotations, &slo.alerts.annotations);
    let labels = alert_labels(slo, severity, &Labels::new(), families);
    GeneratedRule::Alert { name: MISSING, expression, labels, annotations }
}

/// As the daemon's own alerts carry them, so that the same routes and inhibitions hold.
fn alert_labels(slo: &Slo, severity: Severity, of_tier: &Labels, families: &Families<'_>) -> Labels {
    let mut labels = Labels::new();
    for (name, value) in slo.labels.iter().filter(|(name, _)| PLACE_LABELS.contains(name)) {
        labels.set(name, literal(value));
    }
    carry(&mut labels, &slo.alerts.labels);
    carry(&mut labels, of_tier);
    let (family, role) = families.family_of(slo);
    let own = [
        ("severity", severity.word()),
        ("slo", &slo.name),
        ("service", &slo.service),
        (FAMILY_LABEL, family),
        (ROLE_LABEL, role.as_str()),
    ];
    own.into_iter().for_each(|(name, value)| labels.set(name, literal(value)));
    labels
}

fn carry(into: &mut Labels, from: &Labels) {
    from.iter().for_each(|(name, value)| into.set(name, literal(value)));
}

/// Text that Prometheus does not take for a template.
fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

/// Without the noise of binary fractions.
fn number(value: f64) -> String {
    let text = format!("{value:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
