//! How to run: one YAML file, flags and `EVENKEEL_...` variables to a validated
//! `Config`, with every problem at once. A flag wins over its variable, that
//! over the file, that over the default. Must not know what is promised, nor
//! how any of it is used.

mod contents;
mod dump;
mod endpoint;
mod environment;
mod layers;
mod read;
mod sections;
mod settings;
#[cfg(test)]
mod tests;
mod variables;

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::model::problem::{Level, Problem};
use crate::yaml::read::TEXT_BYTES_MAX;

pub use contents::{Config, Kubernetes, Log, LogFormat, LogLevel, SourceConfig, Toggle, Webhook};
pub use environment::Environment;
pub use sections::web::{Anonymous, Proxy, WebSettings, WebToken};
pub use sections::web_file::{ClientCertificates, TlsFiles, WebFile, read_web_file};
pub use settings::{Overrides, PROMETHEUS, Setting, reference};

/// Reads the file, if there is one, below flags and variables. `None` if there
/// is an error; warnings come with a configuration.
pub fn load(
    file: Option<&Path>,
    overrides: &Overrides,
    surroundings: &Environment<'_>,
) -> (Option<Config>, Vec<Problem>) {
    let Some(path) = file else {
        return parse("", "configuration", overrides, surroundings);
    };
    let name = path.display().to_string();
    match read_text(path) {
        Ok(text) => parse(&text, &name, overrides, surroundings),
        Err(message) => (None, vec![Problem::of_file(Level::Error, name, message, None)]),
    }
}

/// Reads a text; `file` names it in problems, and relative paths in it start
/// from its directory.
pub fn parse(
    text: &str,
    file: &str,
    overrides: &Overrides,
    surroundings: &Environment<'_>,
) -> (Option<Config>, Vec<Problem>) {
    read::config(text, file, overrides, surroundings)
}

fn read_text(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells a full file from a cut one.
    let limit = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(format!("is larger than {TEXT_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| format!("is not UTF-8 text: {error}"))
}
