//! Flags of `gate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::daemon::DaemonArgs;
use crate::definitions::ratio;
use crate::model::time::Millis;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel gate checkout-availability --min 20%
  evenkeel gate --service checkout --min 10% --while-burning fail
  evenkeel gate --team payments --overrides gate-overrides.yaml --json

For pipelines: says whether enough of the error budget is left to take a risk.
An override lets one SLO through until it expires. The file is a list:
  - {slo: checkout-availability, author: anna@example.org, reason: fix of the outage,
     until: \"2026-07-01T12:00:00Z\"}

Exit code: 0 if every SLO passes; 1 if one does not; 2 if what is asked for is wrong.")]
pub struct GateArgs {
    /// Names of SLOs; or all of a service or team.
    #[arg(value_name = "SLO", required_unless_present_any = ["service", "team"])]
    pub slos: Vec<String>,
    /// All SLOs of this service.
    #[arg(long, value_name = "SERVICE", conflicts_with = "slos")]
    pub service: Option<String>,
    /// All SLOs whose label `team` has this value.
    #[arg(long, value_name = "TEAM", conflicts_with = "slos")]
    pub team: Option<String>,
    /// The least share of the error budget of the first window that must be left.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = share)]
    pub min: f64,
    /// What an SLO does of which the budget is not known: never observed, still being read, too
    /// old, or no answer.
    #[arg(long, value_enum, value_name = "VERDICT", default_value_t = GatePolicy::Fail)]
    pub unknown: GatePolicy,
    /// What an SLO does while one of its burn-rate alerts fires.
    #[arg(long, value_enum, value_name = "VERDICT", default_value_t = GatePolicy::Pass)]
    pub while_burning: GatePolicy,
    /// Figures that are older than this are not known.
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    pub max_age: Millis,
    /// File (YAML) with overrides: slo, author, reason, until.
    #[arg(long, value_name = "FILE")]
    pub overrides: Option<PathBuf>,
    /// Print JSON instead of a line for each SLO.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub daemon: DaemonArgs,
}

/// What becomes of an SLO about which a rule has no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GatePolicy {
    Pass,
    Fail,
}

fn share(text: &str) -> Result<f64, String> {
    ratio(text).map_err(|complaint| complaint.message)
}
