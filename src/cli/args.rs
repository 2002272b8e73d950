//! What may be typed: commands, flags and their help. Only parsing; the flags
//! of settings stand in `settings`.

mod backup;
mod clients;
mod daemon;
mod gate;
mod generate;
mod trial;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::model::time::TimeError;
use crate::model::time::asked_month::AskedMonth;

pub use backup::BackupArgs;
pub use clients::{
    AlertsArgs, ChangeArgs, ClientArgs, ExplainArgs, IncidentsArgs, KpisArgs, OverArgs, ReplayArgs, SloArgs,
};
pub use daemon::DaemonArgs;
pub use gate::{GateArgs, GatePolicy};
pub use generate::{
    AlertmanagerArgs, ConvertArgs, ConvertFormat, DashboardArgs, GenerateCommands, InhibitRulesArgs, RulesArgs,
    RulesFormat,
};
pub use trial::TrialArgs;

use crate::cli::commands::settings::SettingArgs;

/// SLO and reliability analytics from your Prometheus, Alertmanager and Kubernetes:
/// exact error budgets, incidents and alert noise.
#[derive(Debug, Parser)]
#[command(name = "evenkeel", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "\
Start here:
  evenkeel demo                                        a generated platform; open http://127.0.0.1:9595
  evenkeel check slo-definitions                       check your definitions
  evenkeel run --prometheus http://localhost:9090 --definitions slo-definitions

Every flag of a setting has a key in the file of --config and an EVENKEEL_... variable.")]
pub struct Cli {
    #[command(subcommand)]
    pub command: CliCommands,
}

/// Commands
#[derive(Debug, Subcommand)]
pub enum CliCommands {
    /// Run the daemon.
    Run(RunArgs),
    /// Run the daemon on a generated platform, without any other server.
    Demo(DemoArgs),
    /// Check configuration, definitions and scenarios; exit code 2 on errors.
    Check(CheckArgs),
    /// Try definitions on the history of a source before they run.
    Try(TrialArgs),
    /// Write the reliability review of one month.
    Report(ReportArgs),
    /// Import incidents, acknowledgements and events from files.
    Import(ImportArgs),
    /// Copy the store to a file, also while the daemon runs.
    Backup(BackupArgs),
    /// Convert definitions of other tools to Evenkeel's format, or to OpenSLO.
    Convert(ConvertArgs),
    /// Write files for other systems.
    #[command(subcommand)]
    Generate(GenerateCommands),
    /// Show sources, loops, backfill and findings of a running daemon.
    Status(ClientArgs),
    /// Show all SLOs of a running daemon, or one.
    Slo(SloArgs),
    /// Show how the figures of an SLO are made.
    Explain(ExplainArgs),
    /// Show the incidents of a running daemon, or one.
    Incidents(IncidentsArgs),
    /// Show the alerts of a running daemon, and how much of them is noise.
    Alerts(AlertsArgs),
    /// Say whether SLOs have enough error budget left, as an exit code for pipelines.
    Gate(GateArgs),
    /// Show the scorecard of a running daemon, or one KPI.
    Kpis(KpisArgs),
    /// Replay alert history with a different `for`, inhibition or burn-rate alert.
    Replay(ReplayArgs),
    /// Compare computed budgets with the truth on generated worlds in a real Prometheus.
    Verify(VerifyArgs),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel run --prometheus http://localhost:9090 --definitions slo-definitions
  evenkeel run --config evenkeel.yaml --backfill 90d
  EVENKEEL_CONFIG=evenkeel.yaml EVENKEEL_LISTEN=0.0.0.0:9595 evenkeel run

A flag wins over its variable, that over the file, that over the default.")]
pub struct RunArgs {
    /// Configuration file (YAML).
    #[arg(long, value_name = "FILE", env = "EVENKEEL_CONFIG")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel demo                           thirty days of history, then live
  evenkeel demo --days 90 --seed 7        another platform, a longer history
  evenkeel demo --speed 60                an hour passes in a minute")]
pub struct DemoArgs {
    /// Days of history before now.
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=400))]
    pub days: u32,
    /// Seed of the generated platform; the same seed gives the same platform.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Speed of the demo clock, as a factor.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub speed: u32,
    /// Address of the API, the metrics and the pages. Port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:9595", value_name = "ADDR:PORT", env = "EVENKEEL_LISTEN")]
    pub listen: std::net::SocketAddr,
    /// Directory of the store; without it a temporary one that is removed at the end.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel check slo-definitions                          definitions in a directory tree
  evenkeel check --config evenkeel.yaml                   the configuration, and what it names
  evenkeel check checkout.yaml && git push
  evenkeel check my-slos --prometheus http://localhost:9090     whether their series are there
  evenkeel check my-slos --scenario tests/scenarios       what would come out of samples that you write

