//! Alert policies of OpenSLO as burn-rate tiers: each condition is one tier.

use super::version::Version;
use crate::definitions::foreign::parts::build::{NotCarried, dns_name, switch};
use crate::definitions::foreign::parts::severity::severity_of;
use crate::definitions::foreign::parts::shared::{Found, Shared};
use crate::definitions::foreign::parts::tiers::{nominal, of_factor, short_of};
use crate::definitions::writing::alerts::tier_node;
use crate::model::slo::{AlertTier, Severity};
use crate::model::time::Millis;
use crate::yaml::build::{list, map, text};
use crate::yaml::fields::At;
use crate::yaml::node::Node;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, shown};

/// Policies of one SLO, and conditions of one policy.
const POLICIES_MAX: usize = 16;

/// The `alerts` of our format.
pub(super) fn alerts(
    at: &At<'_>,
    version: Version,
    windows: &Node,
    shared: &Shared,
    not_carried: &mut NotCarried,
    source: &mut SourceText<'_>,
) -> Option<Node> {
    let window = nominal(windows)?;
    let before = source.errors();
    let mut tiers: Vec<AlertTier> = Vec::new();
    let mut missing: Option<Severity> = None;
    for item in at.items(source, POLICIES_MAX)? {
        let reader = Reader { version, window, shared };
        let Some(policy) = reader.policy(&item, not_carried, source) else { continue };
        if policy.on_missing_data {
            missing = missing.max(policy.tiers.iter().map(|tier| tier.severity).max());
        }
        if !policy.on_breach {
            continue;
        }
        for mut tier in policy.tiers {
            if tiers.iter().any(|known| known.name == tier.name) {
                tier.name = dns_name(&format!("{}-{}", tier.name, tiers.len() + 1));
            }
            tiers.push(tier);
        }
    }
    if source.errors() > before {
        return None;
    }
    let tiers = match tiers.as_slice() {
        [] => text(at.head, "none"),
        tiers => list(at.head, tiers.iter().map(|tier| tier_node(at.head, tier)).collect()),
    };
    let missing = missing.map(|severity| text(at.head, severity.word()));
    Some(map(at.head, vec![("tiers", Some(tiers)), ("missingData", missing)]))
}

struct Policy {
    on_breach: bool,
    on_missing_data: bool,
    tiers: Vec<AlertTier>,
}

struct Reader<'s> {
    version: Version,
    window: Millis,
    shared: &'s Shared,
}

impl Reader<'_> {
    /// The part that is written inline, or what the reference leads to, with its name.
    fn part(
        &self,
        at: &At<'_>,
        (kind, reference_key): (&str, &'static str),
        source: &mut SourceText<'_>,
    ) -> Option<(String, Found)> {
        let mut fields = at.fields(source)?;
        if let Some(reference) = fields.optional(reference_key) {
            fields.finish(source);
            let found = self.shared.find(self.version.as_str(), kind, &reference, source)?;
            return Some((reference.text(source)?.to_owned(), found));
        }
        fields.optional("kind");
        fields.optional("apiVersion");
        let metadata = fields.optional("metadata");
        let spec = fields.required("spec", source, "inline, or a reference");
        fields.finish(source);
        let name = metadata.and_then(|at| {
            let mut fields = at.fields(source)?;
            fields.optional("name")?.text(source)
        });
        let (name, spec) = (name.unwrap_or("alert").to_owned(), spec?);
        Some((name, Found { spec: spec.node.clone(), path: spec.path.clone(), head: spec.head }))
    }

    fn policy(&self, at: &At<'_>, not_carried: &mut NotCarried, source: &mut SourceText<'_>) -> Option<Policy> {
        let (_, found) = self.part(at, ("AlertPolicy", "alertPolicyRef"), source)?;
        let spec = found.at();
        let mut fields = spec.fields(source)?;
        fields.optional("description");
        let on_missing_data = switch(fields.optional("alertWhenNoData"), false, source);
        let on_breach = switch(fields.optional("alertWhenBreaching"), true, source);
        not_carried.note(fields.optional("alertWhenResolved"));
        let conditions = fields.required("conditions", source, "a list of one condition");
        not_carried.note(fields.optional("notificationTargets"));
        fields.finish(source);
        let items = conditions?.items(source, POLICIES_MAX)?;
        let tiers = items.iter().filter_map(|item| self.condition(item, source)).collect();
        Some(Policy { on_breach, on_missing_data, tiers })
    }

    fn condition(&self, at: &At<'_>, source: &mut SourceText<'_>) -> Option<AlertTier> {
        let (name, found) = self.part(at, ("AlertCondition", "conditionRef"), source)?;
        let spec = found.at();
        let mut fields = spec.fields(source)?;
        fields.optional("description");
        let severity = fields.required("severity", source, "page, ticket or info");
        let condition = fields.required("condition", source, "`kind: burnrate`, with its threshold and lookback");
        fields.finish(source);
        let severity = severity?.parse(source, severity_of)?;
        let mut fields = condition?.fields(source)?;
        let kind = fields.required("kind", source, "burnrate");
        let operator = fields.optional("op");
        let threshold = fields.required("threshold", source, "the burn rate, for example 14.4");
        let lookback = fields.required("lookbackWindow", source, "for example 1h");
        let after = fields.optional("alertAfter");
        fields.finish(source);
        kind?.parse(source, |word| match word.to_lowercase().as_str() {
            "burnrate" => Ok(()),
            _ => Err(Complaint::new(format!("unknown kind of condition `{}`", shown(word)), "burnrate")),
        })?;
        if let Some(operator) = operator {
            operator.parse(source, |word| match word {
                "gt" | "gte" => Ok(()),
                _ => Err(Complaint::new(
                    format!("an alert on a burn rate with `op: {}` would fire while nothing burns", shown(word)),
                    "use `op: gte`",
                )),
            })?;
        }
        let factor = threshold.as_ref()?.parse(source, |word| {
            let number = word.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
            number.ok_or_else(|| Complaint::new(format!("invalid burn rate `{}`", shown(word)), "for example 14.4"))
        })?;
        let long = lookback?.parse(source, length)?;
        let short = after.as_ref().map_or(Some(None), |at| at.parse(source, length).map(Some))?;
        let tier = of_factor(&dns_name(&name), severity, factor, (long, short_of(long, short)), self.window);
        if let Some(after) = after.filter(|_| short == Some(tier.short)) {
            let message =
                format!("`alertAfter` is read as the short lookback: the last {} must burn as fast", tier.short);
            after.warning(source, message, Some("Evenkeel's alerts have two lookbacks and no delay".to_owned()));
        }
        if tier.budget_ratio > 1.0 {
            let window = self.window;
            let message = format!("a burn rate of {factor} for {long} uses more than the whole budget of {window}");
            threshold?.error(source, message, Some("use a shorter lookback or a lower threshold".to_owned()));
            return None;
        }
        Some(tier)
    }
}

/// `5m`, `1h`, `3d`, `1w`.
fn length(word: &str) -> Result<Millis, Complaint> {
    word.parse::<Millis>().map_err(|error| Complaint::from(error.to_string()))
}
