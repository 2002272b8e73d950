//! The environment that a configuration is read in.

use std::fs;
use std::path::Path;

/// What a setting may refer to outside the file.
pub struct Environment<'s> {
    /// The value of an environment variable.
    pub variable: &'s dyn Fn(&str) -> Option<String>,
    /// Whether a file can be read; the reason if not.
    pub readable: &'s dyn Fn(&Path) -> Result<(), String>,
}

impl Environment<'_> {
    /// This process and this machine.
    #[expect(clippy::disallowed_methods, reason = "settings may name variables that hold their secrets")]
    pub fn real() -> Environment<'static> {
        Environment {
            variable: &|name| std::env::var(name).ok(),
            readable: &|path| fs::File::open(path).map(drop).map_err(|error| error.to_string()),
        }
    }
}
