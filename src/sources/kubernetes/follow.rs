//! One kind of object, followed without end: listed in pages, then watched from
//! the listing's version on; resumed where a stream broke off, listed anew where
//! that is not possible. Must not know what the objects mean.

use std::pin::pin;
use std::time::Duration;

use futures_util::io::{AsyncBufRead, AsyncReadExt};
use kube::Client;
use kube::api::{ListParams, WatchParams};
use kube::core::{Request, Status};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::error::{ClusterError, Denied, Failure};
use super::lines::{Line, next_line};
use super::wire::{Carried, Envelope, Page, Sighted};

/// Objects of one page, as the API's own clients ask for.
const PAGE_OBJECTS: u32 = 500;

/// Bytes of one page. A larger one is asked for again with fewer objects, so
/// that objects of unusual size cost requests and not memory.
const PAGE_BYTES_MAX: u64 = 16 << 20;

/// Bytes of one object in a watch. The API server's store takes 1.5 MiB, and
/// JSON may need more than one byte for one. A longer line is passed over.
const LINE_BYTES_MAX: usize = 4 << 20;

/// One page, from the request to its last byte.
const PAGE_TIMEOUT: Duration = Duration::from_secs(60);

/// The version by which the API server may begin wherever it likes.
const VERSION_ANY: &str = "0";

/// From the request for a watch to the head of its answer.
const WATCH_START_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the API server is asked to hold one watch open.
const WATCH_SECONDS: u32 = 240;

/// A stream on which nothing came for so long is dead: the API server ends it
/// before, and sends bookmarks about once a minute.
const SILENCE_MAX: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 10);

/// The delay after a first failure; each further one doubles it.
const RETRY_FIRST: Duration = Duration::from_millis(500);

/// The longest delay, also if the API server asks for a longer one.
const RETRY_MAX: Duration = Duration::from_secs(15);

/// A watch that held for so long ends the row of failures.
const STEADY: Duration = Duration::from_secs(30);

/// How long a refusal is borne once a watch has been granted: an API server that
/// has just started refuses everything until it has read its roles.
const REFUSED_MAX: Duration = Duration::from_secs(60);

/// A kind of object and where to find it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    api_group: &'static str,
    prefix: &'static str,
    resource: &'static str,
    namespace: Option<String>,
    /// Whether the objects are asked for without their `spec` and `status`.
    only_metadata: bool,
}

impl Place {
    fn new(prefix: &'static str, api_group: &'static str, resource: &'static str, namespace: Option<String>) -> Place {
        Place { api_group, prefix, resource, namespace, only_metadata: false }
    }

    pub(super) fn events(namespace: Option<String>) -> Place {
        Place::new("/apis/events.k8s.io/v1", "events.k8s.io", "events", namespace)
    }

    pub(super) fn core_events(namespace: Option<String>) -> Place {
        Place::new("/api/v1", "", "events", namespace)
    }

    pub(super) fn deployments(namespace: Option<String>) -> Place {
        Place::new("/apis/apps/v1", "apps", "deployments", namespace)
    }

    pub(super) fn replica_sets(namespace: Option<String>) -> Place {
        Place::new("/apis/apps/v1", "apps", "replicasets", namespace)
    }

    pub(super) fn stateful_sets(namespace: Option<String>) -> Place {
        Place::new("/apis/apps/v1", "apps", "statefulsets", namespace)
    }

    pub(super) fn daemon_sets(namespace: Option<String>) -> Place {
        Place::new("/apis/apps/v1", "apps", "daemonsets", namespace)
    }

    pub(super) fn cron_jobs(namespace: Option<String>) -> Place {
        Place::new("/apis/batch/v1", "batch", "cronjobs", namespace)
    }

    pub(super) fn jobs(namespace: Option<String>) -> Place {
        Place::new("/apis/batch/v1", "batch", "jobs", namespace)
    }

    /// Nodes are of the whole cluster. Each writes its status every five
    /// minutes, with the names of all its images.
    pub(super) fn nodes() -> Place {
        Place { only_metadata: true, ..Place::new("/api/v1", "", "nodes", None) }
    }

    fn request(&self) -> Request {
        Request::new(match &self.namespace {
            None => format!("{}/{}", self.prefix, self.resource),
            Some(namespace) => format!("{}/namespaces/{namespace}/{}", self.prefix, self.resource),
        })
    }

    pub(super) fn denied(&self, verb: &'static str) -> Denied {
        Denied { verb, api_group: self.api_group, resource: self.resource, namespace: self.namespace.clone() }
    }
}

