//! Every metric that is published, in one table: what is exposed, and what the
//! README, the dashboards and their tests know about it. Must not hold values.

mod daemon;
mod incidents;
mod kpis;
pub mod page;
pub(crate) mod requests;
pub mod scrape;
mod slos;

use std::fmt::Write as _;

/// One metric as it is exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The whole name, with unit and `_total` or `_info`. The series of a
    /// histogram have `_bucket`, `_sum` and `_count` behind it, those of a summary
    /// `_sum` and `_count`.
    pub name: &'static str,
    pub kind: Kind,
    /// The unit, which the name carries too; empty where there is none.
    pub unit: &'static str,
    pub help: &'static str,
    pub labels: &'static [&'static str],
}

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Gauge,
    Counter,
    Histogram,
    /// Percentiles of the last minutes under the label `quantile`, with sum and count
    /// since the process started.
    Summary,
    /// Always 1; what it tells is in its labels.
    Info,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
            Kind::Summary => "summary",
            Kind::Info => "info",
        }
    }
}

macro_rules! metrics {
    ($($id:ident: $kind:ident $unit:literal $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(pub const $id: Metric = Metric {
            name: $name,
            kind: Kind::$kind,
            unit: $unit,
            help: $help,
            labels: &[$($label),*],
        };)*

        /// All metrics, in the order of the page.
        pub const ALL: &[Metric] = &[$($id),*];
    };
}

metrics! {
    SLO_INFO: Info "" "evenkeel_slo_info" ["slo", "service"]
        "An SLO, with the labels of its definition.";
    SLO_OBJECTIVE: Gauge "ratio" "evenkeel_slo_objective_ratio" ["slo", "service"]
        "Objective: the required ratio of good events.";
    SLO_ATTAINMENT: Gauge "ratio" "evenkeel_slo_attainment_ratio" ["slo", "service", "window"]
        "Good events / total events over the period; absent without events.";
    SLO_ATTAINMENT_LOWER: Gauge "ratio" "evenkeel_slo_attainment_lower_ratio" ["slo", "service", "window"]
        "Attainment if every unobserved event was bad.";
    SLO_ATTAINMENT_UPPER: Gauge "ratio" "evenkeel_slo_attainment_upper_ratio" ["slo", "service", "window"]
        "Attainment if every unobserved event was good.";
    SLO_ATTAINMENT_LIKELY_LOWER: Gauge "ratio" "evenkeel_slo_attainment_likely_lower_ratio" ["slo", "service", "window"]
        "Lower end of the likely interval of the attainment (95 %).";
    SLO_ATTAINMENT_LIKELY_UPPER: Gauge "ratio" "evenkeel_slo_attainment_likely_upper_ratio" ["slo", "service", "window"]
        "Upper end of the likely interval of the attainment (95 %).";
    SLO_ATTAINMENT_CORRECTED: Gauge "ratio" "evenkeel_slo_attainment_corrected_ratio" ["slo", "service", "window"]
        "Attainment with corrections applied; absent without corrections.";
    SLO_COVERAGE: Gauge "ratio" "evenkeel_slo_coverage_ratio" ["slo", "service", "window"]
        "Share of the elapsed period that was observed.";
    SLO_IDLE: Gauge "ratio" "evenkeel_slo_idle_ratio" ["slo", "service", "window"]
        "Share of the elapsed period that was observed and had no events; part of the coverage.";
    SLO_ELAPSED: Gauge "ratio" "evenkeel_slo_elapsed_ratio" ["slo", "service", "window"]
        "Share of the period that has passed; absent for rolling windows.";
    SLO_BUDGET_REMAINING: Gauge "ratio" "evenkeel_slo_error_budget_remaining_ratio" ["slo", "service", "window"]
        "Share of the error budget that remains; negative when overspent.";
    SLO_BUDGET_REMAINING_CORRECTED: Gauge "ratio" "evenkeel_slo_error_budget_remaining_corrected_ratio" ["slo", "service", "window"]
        "Share of the error budget that remains with corrections applied; absent without corrections.";
    SLO_BUDGET_REMAINING_EVENTS: Gauge "" "evenkeel_slo_error_budget_remaining_events" ["slo", "service", "window"]
        "Bad events, or slices, that are still allowed; negative when overspent.";
    SLO_TIME_TO_EXHAUSTION: Gauge "seconds" "evenkeel_slo_time_to_exhaustion_seconds" ["slo", "service", "window"]
        "Time until the error budget is exhausted at the burn rate of the last hour; absent below a burn rate of 1.";
    SLO_BURN_RATE: Gauge "" "evenkeel_slo_burn_rate" ["slo", "service", "lookback"]
        "Bad ratio over the lookback / (1 - objective); 1 spends the budget exactly.";
    SLO_EVENTS: Counter "" "evenkeel_slo_events_total" ["slo", "service", "result"]
        "Good and bad events counted since the process started.";
    SLO_ALERT_FIRING: Gauge "" "evenkeel_slo_alert_firing" ["slo", "service", "tier", "severity"]
        "1 while the burn-rate tier fires, 0 while it does not; absent while too little is known.";
    SLO_ALERT_SUPPRESSED: Counter "" "evenkeel_slo_alert_suppressed_total" ["slo", "service", "tier", "reason"]
        "Times that minBadEvents suppressed the alert since the process started.";
    SLO_POLICY_STEP: Gauge "" "evenkeel_slo_budget_policy_active" ["slo", "service", "step", "owner"]
        "1 for the step of the error budget policy that is in force, 0 for the others; absent while the budget is not known.";
    INCIDENTS: Gauge "" "evenkeel_incidents" ["service", "severity", "detected"]
        "Incidents that began in the review window.";
    INCIDENTS_OPEN: Gauge "" "evenkeel_incidents_open" ["service"]
        "Open incidents.";
    INCIDENTS_OPENED: Counter "" "evenkeel_incidents_opened_total" ["service"]
        "Incidents that were ever opened. It is stored, so it neither falls nor begins again when the process does.";
    INCIDENT_DETECT: Gauge "seconds" "evenkeel_incident_detect_seconds" ["percentile"]
        "Time from onset to the first page: median and 90th percentile over the incidents of the review window, open ones censored; absent while unknown.";
    INCIDENT_ACKNOWLEDGE: Gauge "seconds" "evenkeel_incident_acknowledge_seconds" ["percentile"]
        "Time from the first page to the acknowledgement: median and 90th percentile over the incidents of the review window, open ones censored; absent while unknown.";
    INCIDENT_RESTORE: Gauge "seconds" "evenkeel_incident_restore_seconds" ["percentile"]
        "Time from onset until users were served again: median and 90th percentile over the incidents of the review window, open ones censored; absent while unknown.";
    INCIDENT_RESOLVE: Gauge "seconds" "evenkeel_incident_resolve_seconds" ["percentile"]
        "Time from onset until the last alert was resolved: median and 90th percentile over the incidents of the review window, open ones censored; absent while unknown.";
    INCIDENT_DURATIONS: Gauge "" "evenkeel_incident_durations" ["duration", "ended"]
        "Incidents of the review window with this duration, by whether it has ended.";
    ALERT_NOISE_LOWER: Gauge "ratio" "evenkeel_alert_noise_lower_ratio" []
        "Lower bound of the noise ratio: share of pages that needed no action; absent without pages.";
    ALERT_NOISE_UPPER: Gauge "ratio" "evenkeel_alert_noise_upper_ratio" []
        "Upper bound of the noise ratio: undetermined pages count as noise; absent without pages.";
    ALERT_PAGES: Gauge "" "evenkeel_alert_pages" ["class"]
        "Pages of the review window by class.";
    ALERT_PRECISION: Gauge "ratio" "evenkeel_alert_precision_ratio" []
        "Precision of pages: share of pages that coincided with budget burn, where an SLO covers the service.";
    ALERT_RECALL: Gauge "ratio" "evenkeel_alert_recall_ratio" []
        "Recall of pages: share of budget burns that a page detected; absent without burns.";
    ALERT_RECALL_BUDGET: Gauge "ratio" "evenkeel_alert_recall_budget_ratio" []
        "Share of burned error budget that was covered by a page; absent without burns.";
    RULE_PRECISION: Gauge "ratio" "evenkeel_alert_rule_precision_ratio" ["rule"]
        "Precision of the rule: share of its alerts that coincided with budget burn, where an SLO covers the service.";
    RULE_RECALL: Gauge "ratio" "evenkeel_alert_rule_recall_ratio" ["rule"]
        "Share of budget burns on the services of the rule that the rule detected; absent without burns.";
    RULE_NOISE_COST: Gauge "" "evenkeel_alert_rule_noise_cost" ["rule"]
        "Noisy pages of the rule; a page in off-hours counts three times.";
    ON_CALL_PAGES: Gauge "" "evenkeel_on_call_pages" ["team", "off_hours"]
        "Interruptions (pages more than five minutes apart) by team and off-hours.";
    RULES_NEVER_FIRED: Gauge "" "evenkeel_alert_rules_never_fired" []
        "Loaded alerting rules without a single pending alert; absent where no source lists its rules.";
    SILENCES_STALE: Gauge "" "evenkeel_silences_stale" []
        "Active silences that are older than a week or match no alert.";
    KPI_VALUE: Gauge "" "evenkeel_kpi_value" ["kpi", "period"]
        "Value of the KPI in the last closed period and in the running one, in its unit; absent while unknown.";
    KPI_LOWER: Gauge "" "evenkeel_kpi_lower" ["kpi", "period"]
        "Lower end of the interval of the value.";
    KPI_UPPER: Gauge "" "evenkeel_kpi_upper" ["kpi", "period"]
        "Upper end of the interval of the value; absent where it is open.";
    KPI_NUMERATOR: Gauge "" "evenkeel_kpi_numerator" ["kpi", "period"]
        "Numerator of the value, for sums over clusters or periods.";
    KPI_DENOMINATOR: Gauge "" "evenkeel_kpi_denominator" ["kpi", "period"]
        "Denominator of the value, for sums over clusters or periods.";
    KPI_COVERAGE: Gauge "ratio" "evenkeel_kpi_coverage_ratio" ["kpi", "period"]
        "Observed share of the elapsed period; absent where nobody can say.";
    KPI_TARGET: Gauge "" "evenkeel_kpi_target" ["kpi", "period"]
        "Target of the value in this period, absolute or from the baseline.";
    KPI_ON_TARGET: Gauge "" "evenkeel_kpi_on_target" ["kpi", "period"]
        "1 if the whole interval reaches the target, 0 if none of it does; absent where chance could decide.";
    KPI_INFO: Info "" "evenkeel_kpi_info" ["kpi", "number", "title", "owner", "unit", "direction", "cadence", "primary"]
        "The definition of the KPI.";
    SOURCE_UP: Gauge "" "evenkeel_source_up" ["source"]
        "1 if the source answered its last query, 0 if not; absent before the first query.";
    SOURCE_LAST_SUCCESS: Gauge "seconds" "evenkeel_source_last_success_timestamp_seconds" ["source"]
        "Timestamp of the last answer of the source, in Unix seconds.";
    SOURCE_DURATION: Summary "seconds" "evenkeel_source_request_duration_seconds" ["source"]
        "Duration of requests to the source with their answers, failed ones too; percentiles of the last 10 to 20 minutes.";
    SOURCE_MAX_DURATION: Gauge "seconds" "evenkeel_source_request_max_duration_seconds" ["source"]
        "Duration of the slowest request to the source in the last 10 to 20 minutes.";
    EVALUATED: Gauge "seconds" "evenkeel_evaluation_timestamp_seconds" []
        "Timestamp of the last complete evaluation, in Unix seconds.";
    FINDINGS: Gauge "" "evenkeel_findings" ["kind", "severity"]
        "Configuration and data problems that need attention, by kind; the status page lists them with a hint.";
    BACKFILL_PROGRESS: Gauge "ratio" "evenkeel_backfill_progress_ratio" []
        "Share of the configured history that is stored; absent without a backfill.";
    BACKFILL_COMPLETE_SINCE: Gauge "seconds" "evenkeel_backfill_complete_since_timestamp_seconds" []
        "Start of the continuous history that is stored for all SLIs, in Unix seconds.";
    STORE_SIZE: Gauge "bytes" "evenkeel_store_size_bytes" []
        "Size of the store on disk.";
    STORE_SEALED_BLOCKS: Gauge "" "evenkeel_store_sealed_blocks" []
        "Sealed day blocks, one per SLI and day.";
    STORE_OPEN_TILES: Gauge "" "evenkeel_store_open_tiles" []
        "Tiles of days that are not sealed yet.";
    LOOP_ITERATIONS: Counter "" "evenkeel_loop_iterations_total" ["loop"]
        "Runs of a loop.";
    LOOP_FAILURES: Counter "" "evenkeel_loop_failures_total" ["loop"]
        "Runs of a loop that failed.";
    LOOP_LAST_DURATION: Gauge "seconds" "evenkeel_loop_last_duration_seconds" ["loop"]
        "Duration of the last run of a loop.";
    LOOP_DURATION: Summary "seconds" "evenkeel_loop_duration_seconds" ["loop"]
        "Duration of runs of a loop, failed ones too; percentiles of the last 10 to 20 minutes.";
    LOOP_MAX_DURATION: Gauge "seconds" "evenkeel_loop_max_duration_seconds" ["loop"]
        "Duration of the slowest run of a loop in the last 10 to 20 minutes.";
    LOOP_LAST_SUCCESS: Gauge "seconds" "evenkeel_loop_last_success_timestamp_seconds" ["loop"]
        "When a round of a loop last succeeded, in Unix seconds.";
    WEBHOOK_DELIVERIES: Counter "" "evenkeel_webhook_deliveries_total" ["webhook", "outcome"]
        "Webhook deliveries by outcome since the process started.";
    WEBHOOK_TRUNCATED: Counter "" "evenkeel_webhook_truncated_alerts_total" ["webhook"]
        "Alerts that senders left out of their deliveries since the process started.";
    ALERTMANAGER_SENT: Counter "" "evenkeel_alertmanager_sent_total" ["alertmanager"]
        "Alerts that the Alertmanager accepted, repetitions included, since the process started.";
    ALERTMANAGER_ERRORS: Counter "" "evenkeel_alertmanager_errors_total" ["alertmanager"]
        "Attempts to send alerts that failed and are repeated, since the process started.";
    ALERTMANAGER_DROPPED: Counter "" "evenkeel_alertmanager_dropped_total" ["alertmanager", "reason"]
        "Alerts that were never accepted, since the process started: refused, expired in the queue, or displaced from a full queue.";
    ALERTMANAGER_QUEUE: Gauge "" "evenkeel_alertmanager_queue_length" ["alertmanager"]
        "Alerts that wait to be sent to the Alertmanager.";
    HTTP_REQUESTS: Counter "" "evenkeel_http_requests_total" ["route", "code"]
        "HTTP requests by route and status.";
    HTTP_REQUEST_DURATION: Histogram "seconds" "evenkeel_http_request_duration_seconds" ["route"]
        "Time from the head of a request to the head of its answer.";
    PROCESS_START: Gauge "seconds" "process_start_time_seconds" []
        "When the process started, in Unix seconds; its counters began at zero then.";
    CONFIG_SUCCESSFUL: Gauge "" "evenkeel_config_last_reload_successful" []
        "Whether the last reload put every definition file in force as it is.";
    CONFIG_LOADED: Gauge "seconds" "evenkeel_config_last_reload_success_timestamp_seconds" []
        "When a reload last put every definition file in force as it is, in Unix seconds.";
    CONFIG_INFO: Info "" "evenkeel_config_info" ["hash"]
        "The hash of all definition files in force.";
    BUILD_INFO: Info "" "evenkeel_build_info" ["version"]
        "The version that runs.";
}

/// The metrics as a Markdown table: name, kind, labels, meaning.
pub fn markdown() -> String {
    let mut table = String::from("| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n");
    for metric in ALL {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} |",
            metric.name,
            metric.kind.word(),
            labels.join(", "),
            metric.help.trim_end_matches('.')
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        for metric in ALL {
            let name = metric.name;
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert!(metric.unit.is_empty() || name.ends_with(&format!("_{}", metric.unit)), "{name}");
            assert_eq!(metric.kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert_eq!(metric.kind == Kind::Info, name.ends_with("_info"), "{name}");
            assert!(metric.help.ends_with('.') && !metric.help.contains(['\n', '\\', '"']), "{name}: written as it is");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn the_table_for_people_has_all() {
        let table = markdown();
        assert_eq!(table.lines().count(), ALL.len() + 2);
        assert!(table.contains(
            "| `evenkeel_slo_burn_rate` | gauge | `slo`, `service`, `lookback` | Bad ratio over the lookback"
        ));
    }
}
