//! Evenkeel reads Prometheus, Alertmanager and Kubernetes, and tells whether
//! services keep their promises: attainment, error budgets, burn rates,
//! incidents and alert noise.
//!
//! Every observation becomes a count in a time tile or a span with a beginning
//! and an end, and every number that is published is a pure function of
//! definitions, facts and `now`. Facts are tiles, alerts, changes and cluster
//! events. Nothing derived is the truth: whatever is cached can be recomputed
//! for any past `now`, so a report for last July is the same function with `now`
//! at the end of July.
//!
//! # Layers
//!
//! Data moves one way: sources, ingest, store, evaluate, publish. Control moves
//! one way: `app` calls the modules below it, they never call `app`. This table is
//! the only place that says which module may use which; `tests/it/layers.rs` reads
//! it and the code, and fails on files that import each other in a circle.
//!
//! | layer | module | what it is | may use |
//! | --- | --- | --- | --- |
//! | 3 | `cli` | commands, flags, tables on a terminal | everything |
//! | 3 | `app` | wiring, named loops, the clock, the end | everything but `cli` |
//! | 2 | `sources` | foreign protocols in | `model` `ingest` `net` |
//! | 2 | `store` | facts on disk, crash-safe, one writer | `model` |
//! | 2 | `publish` | judgements out | `model` `evaluate` `net` `api` |
//! | 2 | `definitions` | what is promised | `model` `yaml` |
//! | 2 | `config` | how to run | `model` `net` `yaml` |
//! | 1 | `ingest` | foreign words to our facts | `model` |
//! | 1 | `evaluate` | facts to judgements | `model` |
//! | 1 | `net` | outgoing HTTP: TLS, credentials, limits | `model` |
//! | 1 | `api` | types of requests and answers | `model` |
//! | 1 | `yaml` | YAML with places and problems | `model` |
//! | 0 | `model` | the nouns and their arithmetic | |
//!
//! To read it in ten minutes: `model::slo`, `model::tile`, `ingest::counting`
//! (the six rules), `evaluate::compliance`, `app::daemon`.
//!
//! # Invariants
//!
//! 1. Only `app::clock` reads the wall clock; everything else is told the time.
//! 2. `model`, `ingest` and `evaluate` are synchronous, do no I/O and cannot
//!    fail: missing data is a value, not an error.
//! 3. The store holds facts only.
//! 4. Each outside technology has one module.
//! 5. A ratio lies in 0..1; percent exists only in text for people.
//! 6. No data is absent, `null`, "no data": never 1.0 and never 0.
//! 7. A sealed tile changes only through a recorded correction; a later version
//!    opens, or names, every format that an earlier release wrote.
//! 8. First start, restart, network cut and a paused process are one path: ask
//!    each source for everything since the last stored fact, within bounds.

pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod definitions;
pub mod evaluate;
pub mod ingest;
pub mod model;
pub mod net;
pub mod publish;
pub mod sources;
pub mod store;
pub mod yaml;
