//! The words of the API: types of requests and answers, shared by the server, the
//! OpenAPI document and the command line. Must not know how anything is judged.

pub mod alerts;
pub mod changes;
pub mod corrections;
pub mod incidents;
pub mod pushes;
pub mod query;
pub mod reviews;
pub mod severity;
pub mod shares;
pub mod slos;
pub mod status;
pub mod time;
pub(crate) mod words;