/// What following tells.
#[derive(Debug)]
pub(super) enum Step<S> {
    /// A complete listing begins, perhaps in the place of one that broke off.
    Begin,
    /// An object that was listed, added or changed.
    Item(S),
    /// The last state of an object that was deleted.
    Gone(S),
    /// The listing is complete.
    End,
    /// Nothing has happened up to now.
    Alive,
    /// The API server could not be followed for now.
    Interrupted(ClusterError),
}

/// Why following stops for a moment or for good.
enum Stop {
    Failed(Failure),
    /// Nobody listens any more.
    Unheard,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failed(failure)
    }
}

/// Follows the objects of one kind until nobody listens.
///
/// # Errors
/// Refusals that last; all else is reported as a step and tried again.
pub(super) async fn follow<T: Sighted, M>(
    client: Client,
    place: Place,
    heard: mpsc::Sender<M>,
    message: fn(Step<T::Sight>) -> M,
) -> Result<(), ClusterError> {
    let mut follower = Follower {
        client,
        place,
        heard,
        message,
        page_objects: PAGE_OBJECTS,
        version: None,
        delay: RETRY_FIRST,
        is_granted: false,
        refused_since: None,
    };
    loop {
        let began = Instant::now();
        let (verb, end) = match follower.version.take() {
            None => ("list", follower.list::<T>().await),
            Some(version) => ("watch", follower.watch::<T>(version).await),
        };
        let is_steady = began.elapsed() >= STEADY;
        if is_steady {
            follower.delay = RETRY_FIRST;
        }
        let wait = match end {
            Ok(()) if verb == "list" || is_steady => continue,
            Ok(()) => Duration::ZERO,
            Err(Stop::Unheard) => return Ok(()),
            Err(Stop::Failed(failure)) => {
                let wait = retry_after(&failure);
                let is_expired = matches!(failure, Failure::Answered { code: 410, .. });
                let error = failure.into_error(|| follower.place.denied(verb));
                if error.is_refusal() && follower.is_refused_for_good() {
                    return Err(error);
                }
                // An expired version is in the course of things.
                if !is_expired && follower.tell(Step::Interrupted(error)).await.is_err() {
                    return Ok(());
                }
                wait
            }
        };
        sleep(follower.delay.mul_f64(rand::random_range(0.5..1.0)).max(wait).min(RETRY_MAX)).await;
        follower.delay = (follower.delay * 2).min(RETRY_MAX);
    }
}

/// From the head of an answer on, a stream of lines.
async fn open_watch(
    client: &Client,
    place: &Place,
    version: &str,
    seconds: u32,
) -> Result<impl AsyncBufRead + use<>, Failure> {
    let parameters = WatchParams::default().timeout(seconds);
    let request = match place.only_metadata {
        true => place.request().watch_metadata(&parameters, version),
        false => place.request().watch(&parameters, version),
    };
    let request = request.map_err(unsound)?;
    let answer = timeout(WATCH_START_TIMEOUT, client.request_stream(request)).await;
    answer.map_err(|_| silent(WATCH_START_TIMEOUT))?.map_err(Failure::of_request)
}

/// Whether the objects may be watched: begins to.
pub(super) async fn probe_watch(client: &Client, place: &Place) -> Result<(), Failure> {
    open_watch(client, place, VERSION_ANY, 1).await.map(drop)
}

/// Whether the objects may be listed: asks for one.
pub(super) async fn probe(client: &Client, place: &Place) -> Result<(), Failure> {
    page::<serde::de::IgnoredAny>(client, place, 1, None).await.map(drop)
}

struct Follower<M, S> {
    client: Client,
    place: Place,
    heard: mpsc::Sender<M>,
    message: fn(Step<S>) -> M,
    page_objects: u32,
    /// The version up to which everything was told; `None` to list anew.
    version: Option<String>,
    delay: Duration,
    /// Whether a watch has been granted at any time.
    is_granted: bool,
    refused_since: Option<Instant>,
}

impl<M, S> Follower<M, S> {
    async fn tell(&self, step: Step<S>) -> Result<(), Stop> {
        self.heard.send((self.message)(step)).await.map_err(|_| Stop::Unheard)
    }

    fn is_refused_for_good(&mut self) -> bool {
        let since = *self.refused_since.get_or_insert_with(Instant::now);
        !self.is_granted || since.elapsed() >= REFUSED_MAX
    }

