//! Flags of the commands that query a running daemon.

use clap::Args;

use crate::cli::args::daemon::DaemonArgs;
use crate::model::time::{Millis, Timestamp};

/// A question to a running daemon.
#[derive(Debug, Args)]
pub struct ClientArgs {
    #[command(flatten)]
    pub daemon: DaemonArgs,
    /// Print JSON. Default when the output is not a terminal.
    #[arg(long)]
    pub json: bool,
    /// Ask again every N seconds (5 without a number) until interrupted.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "5", require_equals = true,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub watch: Option<u64>,
}

/// Over which period an SLO is judged.
#[derive(Debug, Args)]
pub struct OverArgs {
    /// Compliance window, one of the definition's; without it the first.
    #[arg(long, value_name = "WINDOW")]
    pub window: Option<String>,
    /// A past moment, RFC 3339 or Unix seconds; without it now.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub at: Option<Timestamp>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel slo                                        all, the most burnt first
  evenkeel slo checkout-availability --window month
  evenkeel slo --watch
  evenkeel slo checkout-availability --at 2026-07-01T00:00:00Z
  evenkeel slo --json | jq '.slos[] | select(.state == \"burning\") | .slo'")]
pub struct SloArgs {
    /// Name of one SLO; without it all are listed.
    pub name: Option<String>,
    #[command(flatten)]
    pub over: OverArgs,
    #[command(flatten)]
    pub client: ClientArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel explain checkout-availability
  evenkeel explain checkout-availability --window month --at 2026-07-01T00:00:00Z")]
pub struct ExplainArgs {
    /// Name of the SLO.
    pub name: String,
    #[command(flatten)]
    pub over: OverArgs,
    #[command(flatten)]
    pub client: ClientArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel incidents --last 7d
  evenkeel incidents 0af7651916cd43dd     one incident, with its timeline
  evenkeel incidents 0af7651916cd43dd --postmortem > postmortem.md
  evenkeel incidents --last 90d --json
  evenkeel incidents --months 12        totals of the last complete months")]
pub struct IncidentsArgs {
    /// Id of one incident; without it all of the period are listed.
    #[arg(conflicts_with_all = ["last", "months"])]
    pub id: Option<String>,
    /// Print the draft of a post-mortem in Markdown.
    #[arg(long, requires = "id", conflicts_with = "json")]
    pub postmortem: bool,
    /// How far back incidents are listed.
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub last: Millis,
    /// Show monthly totals for the last N months (1 to 36) instead of incidents.
    #[arg(long, value_name = "N", conflicts_with = "last")]
    pub months: Option<usize>,
    #[command(flatten)]
    pub client: ClientArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel alerts                 alerts of the last thirty days
  evenkeel alerts --rules         alert rules with noise, precision and recall
  evenkeel alerts --explain       what each alert is about, and which rule says so")]
pub struct AlertsArgs {
    /// Show rules with their noise instead of single alerts.
    #[arg(long)]
    pub rules: bool,
    /// Show what each alert is about, and the label or rule that says so.
    #[arg(long, conflicts_with = "rules")]
    pub explain: bool,
    /// How far back alerts are listed or judged.
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub last: Millis,
    #[command(flatten)]
    pub client: ClientArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel kpis                           the scorecard
  evenkeel kpis time-to-restore           one KPI, by period
  evenkeel kpis --json | jq '.kpis[] | select(.last.status == \"off_target\") | .kpi'")]
pub struct KpisArgs {
    /// Name of one KPI; without it all are listed.
    pub name: Option<String>,
    #[command(flatten)]
    pub client: ClientArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel replay                                     the changes that would have saved most
  evenkeel replay --rule CpuHigh --for 30m
  evenkeel replay --rule PodErrors --inhibit-by HighErrorRate --equal service,cluster
  evenkeel replay --rule HighErrorRate --burn-rate checkout-availability --last 90d
  evenkeel replay --rule DiskFilling --delete

Evaluates past alerts as if the rule were changed. Nothing is changed in your systems.")]
pub struct ReplayArgs {
    /// The rule that changes, by its alertname.
    #[arg(long, value_name = "RULE")]
    pub rule: Option<String>,
    #[command(flatten)]
    pub change: ChangeArgs,
    /// Labels that must be equal for an inhibition.
    #[arg(long, value_name = "LABEL,...", default_value = "service", requires = "inhibit_by")]
    pub equal: String,
    /// How far back is replayed.
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub last: Millis,
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What changes.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct ChangeArgs {
    /// Time that the condition must hold.
    #[arg(long = "for", value_name = "DURATION", requires = "rule")]
    pub hold: Option<Millis>,
    /// Time that it keeps firing after the condition has ended.
    #[arg(long, value_name = "DURATION", requires = "rule")]
    pub keep_firing_for: Option<Millis>,
    /// Inhibit it while this rule fires.
    #[arg(long, value_name = "RULE", requires = "rule")]
    pub inhibit_by: Option<String>,
    /// Use the burn-rate alerts of this SLO instead of the rule.
    #[arg(long, value_name = "SLO")]
    pub burn_rate: Option<String>,
    /// Delete the rule.
    #[arg(long, requires = "rule")]
    pub delete: bool,
}

pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}
