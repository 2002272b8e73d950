//! A snapshot as OTLP metrics, under the names that `/metrics` has. What is not
//! known has no point. Must not know how they are sent.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Metric as OtlpMetric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::evaluate::review::snapshot::{SloJudgement, Snapshot};
use crate::evaluate::slo::status::SloStatus;
use crate::evaluate::slo::tiers::TierVerdict;
use crate::model::time::Timestamp;
use crate::publish::metrics::{
    ALERT_NOISE_LOWER, ALERT_NOISE_UPPER, ALERT_PAGES, Kind, Metric, SLO_ALERT_FIRING, SLO_ATTAINMENT,
    SLO_ATTAINMENT_LOWER, SLO_ATTAINMENT_UPPER, SLO_BUDGET_REMAINING, SLO_BURN_RATE, SLO_COVERAGE, SLO_EVENTS,
    SLO_OBJECTIVE,
};
use crate::publish::outbound::otlp::receiver::Identity;

/// SLOs of one request: about five megabytes, where collectors take twenty.
const SLOS_PER_REQUEST: usize = 1_000;

/// The requests that carry a snapshot; none before the first evaluation.
/// Counters began at `started_at`.
pub fn requests(snapshot: &Snapshot, identity: &Identity, started_at: Timestamp) -> Vec<ExportMetricsServiceRequest> {
    let Some(as_of) = snapshot.as_of else { return Vec::new() };
    let moment = Moment { at: nanos(as_of), start: nanos(started_at.min(as_of)) };
    let parts = snapshot.slos.chunks(SLOS_PER_REQUEST).map(|slos| of_slos(slos, moment));
    let all = parts.chain([of_noise(snapshot, moment)]).filter(|metrics| !metrics.is_empty());
    all.map(|metrics| request(metrics, identity)).collect()
}

#[derive(Clone, Copy)]
struct Moment {
    at: u64,
    start: u64,
}

fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.millis()).unwrap_or(0).saturating_mul(1_000_000)
}

/// Points of one metric before they are one.
type Points = Vec<(Vec<KeyValue>, f64)>;

fn of_slos(slos: &[SloJudgement], moment: Moment) -> Vec<OtlpMetric> {
    let windows = |value: fn(&SloStatus) -> Option<f64>| -> Points {
        let all = slos.iter().flat_map(|j| j.windows.iter());
        all.filter_map(|s| {
            let window = s.window.to_string();
            Some((labels(s, &[("window", &window)]), value(s)?))
        })
        .collect()
    };
    let first = |judgement: &SloJudgement, more: &[(&str, &str)]| {
        attributes(
            &[[("slo", judgement.slo.name.as_str()), ("service", &judgement.slo.service)].as_slice(), more].concat(),
        )
    };
    let objectives = slos.iter().map(|j| (first(j, &[]), j.slo.objective.ratio())).collect();
    let burns = slos.iter().filter_map(|j| j.windows.first()).flat_map(|s| {
        s.burn_rates.iter().filter_map(|b| Some((labels(s, &[("lookback", &b.lookback.compact())]), b.rate?)))
    });
    let events = slos.iter().flat_map(|j| {
        let both = [("good", j.good_since_start), ("bad", j.bad_since_start)];
        both.map(|(result, n)| (first(j, &[("result", result)]), n as f64))
    });
    let firing = slos.iter().flat_map(|j| {
        j.tiers.iter().filter_map(move |t| {
            let value = match t.verdict {
                TierVerdict::Firing => 1.0,
                TierVerdict::Quiet | TierVerdict::HeldBack => 0.0,
                TierVerdict::Frozen => return None,
            };
            Some((first(j, &[("tier", &t.tier.name), ("severity", t.tier.severity.word())]), value))
        })
    });
    let all = [
        (SLO_OBJECTIVE, objectives),
        (SLO_ATTAINMENT, windows(|s| s.attainment)),
        (SLO_ATTAINMENT_LOWER, windows(|s| s.lo)),
        (SLO_ATTAINMENT_UPPER, windows(|s| s.hi)),
        (SLO_COVERAGE, windows(|s| Some(s.coverage))),
        (SLO_BUDGET_REMAINING, windows(|s| s.budget.map(|b| b.remaining_ratio))),
        (SLO_BURN_RATE, burns.collect()),
        (SLO_EVENTS, events.collect()),
        (SLO_ALERT_FIRING, firing.collect()),
    ];
    all.into_iter().filter_map(|(known, points)| metric(known, points, moment)).collect()
}

fn of_noise(snapshot: &Snapshot, moment: Moment) -> Vec<OtlpMetric> {
    let noise = &snapshot.review.noise;
    let one = |value: Option<f64>| value.map(|v| (Vec::new(), v)).into_iter().collect();
    let pages = noise.classes.iter().map(|(class, n)| (attributes(&[("class", class.word())]), *n as f64));
    let all =
        [(ALERT_NOISE_LOWER, one(noise.lower)), (ALERT_NOISE_UPPER, one(noise.upper)), (ALERT_PAGES, pages.collect())];
    all.into_iter().filter_map(|(known, points)| metric(known, points, moment)).collect()
}

fn metric(known: Metric, points: Points, moment: Moment) -> Option<OtlpMetric> {
    if points.is_empty() {
        return None;
    }
    let counter = known.kind == Kind::Counter;
    let data_points = points
        .into_iter()
        .map(|(attributes, value)| NumberDataPoint {
            attributes,
            start_time_unix_nano: if counter { moment.start } else { 0 },
            time_unix_nano: moment.at,
            value: Some(Value::AsDouble(value)),
            ..NumberDataPoint::default()
        })
        .collect();
    let data = if counter {
        let aggregation_temporality = AggregationTemporality::Cumulative as i32;
        Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic: true })
    } else {
        Data::Gauge(Gauge { data_points })
    };
    Some(OtlpMetric {
        name: known.name.to_owned(),
        description: known.help.to_owned(),
        unit: unit(known.unit).to_owned(),
        data: Some(data),
        ..OtlpMetric::default()
    })
}

/// Units as OTLP writes them (UCUM).
fn unit(unit: &str) -> &str {
    match unit {
        "seconds" => "s",
        "bytes" => "By",
        "ratio" => "1",
        other => other,
    }
}

fn labels(status: &SloStatus, more: &[(&str, &str)]) -> Vec<KeyValue> {
    let own = [("slo", status.slo.name.as_str()), ("service", status.slo.service.as_str())];
    attributes(&[own.as_slice(), more].concat())
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    pairs.iter().map(|(key, value)| attribute(key, value)).collect()
}

fn attribute(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

fn request(metrics: Vec<OtlpMetric>, identity: &Identity) -> ExportMetricsServiceRequest {
    let mut about = vec![attribute("service.name", "evenkeel"), attribute("service.version", identity.version)];
    if !identity.instance.is_empty() {
        about.push(attribute("service.instance.id", &identity.instance));
    }
    about.extend(identity.labels.iter().map(|(name, value)| attribute(name, value)));
    let scope = InstrumentationScope {
        name: "evenkeel".to_owned(),
        version: identity.version.to_owned(),
        ..InstrumentationScope::default()
    };
    let scoped = ScopeMetrics { scope: Some(scope), metrics, ..ScopeMetrics::default() };
    let resource = Resource { attributes: about, ..Resource::default() };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource),
            scope_metrics: vec![scoped],
            ..ResourceMetrics::default()
        }],
    }
}
