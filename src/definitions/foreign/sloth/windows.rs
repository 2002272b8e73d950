//! `AlertWindows` of Sloth: the period of SLOs and the lookbacks of their alerts. Which
//! period applies is a flag of Sloth; here it is the one that the files describe.

use crate::definitions::foreign::parts::shared::Shared;
use crate::definitions::foreign::parts::tiers::of_factor;
use crate::model::slo::{AlertTier, Severity};
use crate::model::time::Millis;
use crate::yaml::build::word;
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, shown};

const VERSION: &str = "sloth.slok.dev/v1";
const KIND: &str = "AlertWindows";
/// The period of Sloth where nothing else is asked for.
const USUAL_PERIOD: Millis = Millis::from_days(30);

/// The parts of the document, with the names of our tiers.
const PARTS: [(&str, &str, &str, Severity); 4] = [
    ("page", "quick", "fast", Severity::Page),
    ("page", "slow", "medium", Severity::Page),
    ("ticket", "quick", "slow", Severity::Ticket),
    ("ticket", "slow", "creeping", Severity::Ticket),
];

/// What the files say about period and lookbacks.
pub(crate) struct AlertWindows {
    period: Millis,
    tiers: Vec<AlertTier>,
    /// It is what SLOs have anyway.
    pub is_usual: bool,
}

impl AlertWindows {
    /// The only `AlertWindows` of the files; of several the one of 30 days.
    pub fn in_force(shared: &Shared) -> AlertWindows {
        let all: Vec<AlertWindows> = shared.all_of(VERSION, KIND).filter_map(|(_, node)| of_node(node)).collect();
        let only = all.len() == 1;
        let chosen = all.into_iter().find(|one| only || one.period == USUAL_PERIOD);
        chosen.unwrap_or_else(|| AlertWindows { period: USUAL_PERIOD, tiers: AlertTier::standard(), is_usual: true })
    }

    pub fn period_text(&self) -> String {
        self.period.to_string()
    }

    pub fn tiers(&self) -> Vec<AlertTier> {
        self.tiers.clone()
    }
}

/// A sound document; what is wrong with others is said where they are read.
fn of_node(node: &Node) -> Option<AlertWindows> {
    let period: Millis = word(node, &["spec", "sloPeriod"])?.parse().ok()?;
    let tiers = PARTS.map(|(severity_key, speed, name, severity)| {
        let part = |key: &str| word(node, &["spec", severity_key, speed, key]);
        let percent: f64 = part("errorBudgetPercent")?.parse().ok()?;
        let (long, short) = (part("longWindow")?.parse().ok()?, part("shortWindow")?.parse().ok()?);
        Some(tier(name, severity, percent, (long, short)))
    });
    let tiers = tiers.into_iter().collect::<Option<Vec<AlertTier>>>()?;
    Some(AlertWindows { period, tiers, is_usual: false })
}

fn tier(name: &str, severity: Severity, percent: f64, (long, short): (Millis, Millis)) -> AlertTier {
    // The share is written; a factor of the whole long lookback keeps it as it is.
    let mut tier = of_factor(name, severity, 1.0, (long, short), long);
    tier.budget_ratio = format!("{percent}e-2").parse().unwrap_or(percent / 100.0);
    tier
}

/// Names what is wrong with a document, and how it is used.
pub(crate) fn check(mut fields: Fields<'_>, shared: &Shared, source: &mut SourceText<'_>) {
    for key in ["apiVersion", "metadata"] {
        fields.optional(key);
    }
    let kind = fields.optional("kind");
    let spec = fields.required("spec", source, "a mapping with `sloPeriod`, `page` and `ticket`");
    fields.finish(source);
    let before = source.errors();
    let Some((kind, spec)) = kind.zip(spec) else { return };
    check_spec(&spec, source);
    if source.errors() > before {
        return;
    }
    let all = shared.all_of(VERSION, KIND).filter_map(|(_, node)| of_node(node)).count();
    let period = AlertWindows::in_force(shared).period;
    let is_this = word(spec.node, &["sloPeriod"]).and_then(|text| text.parse().ok()) == Some(period);
    if all > 1 && !is_this {
        let message = format!("these windows are not used: there are {all}, and SLOs have a period of {USUAL_PERIOD}");
        let hint = "which one applies is a flag of Sloth (`--default-slo-period`); keep only that one in these files";
        kind.warning(source, message, Some(hint.to_owned()));
    } else if period != USUAL_PERIOD {
        let message = format!("all SLOs of Sloth in these files have a window of {period}");
        let hint = format!("as with `--default-slo-period {period}` of Sloth; remove the document for {USUAL_PERIOD}");
        kind.warning(source, message, Some(hint));
    }
}

fn check_spec(spec: &At<'_>, source: &mut SourceText<'_>) -> Option<()> {
    let mut fields = spec.fields(source)?;
    let period = fields.required("sloPeriod", source, "for example 30d");
    let parts = ["page", "ticket"].map(|key| fields.required(key, source, "a mapping with `quick` and `slow`"));
    fields.finish(source);
    period?.parse(source, length)?;
    for part in parts {
        let mut fields = part?.fields(source)?;
        let speeds = ["quick", "slow"].map(|key| fields.required(key, source, "lookbacks and a share of the budget"));
        fields.finish(source);
        for speed in speeds {
            let mut fields = speed?.fields(source)?;
            let percent = fields.required("errorBudgetPercent", source, "for example 2");
            let lengths = ["shortWindow", "longWindow"].map(|key| fields.required(key, source, "for example 1h"));
            fields.finish(source);
            percent?.parse(source, |text| match text.parse::<f64>() {
                Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(()),
                _ => Err(Complaint::new(format!("invalid percentage `{}`", shown(text)), "for example 2")),
            })?;
            for at in lengths {
                at?.parse(source, length)?;
            }
        }
    }
    Some(())
}

fn length(text: &str) -> Result<Millis, Complaint> {
    text.parse::<Millis>().map_err(|error| Complaint::from(error.to_string()))
}
