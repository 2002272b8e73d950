//! When counters were created: `_created` series of OpenMetrics, one beside each
//! counter or histogram, in Unix seconds. Must not know what is counted.

use std::collections::HashMap;

use crate::ingest::counting::histograms::native::NATIVE;
use crate::ingest::raw::RawSeries;
use crate::model::labels::{Labels, NAME};

/// The name of the series that tells when a counter was created.
pub fn created_name(counter: &str) -> Option<String> {
    ["_total", "_bucket", "_count", NATIVE]
        .iter()
        .find_map(|end| counter.strip_suffix(end))
        .map(|base| format!("{base}_created"))
}

/// The `_created` series of a reading.
pub(crate) struct Created<'a>(HashMap<Labels, &'a RawSeries>);

impl<'a> Created<'a> {
    pub fn of(series: &'a [RawSeries]) -> Created<'a> {
        let named = |s: &&RawSeries| s.labels.get(NAME).is_some_and(|name| name.ends_with("_created"));
        Created(series.iter().filter(named).map(|s| (s.labels.clone(), s)).collect())
    }

    pub fn of_counter(&self, counter: &Labels) -> Option<&'a RawSeries> {
        if self.0.is_empty() {
            return None;
        }
        let name = created_name(counter.get(NAME)?)?;
        self.0.get(&counter.without(&["le", NAME]).with(NAME, &name)).copied()
    }
}
