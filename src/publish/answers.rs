//! What publishing asks of the running daemon: queries, which are sync and read a
//! snapshot or the store, and commands, which are async and write. `app` implements
//! both; a test can implement them with values.

mod commands;
mod declared;
mod delivery;
mod queries;
mod status;
mod store_fault;

pub use self::commands::{
    Commands, CorrectionChange, CorrectionRefused, PushRefused, PushedCounts, ReloadReport, TimeRefused,
};
pub use self::declared::{DeclaredCorrection, Generation, Origin, TrailEntry, seam};
pub use self::delivery::{Credentials, Delivery, DeliveryOutcome, DeliveryRefused, Received, WithdrawalRefused};
pub use self::queries::{
    AlertQueries, AnswerError, IncidentQueries, Queries, ReportQueries, ReviewQueries, SloQueries, StatusQueries,
    WebhookQueries,
};
pub use self::status::{
    AlertmanagerStatus, BackfillProgress, CatalogStatus, DefinitionFile, LoopStatus, ServiceStatus, SourceStatus,
    StoreStatus, WebhookStatus,
};
pub use self::store_fault::StoreFault;
