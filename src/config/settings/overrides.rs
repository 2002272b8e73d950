//! What flags and variables say.

use std::collections::BTreeMap;
use std::fmt;

/// What flags and variables say, by the key of the setting. A flag stands in
/// the place of its variable.
#[derive(Clone, Default)]
pub struct Overrides {
    values: BTreeMap<&'static str, Vec<String>>,
}

impl Overrides {
    /// Sets what a flag or variable says; no values mean that it was not given.
    pub fn set(&mut self, key: &'static str, values: Vec<String>) {
        if !values.is_empty() {
            self.values.insert(key, values);
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&[String]> {
        self.values.get(key).map(Vec::as_slice)
    }
}

impl fmt::Debug for Overrides {
    /// The keys only: a header may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}
