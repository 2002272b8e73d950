//! Which receivers of Alertmanagers have no integration, and so notify nobody. The
//! store remembers it for reviews after a restart.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::{Reader, StoreError};

/// The key in the store.
const KEY: &str = "alertmanagers/silent_receivers";

/// Those that are silent, as text; by name, whether any Alertmanager has an
/// integration for them.
pub fn text(receivers: &BTreeMap<String, bool>) -> serde_json::Result<String> {
    let silent = receivers.iter().filter(|(_, has_integration)| !**has_integration).map(|(name, _)| name);
    serde_json::to_string(&silent.collect::<Vec<_>>())
}

/// The text as an entry of the store.
pub fn entry(text: &str) -> (String, Option<String>) {
    (KEY.to_owned(), Some(text.to_owned()))
}

/// Those that the store remembers. A text of our own that cannot be read is as good
/// as none.
pub fn stored(reader: &Reader) -> Result<BTreeSet<String>, StoreError> {
    let text = reader.state(KEY)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}
