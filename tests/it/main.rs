//! All integration tests in one binary: what only shows when rooms meet the
//! outside.

mod publish;
