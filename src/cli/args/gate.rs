//! Flags of the gate for deployments.

use clap::{Args, ValueEnum};

use crate::cli::args::daemon::DaemonArgs;
use crate::model::time::Millis;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel gate checkout-availability checkout-latency --min 20%
  evenkeel gate checkout-availability --min 10% --unknown pass --max-age 30m && ./deploy

A line for each SLO says pass, fail or unknown, why, and how old the figures are. Unknown is an
SLO whose history is being read, that was not observed, whose last hour was observed less than
its coverage floor, or whose figures are older than --max-age.

Exit code: 0 if all SLOs pass; 1 if one fails, or is unknown with --unknown fail; 2 if the daemon
does not answer or does not know an SLO.")]
pub struct GateArgs {
    /// Names of SLOs.
    #[arg(value_name = "SLO", required = true)]
    pub slos: Vec<String>,
    /// Share of the error budget that must be left, for example 20%.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = share)]
    pub min: f64,
    /// What becomes of the gate where an SLO is unknown.
    #[arg(long, value_name = "POLICY", default_value = "fail")]
    pub unknown: UnknownPolicy,
    /// Age of figures from which they count as unknown.
    #[arg(long, value_name = "LENGTH", default_value = "15m")]
    pub max_age: Millis,
    /// Compliance window, one of the definitions'; without it the first.
    #[arg(long, value_name = "WINDOW")]
    pub window: Option<String>,
    #[command(flatten)]
    pub daemon: DaemonArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UnknownPolicy {
    Pass,
    Fail,
}

fn share(text: &str) -> Result<f64, String> {
    crate::definitions::ratio(text).map_err(|complaint| match complaint.hint {
        Some(hint) => format!("{}; {hint}", complaint.message),
        None => complaint.message,
    })
}
