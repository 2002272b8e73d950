//! One document to one KPI. Every field is read by itself, so that all problems are
//! found at once.

mod parts;
mod source;
mod target;

use self::parts::whole;
use self::source::read_source;
use self::target::read_target;
use super::policy::line;
use crate::model::kpi::source::{BuiltinKpi, CombineRows, KpiSource};
use crate::model::kpi::{KPI_NUMBER_MAX, Kpi, KpiDirection, KpiSelector, KpiUnit};
use crate::model::time::window::CalendarUnit;
use crate::yaml::fields::At;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, label_value, one_of};

/// The longest title: the head of a tile.
const TITLE_BYTES_MAX: usize = 80;
const OWNER_BYTES_MAX: usize = 128;
/// The longest description: a paragraph on a page.
const DESCRIPTION_BYTES_MAX: usize = 2_048;
/// Names in one list of a selector; more are meant by a label or a team.
const SELECTED_MAX: usize = 200;
/// The largest version: a change every day for years.
const VERSION_MAX: u32 = 10_000;

const CADENCES: [(&str, CalendarUnit); 3] =
    [("weekly", CalendarUnit::Week), ("monthly", CalendarUnit::Month), ("quarterly", CalendarUnit::Quarter)];

/// Reads the spec of a KPI of this name.
pub(crate) fn read_spec(name: &str, at: &At<'_>, source: &mut SourceText<'_>) -> Option<Kpi> {
    let before = source.errors();
    let mut fields = at.fields(source)?;
    let number = fields.optional("number");
    let title = fields.required("title", source, "what people call it, for example `Time to restore`");
    let owner = fields.required("owner", source, "who answers for it, for example a team");
    let description = fields.required("description", source, "what is counted, in a sentence or two");
    let unit_at = fields.required("unit", source, "one of ratio, seconds, count, money");
    let direction = fields.required("direction", source, "`higher` or `lower`: which values are better");
    let source_at = fields.required("source", source, source::FORMS);
    let selector = fields.optional("selector");
    let exclusions = fields.optional("exclude");
    let cadence = fields.optional("cadence");
    let target_at = fields.optional("target");
    let primary = fields.optional("primary");
    let version = fields.optional("version");
    fields.finish(source);

    let number = number.map(|at| at.parse(source, |text| whole(text, u32::from(KPI_NUMBER_MAX))));
    let title = title.and_then(|at| at.parse(source, |text| line(text, TITLE_BYTES_MAX)));
    let owner = owner.and_then(|at| at.parse(source, |text| line(text, OWNER_BYTES_MAX)));
    let description = description.and_then(|at| at.parse(source, paragraph));
    let unit =
        unit_at.as_ref().and_then(|at| at.parse(source, |text| one_of(text, &KpiUnit::ALL.map(|u| (u.word(), u)))));
    let direction =
        direction.and_then(|at| at.parse(source, |text| one_of(text, &KpiDirection::ALL.map(|d| (d.word(), d)))));
    let read_from = source_at.as_ref().and_then(|at| read_source(at, source));
    let known = read_from.as_ref().map(selects_by);
    let selector = selector.map_or(Some(KpiSelector::default()), |at| read_selector(&at, known, source));
    let exclusions = exclusions.map_or(Some(KpiSelector::default()), |at| read_selector(&at, known, source));
    let cadence = cadence.map_or(Some(CalendarUnit::Month), |at| at.parse(source, |text| one_of(text, &CADENCES)));
    let target = target_at.map_or(Some(None), |at| read_target(&at, unit, source).map(Some));
    let is_primary =
        primary.map_or(Some(false), |at| at.parse(source, |text| one_of(text, &[("true", true), ("false", false)])));
    let version = version.map_or(Some(1), |at| at.parse(source, |text| whole(text, VERSION_MAX)));
    if let (Some(unit), Some(read_from), Some(at)) = (unit, &read_from, &unit_at) {
        check_unit(unit, read_from, at, source);
    }
    if source.errors() > before {
        return None;
    }
    Some(Kpi {
        name: name.to_owned(),
        number: number.flatten().and_then(|number| u8::try_from(number).ok()),
        title: title?,
        owner: owner?,
        description: description?,
        unit: unit?,
        direction: direction?,
        source: read_from?,
        selector: selector?,
        exclusions: exclusions?,
        cadence: cadence?,
        target: target?,
        is_primary: is_primary?,
        version: version?,
    })
}