    /// One listing. Without a version afterwards, another one is due.
    async fn list<T: Sighted<Sight = S>>(&mut self) -> Result<(), Stop> {
        self.tell(Step::Begin).await?;
        let mut next = None;
        loop {
            let page = match page::<T>(&self.client, &self.place, self.page_objects, next.take()).await {
                Err(Failure::TooLarge) if self.page_objects > 1 => {
                    self.page_objects = (self.page_objects / 10).max(1);
                    return Ok(());
                }
                page => page?,
            };
            for sight in page.items.into_iter().flatten().filter_map(T::sight) {
                self.tell(Step::Item(sight)).await?;
            }
            next = page.metadata.next.filter(|token| !token.is_empty());
            if next.is_none() {
                let version = page.metadata.resource_version.filter(|version| !version.is_empty());
                let missing = || Failure::Nonsense("a listing without a resource version".to_owned());
                self.version = Some(version.ok_or_else(missing)?);
                return self.tell(Step::End).await;
            }
        }
    }

    /// One watch, to its end. What was told is remembered in `self.version`, if
    /// another watch can go on from there.
    async fn watch<T: Sighted<Sight = S>>(&mut self, version: String) -> Result<(), Stop> {
        let stream = match open_watch(&self.client, &self.place, &version, WATCH_SECONDS).await {
            Ok(stream) => stream,
            // The API server did not look at the version.
            Err(failure @ (Failure::Unreachable(_) | Failure::Answered { code: 429, .. })) => {
                self.version = Some(version);
                return Err(failure.into());
            }
            // The version has expired, or is ahead of a restored store.
            Err(failure) => return Err(failure.into()),
        };
        self.version = Some(version);
        (self.is_granted, self.refused_since) = (true, None);
        self.tell(Step::Alive).await?;
        let mut stream = pin!(stream);
        let mut line = Vec::new();
        loop {
            let next = timeout(SILENCE_MAX, next_line(stream.as_mut(), &mut line, LINE_BYTES_MAX)).await;
            match next.map_err(|_| silent(SILENCE_MAX))? {
                Ok(Line::Whole) => self.take_line::<T>(&line).await?,
                Ok(Line::TooLong) => tracing::warn!(
                    resource = self.place.resource,
                    "an object of more than {LINE_BYTES_MAX} bytes was passed over"
                ),
                Ok(Line::End) => return Ok(()),
                Err(error) => {
                    return Err(Failure::Unreachable(format!("the watch broke off: {error}")).into());
                }
            }
        }
    }

    async fn take_line<T: Sighted<Sight = S>>(&mut self, line: &[u8]) -> Result<(), Stop> {
        // Until it is understood, there is nothing to go on from.
        let told = self.version.take();
        let envelope: Envelope = parse(line)?;
        let version = envelope.object.metadata.resource_version.filter(|version| !version.is_empty());
        let step = match envelope.kind.as_str() {
            "ADDED" | "MODIFIED" => parse::<Carried<T>>(line)?.object.sight().map(Step::Item),
            "DELETED" => parse::<Carried<T>>(line)?.object.sight().map(Step::Gone),
            "BOOKMARK" => Some(Step::Alive),
            "ERROR" => return Err(Failure::of_status(&parse::<Carried<Status>>(line)?.object).into()),
            // A kind of line that came later than this.
            _ => None,
        };
        if let Some(step) = step {
            self.tell(step).await?;
        }
        self.version = version.or(told);
        Ok(())
    }
}

async fn page<T: for<'de> serde::Deserialize<'de>>(
    client: &Client,
    place: &Place,
    objects: u32,
    next: Option<String>,
) -> Result<Page<T>, Failure> {
    let mut parameters = ListParams::default().limit(objects);
    parameters.continue_token = next;
    let request = match place.only_metadata {
        true => place.request().list_metadata(&parameters),
        false => place.request().list(&parameters),
    };
    let request = request.map_err(unsound)?;
    let body = timeout(PAGE_TIMEOUT, async {
        let stream = client.request_stream(request).await.map_err(Failure::of_request)?;
        let mut body = Vec::new();
        let read = pin!(stream.take(PAGE_BYTES_MAX + 1)).read_to_end(&mut body).await;
        read.map_err(|error| Failure::Unreachable(format!("the listing broke off: {error}")))?;
        Ok(body)
    });
    let body: Vec<u8> = body.await.map_err(|_| silent(PAGE_TIMEOUT))??;
    if body.len() as u64 > PAGE_BYTES_MAX {
        return Err(Failure::TooLarge);
    }
    parse(&body)
}

/// The parser's own error may quote what it read.
fn parse<'a, T: serde::Deserialize<'a>>(json: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(json).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::Nonsense(format!("its JSON is not as expected at line {line}, column {column}"))
    })
}

fn silent(limit: Duration) -> Failure {
    Failure::Unreachable(format!("nothing came for {} seconds", limit.as_secs()))
}

fn unsound(error: kube::core::request::Error) -> Failure {
    Failure::Nonsense(format!("the request cannot be made: {error}"))
}

fn retry_after(failure: &Failure) -> Duration {
    match failure {
        Failure::Answered { retry_after: Some(wait), .. } => *wait,
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests;
