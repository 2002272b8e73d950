//! Where a KPI reads its values: computed here, asked of a source, or imported.

use super::parts::{only_one, whole};
use crate::definitions::format::ratio::ratio;
use crate::definitions::queries::selector::guard_depth;
use crate::model::kpi::source::{BuiltinKpi, CombineRows, KpiSource, PromqlKpi, PromqlQuestion, RecordsKpi};
use crate::yaml::fields::At;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, dns_label, one_of, shown};

pub(super) const FORMS: &str = "`{builtin: time-to-restore}`, `{promql: {ratio: {numerator: ..., denominator: ...}}}` or \
                                `{records: {combine: ratio}}`";
const PROMQL_FORMS: &str = "`{ratio: {numerator: ..., denominator: ...}}`, `{average: ...}` or \
                            `{quantile: {query: ..., q: 0.9}}`";

/// The longest expression: a page of it.
const EXPRESSION_BYTES_MAX: usize = 4_096;
/// Open parentheses, braces and brackets at once.
const NESTING_MAX: usize = 24;
/// The largest smallest number of rows.
const ROWS_MIN_MAX: u32 = 1_000;

pub(super) fn read_source(at: &At<'_>, source: &mut SourceText<'_>) -> Option<KpiSource> {
    let mut fields = at.fields(source)?;
    let found = vec![
        ("builtin", fields.optional("builtin")),
        ("promql", fields.optional("promql")),
        ("records", fields.optional("records")),
    ];
    let one = only_one(&fields, found, FORMS, source);
    fields.finish(source);
    let (key, at) = one?;
    match key {
        "builtin" => {
            let words = BuiltinKpi::ALL.map(|builtin| (builtin.word(), builtin));
            at.parse(source, |text| one_of(text, &words)).map(KpiSource::Builtin)
        }
        "promql" => read_promql(&at, source).map(KpiSource::Promql),
        _ => read_records(&at, source).map(KpiSource::Records),
    }
}

fn read_promql(at: &At<'_>, source: &mut SourceText<'_>) -> Option<PromqlKpi> {
    let mut fields = at.fields(source)?;
    let from = fields.optional("source");
    let found = vec![
        ("ratio", fields.optional("ratio")),
        ("average", fields.optional("average")),
        ("quantile", fields.optional("quantile")),
    ];
    let one = only_one(&fields, found, PROMQL_FORMS, source);
    fields.finish(source);
    let from = from.map_or(Some(None), |at| at.parse(source, dns_label).map(Some));
    let (key, at) = one?;
    let question = match key {
        "ratio" => {
            let mut fields = at.fields(source)?;
            let numerator = fields.required("numerator", source, "the expression of what is counted");
            let denominator = fields.required("denominator", source, "the expression of what it is divided by");
            fields.finish(source);
            let numerator = numerator.and_then(|at| at.parse(source, expression));
            let denominator = denominator.and_then(|at| at.parse(source, expression));
            PromqlQuestion::Ratio { numerator: numerator?, denominator: denominator? }
        }
        "average" => PromqlQuestion::Average { query: at.parse(source, expression)? },
        _ => {
            let mut fields = at.fields(source)?;
            let query = fields.required("query", source, "the expression whose hours are compared");
            let quantile = fields.required("q", source, "from 0 to 1, for example `0.9`");
            fields.finish(source);
            let query = query.and_then(|at| at.parse(source, expression));
            let quantile = quantile.and_then(|at| at.parse(source, ratio));
            PromqlQuestion::Quantile { query: query?, quantile: quantile? }
        }
    };
    Some(PromqlKpi { source: from?, question })
}

fn expression(text: &str) -> Result<String, Complaint> {
    let text = text.trim();
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(Complaint::from(format!(
            "the expression has {} bytes; at most {EXPRESSION_BYTES_MAX}",
            text.len()
        )));
    }
    guard_depth(text, NESTING_MAX)?;
    match promql_parser::parser::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => {
            let hint = "try the expression in Prometheus; one that gives a single series is needed";
            Err(Complaint::new(format!("the expression cannot be read: {}", shown(&error)), hint))
        }
    }
}

fn read_records(at: &At<'_>, source: &mut SourceText<'_>) -> Option<RecordsKpi> {
    let mut fields = at.fields(source)?;
    let combine = fields.required("combine", source, "how rows are combined: ratio, median, sum or last");
    let rows_min = fields.optional("minimum");
    fields.finish(source);
    let combine =
        combine.and_then(|at| at.parse(source, |text| one_of(text, &CombineRows::ALL.map(|one| (one.word(), one)))));
    let rows_min = rows_min.map_or(Some(1), |at| at.parse(source, |text| whole(text, ROWS_MIN_MAX)));
    Some(RecordsKpi { combine: combine?, rows_min: rows_min? })
}
