//! Flags of commands that write files.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What can be generated.
#[derive(Debug, Subcommand)]
pub enum GenerateCommands {
    /// Grafana dashboards, as JSON with the files that provision them.
    Dashboards(DashboardArgs),
    /// Rules for Alertmanager, so that one outage pages once.
    InhibitRules(InhibitRulesArgs),
    /// Rules of Prometheus that estimate error ratios and alert on them, with unit tests.
    Rules(RulesArgs),
    /// Routes and inhibitions of Alertmanager for alerts of SLOs.
    Alertmanager(AlertmanagerArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  evenkeel generate inhibit-rules --config evenkeel.yaml >> alertmanager.yml

The rules are about the alerts that Evenkeel sends. Print them again when `external_labels` change.")]
pub struct InhibitRulesArgs {
    /// Configuration file (YAML), for its external labels.
    #[arg(long, value_name = "FILE", env = "EVENKEEL_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  evenkeel generate dashboards --definitions slo-definitions --output /etc/grafana/dashboards")]
pub struct DashboardArgs {
    /// Files and directories of definitions; without any, those of the configuration.
    #[arg(long, value_name = "PATH", env = "EVENKEEL_DEFINITIONS", value_delimiter = ',')]
    pub definitions: Vec<PathBuf>,
    /// Configuration file (YAML).
    #[arg(long, value_name = "FILE", env = "EVENKEEL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Directory that is written to, made if absent.
    #[arg(long, short, value_name = "DIR", default_value = "dashboards")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel convert sloth.yaml > slos.yaml                  Evenkeel's format, on standard output
  evenkeel convert sloth/ pyrra/ --output definitions      a file for each that was read
  evenkeel convert my-slos --to openslo                    OpenSLO v1

Read are definitions of Evenkeel, Sloth, Pyrra, OpenSLO, slo-generator, Nobl9 and Grafana.
Comments say what changed and what could not be kept.

Exit code: 0 if everything was converted, also with warnings; 2 if something could not be.")]
pub struct ConvertArgs {
    /// Files and directories of definitions.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Format that is written.
    #[arg(long, value_name = "FORMAT", default_value = "evenkeel")]
    pub to: ConvertFormat,
    /// Directory that is written to, made if absent; a file for each that was read.
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel generate rules --definitions slo-definitions --output rules.yml --tests tests
  promtool test rules tests/*.test.yml
  evenkeel generate rules --format prometheusrule | kubectl apply -f -
  evenkeel generate rules --format mimir --output mimir.yml && mimirtool rules sync mimir.yml

Rules estimate what the daemon counts; the head of the file says how they differ. SLOs that
rules cannot say are named on standard error and in the file.")]
pub struct RulesArgs {
    /// Files and directories of definitions; without any, those of the configuration.
    #[arg(long, value_name = "PATH", env = "EVENKEEL_DEFINITIONS", value_delimiter = ',')]
    pub definitions: Vec<PathBuf>,
    /// Configuration file (YAML).
    #[arg(long, value_name = "FILE", env = "EVENKEEL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Format of the rules.
    #[arg(long, value_name = "FORMAT", default_value = "prometheus")]
    pub format: RulesFormat,
    /// File that is written to; without it, standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Directory for unit tests: `SLO.test.yml` for each SLO, with its rules in `SLO.rules.yml`.
    #[arg(long, value_name = "DIR")]
    pub tests: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RulesFormat {
    Prometheus,
    Prometheusrule,
    Mimir,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  evenkeel generate alertmanager --definitions slo-definitions > alertmanager-slo.yml
  amtool check-config alertmanager-slo.yml")]
pub struct AlertmanagerArgs {
    /// Files and directories of definitions; without any, those of the configuration.
    #[arg(long, value_name = "PATH", env = "EVENKEEL_DEFINITIONS", value_delimiter = ',')]
    pub definitions: Vec<PathBuf>,
    /// Configuration file (YAML), for its external labels.
    #[arg(long, value_name = "FILE", env = "EVENKEEL_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ConvertFormat {
    Evenkeel,
    Openslo,
}
