//! Flags of `try`.

use std::path::PathBuf;

use clap::Args;

use super::clients::instant;
use crate::definitions::ratio;
use crate::model::slo::objectives::Objective;
use crate::model::time::{Millis, Timestamp};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel try checkout.yaml --prometheus http://localhost:9090
  evenkeel try checkout.yaml --prometheus http://localhost:9090 --last 90d --objective 99.5,99.95
  evenkeel try old.yaml new.yaml --prometheus http://localhost:9090     two definitions side by side
  evenkeel try my-slos --config evenkeel.yaml --slo checkout-availability --json

Counts what the source still has, as the daemon would, in a temporary store, and shows the
events, the attainment with its likely interval, when the budget burned, which burn-rate alerts
would have fired, the budget with other objectives, and an objective that nine of ten past
windows would have met.

Exit code: 0 if all was read and nothing is wrong with the series; 1 if the source did not give
some of the history, or a finding asks for something; 2 with an error in a definition.")]
pub struct TrialArgs {
    /// Files and directories of definitions; without any, those of the configuration.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The Prometheus (or Thanos, Mimir, VictoriaMetrics) that all of them are tried on.
    #[arg(long, value_name = "URL")]
    pub prometheus: Option<String>,
    /// Configuration file (YAML), for its sources and definitions.
    #[arg(long, value_name = "FILE", env = "EVENKEEL_CONFIG", conflicts_with = "prometheus")]
    pub config: Option<PathBuf>,
    /// How much history is counted.
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub last: Millis,
    /// A past moment at which the history ends, RFC 3339 or Unix seconds; without it now.
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub at: Option<Timestamp>,
    /// Only this SLO of the definitions. Repeatable.
    #[arg(long, value_name = "NAME")]
    pub slo: Vec<String>,
    /// Objectives to compare with that of the definition, in percent.
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', value_parser = objective,
        default_values = ["90", "95", "99", "99.5", "99.9", "99.95", "99.99"])]
    pub objective: Vec<Objective>,
    /// Print JSON. Default when the output is not a terminal.
    #[arg(long)]
    pub json: bool,
}

fn objective(text: &str) -> Result<Objective, String> {
    // As a definition is read, so that both are the same number.
    let ratio = ratio(&format!("{}%", text.trim().trim_end_matches('%')));
    let objective = ratio.ok().and_then(Objective::new);
    objective.ok_or_else(|| "an objective is a percentage between 0 and 100, such as 99.9".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_percent() {
        assert_eq!(objective("99.9").unwrap().ratio(), objective("99.9%").unwrap().ratio());
        assert_eq!(objective("99.95").unwrap().to_string(), "99.95%");
        for wrong in ["0", "100", "x", "", "-1"] {
            assert!(objective(wrong).is_err(), "{wrong}");
        }
    }
}
