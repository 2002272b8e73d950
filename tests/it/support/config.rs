//! A configuration of the daemon for a test, as users write it.

use std::path::{Path, PathBuf};

/// Definitions, data and the file itself lie in one folder; judged every 5 s with an
/// hour of history and without Kubernetes, as long as nothing else is said.
pub struct Config {
    folder: PathBuf,
    sources: String,
    alertmanagers: String,
    definitions: PathBuf,
    data: PathBuf,
    backfill: String,
    more: String,
}

impl Config {
    pub fn new(folder: &Path) -> Config {
        Config {
            folder: folder.to_owned(),
            sources: String::new(),
            alertmanagers: String::new(),
            definitions: folder.join("slo.yaml"),
            data: folder.join("data"),
            backfill: "1h".to_owned(),
            more: String::new(),
        }
    }

    pub fn prometheus(mut self, name: &str, url: &str) -> Config {
        self.sources += &format!("  - {{name: {name}, type: prometheus, url: '{url}', ingest_delay: 5s}}\n");
        self
    }

    /// The Prometheus of a place, such as `cluster: eu-1`.
    pub fn prometheus_in(mut self, name: &str, url: &str, labels: &str) -> Config {
        self.sources += &format!("  - {{name: {name}, url: '{url}', ingest_delay: 5s, labels: {{{labels}}}}}\n");
        self
    }

    pub fn alertmanager(mut self, url: &str) -> Config {
        self.alertmanagers += &format!("  - {{url: '{url}'}}\n");
        self
    }

    /// A file or a folder.
    pub fn definitions(self, path: impl Into<PathBuf>) -> Config {
        Config { definitions: path.into(), ..self }
    }

    pub fn data(self, path: impl Into<PathBuf>) -> Config {
        Config { data: path.into(), ..self }
    }

    pub fn backfill(self, length: impl ToString) -> Config {
        Config { backfill: length.to_string(), ..self }
    }

    /// Further sections.
    pub fn section(mut self, yaml: &str) -> Config {
        self.more += yaml.trim();
        self.more.push('\n');
        self
    }

    /// The arguments of a `run` with it, once the file is written.
    pub fn run(&self) -> [String; 3] {
        let file = self.folder.join(format!("{}.yaml", self.data.file_name().unwrap().to_str().unwrap()));
        std::fs::write(&file, self.text()).unwrap();
        ["run".to_owned(), "--config".to_owned(), file.display().to_string()]
    }

    fn text(&self) -> String {
        let list = |name: &str, entries: &str| match entries {
            "" => String::new(),
            entries => format!("{name}:\n{entries}"),
        };
        format!(
            "{}{}definitions: ['{}']\ndata: '{}'\nbackfill: {}\nevaluation_interval: 5s\n\
             kubernetes: {{enabled: false}}\n{}",
            list("sources", &self.sources),
            list("alertmanagers", &self.alertmanagers),
            self.definitions.display(),
            self.data.display(),
            self.backfill,
            self.more,
        )
    }
}
