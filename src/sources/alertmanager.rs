//! The reading side of Alertmanager's API v2: alerts with what holds them back,
//! and silences. Must not know incidents; sending alerts is not done here.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ingest::alerts::Route;
use crate::model::labels::Labels;
use crate::model::labels::selector::{MatchOp, Matcher};
use crate::model::latency::Latency;
use crate::model::operations::silence::Silence;
use crate::model::time::{Period, Timestamp};
use crate::net::error::{HttpError, shown};
use crate::net::{Endpoint, EndpointError, Http};
use crate::sources::prometheus::json::{JsonLabels, JsonTime, parse};

/// A client for one Alertmanager. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Alertmanager {
    http: Http,
}

/// One alert that Alertmanager holds. It keeps them in memory only: after its
/// restart it knows none until they are sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldAlert {
    pub labels: Labels,
    pub annotations: Labels,
    /// When it began to fire; the time that its rule waited is not in it.
    pub starts_at: Option<Timestamp>,
    /// In the future while it fires: then it is only when Alertmanager will give
    /// it up if it is not sent again.
    pub ends_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    /// 16 hexadecimal digits over the labels.
    pub fingerprint: String,
    pub state: HeldState,
    /// Ids of silences.
    pub silenced_by: Vec<String>,
    /// Fingerprints of alerts.
    pub inhibited_by: Vec<String>,
    /// Names of time intervals.
    pub muted_by: Vec<String>,
    pub receivers: Vec<String>,
    /// The groups that it is in, each on its way to a receiver; none where it is in
    /// no group yet, or Alertmanager does not list groups.
    pub routes: Vec<Route>,
}

/// A silence of which nobody here can say which alerts it is about: Alertmanager
/// takes patterns that the `regex` crate does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadSilence {
    pub id: String,
    /// To come while it holds.
    pub ends_at: Timestamp,
    /// The first matcher with such a pattern, `job=~"\\Qa.b\\E"`.
    pub matcher: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldState {
    /// Just received.
    Unprocessed,
    Active,
    /// Silenced, inhibited or muted: nobody is told.
    Suppressed,
}

impl Alertmanager {
    /// `endpoint.url` is what the API's paths follow, `http://alertmanager:9093`.
    pub fn new(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        Ok(Alertmanager { http: Http::new(endpoint)? })
    }

    /// How long its answers took.
    pub fn latency(&self) -> Latency {
        self.http.latency()
    }

    /// The address without credentials, for messages.
    pub fn shown_url(&self) -> &str {
        self.http.shown_url()
    }

    /// All alerts that it holds, those that are held back too, sorted by labels.
    ///
    /// Only the groups say what a mute time interval holds back, as that is a matter
    /// of the route: one alert may reach a receiver and not another.
    pub async fn alerts(&self) -> Result<Vec<HeldAlert>, HttpError> {
        let everything = [("active", "true"), ("silenced", "true"), ("inhibited", "true"), ("unprocessed", "true")];
        let alerts: Vec<JsonAlert> = self.get(&["alerts"], &everything).await?;
        let everything = [("active", "true"), ("silenced", "true"), ("inhibited", "true")];
        let groups: Vec<JsonGroup> = match self.get(&["alerts", "groups"], &everything).await {
            Err(error) if error.is_not_found() => Vec::new(),
            groups => groups?,
        };
        let mut routes: HashMap<String, Vec<Route>> = HashMap::new();
        for group in groups {
            for alert in group.alerts {
                let is_muted = !alert.status.muted_by.is_empty();
                let route = Route { receiver: group.receiver.name.clone(), is_muted };
                routes.entry(alert.fingerprint).or_default().push(route);
            }
        }
        let held = |alert: JsonAlert| {
            let mut held = HeldAlert::from(alert);
            held.routes = routes.remove(&held.fingerprint).unwrap_or_default();
            held
        };
        let mut alerts: Vec<HeldAlert> = alerts.into_iter().map(held).collect();
        alerts.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(alerts)
    }

    /// The receivers of its configuration, with whether each has an integration.
    /// `None` where it does not show its configuration, as with Mimir.
    pub async fn receivers(&self) -> Result<Option<BTreeMap<String, bool>>, HttpError> {
        match self.get::<JsonStatus>(&["status"], &[]).await {
            Err(error) if error.is_not_found() => Ok(None),
            status => Ok(receivers_of(&status?.config.original)),
        }
    }

    /// All silences that it knows, those to come and those that have expired too
    /// (for five days by default), sorted by id; and those that cannot be read.
    pub async fn silences(&self) -> Result<(Vec<Silence>, Vec<UnreadSilence>), HttpError> {
        let listed: Vec<JsonSilence> = self.get(&["silences"], &[]).await?;
        let (mut silences, mut unread) = (Vec::new(), Vec::new());
        for silence in listed {
            match silence.silence() {
                Ok(silence) => silences.push(silence),
                Err(silence) => unread.push(silence),
            }
        }
        silences.sort_by(|a, b| a.id.cmp(&b.id));
        unread.sort_by(|a, b| a.id.cmp(&b.id));
        Ok((silences, unread))
    }

