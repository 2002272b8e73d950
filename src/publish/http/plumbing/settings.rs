//! The bounds of the server.

use std::time::Duration;

use chrono_tz::Tz;

use crate::model::link::LinkTemplate;
use crate::publish::http::plumbing::access::Access;
use crate::publish::http::plumbing::tls::ListenerTls;

/// The bounds of the server.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// How long requests under way may go on after `stop`.
    pub grace: Duration,
    /// How long one request may take until its answer begins.
    pub request_timeout: Duration,
    /// How long a client may take to send the head of a request, and how long
    /// a connection may lie idle between two.
    pub head_timeout: Duration,
    /// A client that takes no byte of its answer for so long is cut off.
    pub stalled_write_timeout: Duration,
    /// How long a client may take to send the body of a request.
    pub body_timeout: Duration,
    /// Connections at one time, and those of one address. A further one takes the
    /// place of the one that has waited longest.
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    /// Additional connections, on which only health and metrics are answered.
    pub connections_reserved: usize,
    /// Requests to the API and the pages at one time; further ones get 503.
    /// Health and metrics have a lane of their own.
    pub requests_max: usize,
    /// Questions at one time that may read the disk; further ones wait.
    pub disk_questions_max: usize,
    /// Who may use the listener, and for what.
    pub access: Access,
    /// Plain HTTP without.
    pub tls: Option<ListenerTls>,
    /// Links to other tools on the pages.
    pub links: Vec<LinkTemplate>,
    /// Of the months that pages are asked for.
    pub timezone: Tz,
}

impl Default for HttpSettings {
    fn default() -> Self {
        HttpSettings {
            // Shorter than the time in which the whole process stops.
            grace: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            // People and scrapers send a head in one packet; only a drip needs
            // longer.
            head_timeout: Duration::from_secs(10),
            stalled_write_timeout: Duration::from_secs(30),
            // A delivery comes at once; even a megabyte over a slow line takes less.
            body_timeout: Duration::from_secs(5),
            // Half of the usual limit of 1024 open files.
            connections_max: 512,
            // Behind a proxy all clients have one address; more than this number of
            // requests are never at work at the same time.
            connections_per_address_max: 128,
            // Two probes and two scrapers, with room.
            connections_reserved: 32,
            requests_max: 64,
            // Evaluation needs the other cores.
            disk_questions_max: 4,
            access: Access::default(),
            tls: None,
            links: Vec::new(),
            timezone: Tz::UTC,
        }
    }
}
