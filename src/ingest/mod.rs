//! Foreign words to our facts: counter samples to tiles, alert samples to
//! alerts, cluster objects to changes. Pure: must not know the store, the clock
//! or any protocol; missing data is a value, never an error.

pub mod alerts;
pub mod cluster;
pub mod composites;
pub mod counting;
pub mod raw;
pub mod readers;
pub mod replicas;
pub mod requests;
pub mod spoilt;