    async fn get<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, HttpError> {
        let path: Vec<&str> = ["api", "v2"].iter().chain(path).copied().collect();
        let body = self.http.get(&path, query, "application/json").await?;
        parse(body.bytes)
            .await
            .map_err(|reason| HttpError::BadResponse { url: self.shown_url().to_owned(), reason: shown(&reason) })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonAlert {
    labels: JsonLabels,
    annotations: Option<JsonLabels>,
    starts_at: JsonTime,
    ends_at: JsonTime,
    updated_at: JsonTime,
    fingerprint: String,
    status: JsonAlertStatus,
    receivers: Vec<JsonName>,
}

/// `mutedBy` came with 0.28.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonAlertStatus {
    state: HeldState,
    #[serde(default)]
    silenced_by: Vec<String>,
    #[serde(default)]
    inhibited_by: Vec<String>,
    #[serde(default)]
    muted_by: Vec<String>,
}

/// Alerts that are sent to one receiver together.
#[derive(Deserialize)]
struct JsonGroup {
    receiver: JsonName,
    alerts: Vec<JsonGrouped>,
}

#[derive(Deserialize)]
struct JsonGrouped {
    fingerprint: String,
    status: JsonAlertStatus,
}

#[derive(Deserialize)]
struct JsonStatus {
    config: JsonConfig,
}

#[derive(Deserialize)]
struct JsonConfig {
    /// The configuration file, with secrets left out.
    original: String,
}

/// The receivers of a configuration file. Each kind of integration is a list under a
/// key of its own, such as `webhook_configs`.
fn receivers_of(config: &str) -> Option<BTreeMap<String, bool>> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        receivers: Vec<BTreeMap<String, serde_json::Value>>,
    }
    let file: File = serde_saphyr::from_str(config).ok()?;
    let receiver = |fields: BTreeMap<String, serde_json::Value>| {
        let name = fields.get("name")?.as_str()?.to_owned();
        let lists = fields.iter().filter(|(key, _)| key.ends_with("_configs"));
        let has_any = lists.into_iter().any(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()));
        Some((name, has_any))
    };
    Some(file.receivers.into_iter().filter_map(receiver).collect())
}

#[derive(Deserialize)]
struct JsonName {
    name: String,
}

impl From<JsonAlert> for HeldAlert {
    fn from(alert: JsonAlert) -> Self {
        HeldAlert {
            labels: alert.labels.0,
            annotations: alert.annotations.unwrap_or_default().0,
            starts_at: alert.starts_at.0,
            ends_at: alert.ends_at.0,
            updated_at: alert.updated_at.0,
            fingerprint: alert.fingerprint,
            state: alert.status.state,
            silenced_by: alert.status.silenced_by,
            inhibited_by: alert.status.inhibited_by,
            muted_by: alert.status.muted_by,
            receivers: alert.receivers.into_iter().map(|r| r.name).collect(),
            routes: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonSilence {
    id: String,
    matchers: Vec<JsonMatcher>,
    starts_at: JsonTime,
    ends_at: JsonTime,
    created_by: String,
    comment: String,
}

/// One condition of a silence, as Alertmanager gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonMatcher {
    name: String,
    value: String,
    is_regex: bool,
    /// False for `!=` and `!~`. Releases before 0.22 do not say it, and know no
    /// negation.
    #[serde(default = "yes")]
    is_equal: bool,
}

fn yes() -> bool {
    true
}

impl JsonSilence {
    fn silence(self) -> Result<Silence, UnreadSilence> {
        let period = Period::new(self.starts_at.0.unwrap_or(Timestamp::MIN), self.ends_at.0.unwrap_or(Timestamp::MAX));
        let (id, created_by, comment) = (self.id, self.created_by, self.comment);
        match self.matchers.into_iter().map(JsonMatcher::matcher).collect() {
            Ok(matchers) => Ok(Silence { id, matchers, period, earliest_end: period.end, created_by, comment }),
            Err(matcher) => Err(UnreadSilence { id, ends_at: period.end, matcher }),
        }
    }
}

impl JsonMatcher {
    /// Fails with the matcher as people write it.
    fn matcher(self) -> Result<Matcher, String> {
        let op = match (self.is_equal, self.is_regex) {
            (true, false) => MatchOp::Equal,
            (false, false) => MatchOp::NotEqual,
            (true, true) => MatchOp::Regex,
            (false, true) => MatchOp::NotRegex,
        };
        let written = format!("{}{}{:?}", self.name, op.symbol(), self.value);
        Matcher::new(self.name, op, self.value).map_err(|_| shown(&written))
    }
}
