//! Points in time as JSON.

use crate::api::time::{Instant, MarkJson};
use crate::model::operations::alert::Mark;

impl From<&Mark> for MarkJson {
    fn from(mark: &Mark) -> Self {
        MarkJson {
            at: Instant(mark.at),
            source: mark.source.into(),
            resolution_seconds: mark.resolution.secs_f64(),
            estimated: mark.estimated,
        }
    }
}
