//! The flags of `evenkeel backup`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel backup /backup/evenkeel-2026-07-01.db --data /var/lib/evenkeel
  kubectl exec evenkeel-0 -- evenkeel backup /backup/evenkeel.db

The copy is one moment of the store, also while the daemon writes, and is checked before it gets
its name. To restore it, stop the daemon and put the file into an empty data directory as
`evenkeel.db`.")]
pub struct BackupArgs {
    /// File to write; it must not exist.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Configuration file (YAML), whose `data` is copied.
    #[arg(long, value_name = "FILE", env = "EVENKEEL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Directory of the store.
    #[arg(long, value_name = "DIR", env = "EVENKEEL_DATA")]
    pub data: Option<PathBuf>,
}