/// What a source gives must be what the unit says.
fn check_unit(unit: KpiUnit, read_from: &KpiSource, at: &At<'_>, source: &mut SourceText<'_>) {
    let needed = match read_from {
        KpiSource::Builtin(builtin) if builtin.is_duration() => KpiUnit::Seconds,
        KpiSource::Builtin(_) => KpiUnit::Ratio,
        KpiSource::Records(records) if records.combine == CombineRows::Median => KpiUnit::Seconds,
        KpiSource::Records(_) | KpiSource::Promql(_) => return,
    };
    if unit != needed {
        let message = format!("the source gives {}, but the unit is {}", needed.word(), unit.word());
        at.error(source, message, Some(format!("write `unit: {}`", needed.word())));
    }
}

/// By what the facts of a source can be selected.
fn selects_by(read_from: &KpiSource) -> &'static [&'static str] {
    match read_from {
        KpiSource::Builtin(BuiltinKpi::AlertNoise) => &["services", "teams"],
        KpiSource::Builtin(BuiltinKpi::ChangeFailureRate | BuiltinKpi::DeploymentSuccess) => {
            &["namespaces", "services"]
        }
        KpiSource::Builtin(BuiltinKpi::RunbookCoverage) | KpiSource::Promql(_) | KpiSource::Records(_) => &[],
        KpiSource::Builtin(_) => &["clusters", "namespaces", "services", "teams"],
    }
}

/// `known`: by what can be selected; `None` where the source is not known either.
fn read_selector(
    at: &At<'_>,
    known: Option<&'static [&'static str]>,
    source: &mut SourceText<'_>,
) -> Option<KpiSelector> {
    let mut fields = at.fields(source)?;
    let mut list = |key: &'static str| fields.optional(key);
    let (clusters, namespaces, services, teams) =
        (list("clusters"), list("namespaces"), list("services"), list("teams"));
    fields.finish(source);
    let written = [("clusters", &clusters), ("namespaces", &namespaces), ("services", &services), ("teams", &teams)];
    for (key, at) in written.into_iter().filter_map(|(key, at)| Some((key, at.as_ref()?))) {
        if known.is_some_and(|known| !known.contains(&key)) {
            let hint = match known.unwrap_or_default() {
                [] => "select in the expression, or import only the rows that count".to_owned(),
                known => format!("this source is selected by {}", known.join(" and ")),
            };
            at.error(source, format!("the source cannot be selected by `{key}`"), Some(hint));
        }
    }
    let names = |at: Option<At<'_>>, source: &mut SourceText<'_>| -> Option<Vec<String>> {
        let Some(at) = at else { return Some(Vec::new()) };
        let items = at.items(source, SELECTED_MAX)?;
        items.iter().map(|item| item.parse(source, label_value)).collect()
    };
    let (clusters, namespaces) = (names(clusters, source), names(namespaces, source));
    let (services, teams) = (names(services, source), names(teams, source));
    Some(KpiSelector { clusters: clusters?, namespaces: namespaces?, services: services?, teams: teams? })
}