Exit code: 0 without errors, also with warnings; 1 if a scenario does not hold; 2 with an error.")]
pub struct CheckArgs {
    /// Files and directories of definitions; without any, those of the configuration.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Configuration file (YAML).
    #[arg(long, value_name = "FILE", env = "EVENKEEL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Ask this Prometheus for the series of every SLO: metrics, labels and buckets that do not
    /// exist, late samples, impossible counts. With --config instead: see --live.
    #[arg(long, value_name = "URL", conflicts_with = "live")]
    pub prometheus: Option<String>,
    /// Ask the sources of the configuration for the series of every SLO.
    #[arg(long, requires = "config")]
    pub live: bool,
    /// Print the configuration as it is understood, without its secrets.
    #[arg(long)]
    pub show_config: bool,
    /// File or directory of scenarios: samples, and what must come out. Repeatable.
    #[arg(long, value_name = "PATH")]
    pub scenario: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel report                                                    the last complete month, as text
  evenkeel report --month 2026-07 --format html --output july.html
  evenkeel report --month 2026-07 --data evenkeel-data --config evenkeel.yaml
  evenkeel report --month 2026-07 --export parquet --output july/    the month as columns

With --data the store is read where it lies; otherwise the daemon at --address is asked.")]
pub struct ReportArgs {
    /// The month, in the time zone of the configuration; `last` is the last complete
    /// month, `current` the running one.
    #[arg(long, value_name = "YYYY-MM", default_value = "last", value_parser = month)]
    pub month: AskedMonth,
    /// Format of the report.
    #[arg(long, value_enum, default_value_t = ReportFormat::Md)]
    pub format: ReportFormat,
    /// File of the report, or directory of the export; without it standard output.
    #[arg(long, short, value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// Write the month's facts as tables instead of a report; needs --output.
    #[arg(long, value_enum, value_name = "FORMAT", requires = "output")]
    pub export: Option<ExportFormat>,
    /// Directory of the store, read while no daemon runs on it.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Definitions that go with --data; without it, those of the configuration.
    #[arg(long, value_name = "PATH", requires = "data")]
    pub definitions: Vec<PathBuf>,
    /// Configuration file (YAML) that goes with --data.
    #[arg(long, value_name = "FILE", env = "EVENKEEL_CONFIG")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub daemon: DaemonArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel import incidents.csv --webhook records --token-file token
  evenkeel import events.jsonl --webhook events --token-file token    what the event recorder wrote
  evenkeel import 2025.csv 2026.jsonl --data evenkeel-data             while no daemon runs on it

CSV has a header; JSON is one record in each line, or a list. The fields: id, kind (incident,
acknowledge, resolve, notification, change, ticket, measurement), occurred_at, ended_at, service,
cluster, severity, labels, refs, actor, human, incident, dedup_key; of a measurement kpi, value,
numerator, denominator, open. Records that are stored already are skipped.

Exit code: 2 if a line is wrong; nothing is imported then.")]
pub struct ImportArgs {
    /// Files to take in: *.csv, or JSON.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Webhook of the running daemon; with --data the name that the records are kept under.
    #[arg(long, value_name = "NAME")]
    pub webhook: Option<String>,
    /// Directory of the store, written while no daemon runs on it.
    #[arg(long, value_name = "DIR", conflicts_with = "token_file")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub daemon: DaemonArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Markdown, which reads as text.
    Md,
    /// One self-contained page.
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Parquet,
    Csv,
}

fn month(text: &str) -> Result<AskedMonth, String> {
    text.parse().map_err(|error: TimeError| error.to_string())
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel verify                                       every scenario, a week each
  evenkeel verify --days 30 --seed 7                    other worlds, a month each
  evenkeel verify --scenario jobs-400s --keep worlds    one, and what it was made of
  evenkeel verify --json | jq '.scenarios[] | select(.holds | not)'

Each world is written into a Prometheus of its own with promtool, samples as a
scraper would have got them, and asked for in three ways:
  sloth     the mean of 5-minute error ratios, one every 30 s, over the window; what
            Sloth's 17 recording rules come to
  pyrra     increase() of errors over increase() of all requests, over the window
  evenkeel  raw samples, counted, stored and judged as the daemon does it
The truth is counted from the world's event log. Stale markers are left out, since
promtool cannot write them; no answer depends on them.

Exit code: 0 if every truth lies in Evenkeel's bound and no event that could be
observed is miscounted; 1 otherwise.")]
pub struct VerifyArgs {
    /// Scenario to prove, repeatable; without it all of them.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(scenario_names()))]
    pub scenario: Vec<String>,
    /// The worlds to generate; the same seed gives the same worlds.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Days of the compliance window.
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=90))]
    pub days: u32,
    /// Path of the `prometheus` binary; `promtool` must be in the same directory. Default: from PATH.
    #[arg(long, value_name = "PATH")]
    pub prometheus: Option<PathBuf>,
    /// Keep each world's Prometheus data, store and definition in a directory.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Print the proof as JSON.
    #[arg(long)]
    pub json: bool,
}

