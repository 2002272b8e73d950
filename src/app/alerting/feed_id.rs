//! The name under which it is noted how far a source's alerts were read.

use crate::model::ids::SliId;
use crate::model::labels::content_hash;

/// The key under which the store remembers which alerts of a source were read.
pub fn feed_id(source: &str) -> SliId {
    SliId(content_hash([b"ALERTS".as_slice(), source.as_bytes()]))
}