fn paragraph(text: &str) -> Result<String, Complaint> {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line(&joined, DESCRIPTION_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::{Loaded, parse_all};
    use crate::model::kpi::source::PromqlQuestion;
    use crate::model::kpi::target::{KpiTarget, TargetSwitch, TrendTarget};

    fn parsed(spec: &str) -> Loaded {
        let text = format!("apiVersion: evenkeel/v1\nkind: KPI\nmetadata: {{name: restore}}\nspec:\n{spec}");
        parse_all(&text, "kpi.yaml")
    }

    const HEAD: &str = "  title: Restore\n  owner: platform\n  description: How long.\n";

    #[test]
    fn a_definition_is_read_whole() {
        let loaded = parsed(&format!(
            "{HEAD}  number: 5\n  unit: seconds\n  direction: lower\n  source: {{builtin: time-to-restore}}\n  \
             cadence: weekly\n  selector: {{teams: [shop]}}\n  exclude: {{services: [sandbox]}}\n  primary: true\n  \
             version: 2\n  target:\n    absolute: 1h\n    trend: {{improvement: 20%, baselinePeriods: 3}}\n    \
             switch: {{stablePeriods: 4, within: 10%}}\n"
        ));
        assert_eq!(loaded.problems, []);
        let kpi = &loaded.kpis[0];
        assert_eq!((kpi.number, kpi.version, kpi.is_primary), (Some(5), 2, true));
        assert_eq!((kpi.cadence, &kpi.source), (CalendarUnit::Week, &KpiSource::Builtin(BuiltinKpi::TimeToRestore)));
        assert_eq!((kpi.selector.teams[0].as_str(), kpi.exclusions.services[0].as_str()), ("shop", "sandbox"));
        let switch = TargetSwitch { stable_periods: 4, within: 0.1 };
        let trend = TrendTarget { improvement: 0.2, baseline_periods: 3, switch: Some(switch) };
        assert_eq!(kpi.target, Some(KpiTarget { absolute: Some(3_600.0), trend: Some(trend) }));
    }

    #[test]
    fn expressions_are_checked_and_quantiles_too() {
        let loaded = parsed(&format!(
            "{HEAD}  unit: ratio\n  direction: higher\n  source: {{promql: {{quantile: {{query: 'min(a) / max(b)', q: 0.05}}}}}}\n"
        ));
        assert_eq!(loaded.problems, []);
        let KpiSource::Promql(promql) = &loaded.kpis[0].source else { panic!("it is asked of a source") };
        assert!(matches!(&promql.question, PromqlQuestion::Quantile { quantile, .. } if *quantile == 0.05));
    }

    #[test]
    fn all_problems_are_found_at_once_with_their_places() {
        let loaded = parsed(
            "  title: Restore\n  unit: ratio\n  direction: up\n  source: {builtin: time-to-restor}\n  \
             cadense: weekly\n  target: {absolute: 99}\n  number: 26\n",
        );
        assert!(loaded.kpis.is_empty());
        let told: Vec<(u32, &str)> = loaded.problems.iter().map(|p| (p.line, p.path.as_str())).collect();
        assert_eq!(
            told,
            [
                (4, "spec.owner"),
                (4, "spec.description"),
                (7, "spec.direction"),
                (8, "spec.source.builtin"),
                (9, "spec.cadense"),
                (10, "spec.target.absolute"),
                (11, "spec.number"),
            ]
        );
        let hint = |path: &str| loaded.problems.iter().find(|p| p.path == path).and_then(|p| p.hint.clone()).unwrap();
        assert_eq!(hint("spec.source.builtin"), "did you mean `time-to-restore`?");
        assert_eq!(hint("spec.cadense"), "did you mean `cadence`?");
    }

    #[test]
    fn a_selector_that_would_select_nothing_is_an_error() {
        let of = |source: &str, selector: &str| {
            let text = format!("{HEAD}  unit: ratio\n  direction: lower\n  source: {source}\n  selector: {selector}\n");
            parsed(&text).problems.iter().map(|p| p.path.clone()).collect::<Vec<_>>()
        };
        assert!(of("{builtin: alert-noise}", "{teams: [shop]}").is_empty());
        assert_eq!(of("{builtin: alert-noise}", "{clusters: [eu]}"), ["spec.selector.clusters"]);
        assert_eq!(of("{records: {combine: ratio}}", "{teams: [shop]}"), ["spec.selector.teams"]);
    }

    #[test]
    fn the_unit_is_that_of_the_source_and_an_expression_must_be_promql() {
        let loaded = parsed(&format!("{HEAD}  unit: count\n  direction: lower\n  source: {{builtin: alert-noise}}\n"));
        assert_eq!(loaded.problems[0].hint.as_deref(), Some("write `unit: ratio`"));
        let loaded = parsed(&format!(
            "{HEAD}  unit: ratio\n  direction: lower\n  source: {{promql: {{ratio: {{numerator: 'sum(', denominator: 'sum(a)'}}}}}}\n"
        ));
        assert_eq!(loaded.problems[0].path, "spec.source.promql.ratio.numerator");
    }
}