fn scenario_names() -> impl Iterator<Item = &'static str> {
    crate::sources::worlds::all().iter().map(|scenario| scenario.name)
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel completions bash > /etc/bash_completion.d/evenkeel
  evenkeel completions zsh > ~/.zfunc/_evenkeel")]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::config::reference;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_command_line_is_sound_and_every_setting_has_its_flag() {
        Cli::command().debug_assert();
        let mut run = Cli::command().find_subcommand("run").unwrap().clone();
        let help = run.render_long_help().to_string();
        for setting in reference().iter().filter(|setting| setting.flag.is_some()) {
            assert!(help.contains(&format!("--{}", setting.flag.unwrap())), "{}", setting.key);
            assert!(help.contains(setting.variable.unwrap()), "{}", setting.key);
        }
    }

    #[test]
    fn every_command_has_help_and_a_summary() {
        let command = Cli::command();
        for command in command.get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
        }
    }

    #[test]
    fn settings_arrive_as_they_were_typed() {
        let cli = parse("evenkeel run --listen :1 --alertmanager http://a,http://b --alertmanager http://c").unwrap();
        let CliCommands::Run(run) = cli.command else { panic!("not run") };
        let surroundings = crate::config::Environment { variable: &|_| None, readable: &|_| Ok(()) };
        let (config, problems) = crate::config::load(None, &run.settings.overrides, &surroundings);
        assert!(config.is_none());
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].file, "--listen or EVENKEEL_LISTEN");
        assert_eq!(format!("{:?}", run.settings.overrides), r#"{"alertmanagers[].url", "listen"}"#);
    }

    #[test]
    fn months_addresses_and_choices() {
        let report = |line: &str| match parse(line) {
            Ok(Cli { command: CliCommands::Report(report) }) => Ok(report),
            Ok(_) => panic!("not report"),
            Err(error) => Err(error.to_string()),
        };
        let july = report("evenkeel report --month 2026-07 --address localhost:9595").unwrap();
        assert_eq!(july.month.to_string(), "2026-07");
        assert_eq!(july.daemon.address.as_str(), "http://localhost:9595/");
        for wrong in ["2026-13", "2026-7", "07-2026", "2026", "+026-07", "1969-12"] {
            assert!(report(&format!("evenkeel report --month {wrong}")).unwrap_err().contains("2026-07"), "{wrong}");
        }
        assert!(report("evenkeel report --month 2026-07 --export csv").is_err(), "an export needs a directory");
        assert!(parse("evenkeel demo --days 0").is_err());
        assert!(parse("evenkeel slo x --at yesterday").is_err());
        assert!(parse("evenkeel alerts --last 30").is_err());
    }
}
