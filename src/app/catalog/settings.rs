//! The configuration file at a reload. Settings are in force from the start of the
//! process to its end; one that has changed since is a finding.

use std::sync::Arc;

use crate::config::Config;
use crate::evaluate::review::finding::{Finding, FindingKind};
use crate::model::problem::{Level, Problem};

/// Reads the configuration as at the start: the file, the environment, the flags.
pub type ReadConfig = Arc<dyn Fn() -> (Option<Config>, Vec<Problem>) + Send + Sync>;

pub struct Settings {
    in_force: Config,
    read: ReadConfig,
}

impl Settings {
    pub fn new(in_force: Config, read: ReadConfig) -> Settings {
        Settings { in_force, read }
    }

    /// What the configuration says now that is not in force.
    pub fn findings(&self) -> Vec<Finding> {
        let (config, problems) = (self.read)();
        let errors: Vec<Finding> = problems.iter().filter(|p| p.level == Level::Error).map(unusable).collect();
        let changed = match config {
            Some(config) if errors.is_empty() => self.in_force.changed_settings(&config),
            _ => return errors,
        };
        if changed.is_empty() {
            return Vec::new();
        }
        vec![Finding::new("configuration", FindingKind::NeedsRestart { settings: changed })]
    }
}

/// A restart would fail on it.
fn unusable(problem: &Problem) -> Finding {
    let place = if problem.line > 0 { format!("{}:{}: ", problem.line, problem.column) } else { String::new() };
    let path = if problem.path.is_empty() { String::new() } else { format!("{}: ", problem.path) };
    Finding::other(
        problem.file.clone(),
        format!("{place}{path}{}; a restart would fail, the settings of the start are in force", problem.message),
        problem.hint.clone().unwrap_or_else(|| "correct it; `evenkeel check` shows the place".to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Environment, Overrides};

    fn read(text: &str) -> (Option<Config>, Vec<Problem>) {
        let nothing = Environment { variable: &|_| None, readable: &|_| Ok(()) };
        config::parse(text, "evenkeel.yaml", &Overrides::default(), &nothing)
    }

    fn after(text: &'static str) -> Vec<Finding> {
        let in_force = read("retention: 400d\ntimezone: UTC\n").0.unwrap();
        Settings::new(in_force, Arc::new(move || read(text))).findings()
    }

    #[test]
    fn a_changed_setting_needs_a_restart_and_a_broken_file_is_named() {
        assert_eq!(after("timezone: UTC\n# the same\nretention: 400d\n"), []);
        let settings = vec!["retention".to_owned(), "timezone".to_owned()];
        let changed = Finding::new("configuration", FindingKind::NeedsRestart { settings });
        assert_eq!(after("retention: 500d\ntimezone: Europe/Berlin\n"), [changed]);
        let broken = after("retention: soon\n");
        assert_eq!((broken.len(), broken[0].subject.as_str()), (1, "evenkeel.yaml"));
        assert!(
            matches!(&broken[0].kind, FindingKind::Other { message, .. } if message.contains("a restart would fail"))
        );
    }
}
