//! Which services the workloads of watched clusters are of, as the store keeps it:
//! what was learned stays known while a cluster cannot be reached.

use std::collections::BTreeMap;

use crate::model::operations::subject::known::KnownServices;
use crate::store::{Reader, StoreError};

/// What the keys begin with under which it is stored, one for each watch.
pub const WORKLOADS: &str = "kubernetes/workloads/";

/// What one watch learned, by namespace and name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WatchedServices {
    /// Services that labels of workloads name, best first.
    pub workloads: BTreeMap<(String, String), Vec<String>>,
    /// What made objects whose names do not say it.
    pub owners: BTreeMap<(String, String), String>,
}

/// Namespace, name, and what is known of that object.
type Listed<T> = Vec<(String, String, T)>;

impl WatchedServices {
    #[cfg(any(feature = "kubernetes", test))]
    pub fn json(&self) -> serde_json::Result<String> {
        fn list<T: Clone>(of: &BTreeMap<(String, String), T>) -> Listed<T> {
            of.iter().map(|((namespace, name), known)| (namespace.clone(), name.clone(), known.clone())).collect()
        }
        serde_json::to_string(&(list(&self.workloads), list(&self.owners)))
    }

    fn read(text: &str) -> WatchedServices {
        fn map<T>(listed: Listed<T>) -> BTreeMap<(String, String), T> {
            listed.into_iter().map(|(namespace, name, known)| ((namespace, name), known)).collect()
        }
        let (workloads, owners): (Listed<Vec<String>>, Listed<String>) = serde_json::from_str(text).unwrap_or_default();
        WatchedServices { workloads: map(workloads), owners: map(owners) }
    }
}

/// Adds what is stored of all watches.
pub fn add_stored(known: &mut KnownServices, reader: &Reader) -> Result<(), StoreError> {
    for text in reader.states(WORKLOADS)? {
        let WatchedServices { workloads, owners } = WatchedServices::read(&text);
        known.owners.extend(owners);
        for ((namespace, name), services) in workloads {
            known.add_workload(namespace, name, &services);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_watch_learned_is_read_as_it_was_written() {
        let object = |name: &str| ("shop".to_owned(), name.to_owned());
        let learned = WatchedServices {
            workloads: [(object("prod-cart"), vec!["cart".to_owned(), "shop".to_owned()])].into(),
            owners: [(object("by-hand"), "nightly".to_owned())].into(),
        };
        assert_eq!(WatchedServices::read(&learned.json().unwrap()), learned);
        assert_eq!(WatchedServices::read("[]"), WatchedServices::default(), "of another release");
    }
}
