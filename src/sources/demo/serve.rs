//! The world over HTTP, for a real Prometheus: service discovery and one
//! `/metrics` page per pod. Is told the time; must not know how often it is
//! scraped.

pub(crate) mod log;
pub(crate) mod meter;
pub(crate) mod page;
pub(crate) mod samples;
pub(crate) mod source;
pub(crate) mod tsdb;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;

use super::world::DemoPlatform;
use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::demo::serve::page::PageFormat;
use crate::sources::demo::world::truth::AnsweredScrape;

type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
type Observer = Arc<dyn Fn(AnsweredScrape) + Send + Sync>;

#[derive(Clone)]
struct Server {
    world: Arc<DemoPlatform>,
    address: SocketAddr,
    now: Clock,
    answered: Observer,
}

/// Serves the world until `stop` resolves.
///
/// `GET /targets` lists the pods of the moment for Prometheus' HTTP service
/// discovery; `GET /t/{instance}/metrics` is the page of one of them: 503 while
/// its scrape fails by the script or its process is down, 404 when there is no
/// such pod. `now` tells the time; `answered` is told of every page that was
/// served.
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    listener: TcpListener,
    world: Arc<DemoPlatform>,
    now: impl Fn() -> Timestamp + Send + Sync + 'static,
    answered: impl Fn(AnsweredScrape) + Send + Sync + 'static,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let server = Server { world, address, now: Arc::new(now), answered: Arc::new(answered) };
    let router =
        Router::new().route("/targets", get(targets)).route("/t/{instance}/metrics", get(metrics)).with_state(server);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn targets(State(server): State<Server>) -> Response {
    let now = (server.now)();
    let targets = server.world.targets(Period::new(now, now + Millis(1)));
    let groups: Vec<serde_json::Value> = targets
        .iter()
        .map(|target| {
            let mut labels: serde_json::Map<String, serde_json::Value> =
                target.labels.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
            labels.insert("__metrics_path__".to_owned(), json!(format!("/t/{}/metrics", target.instance())));
            json!({"targets": [server.address.to_string()], "labels": labels})
        })
        .collect();
    axum::Json(groups).into_response()
}

async fn metrics(State(server): State<Server>, Path(instance): Path<String>) -> Response {
    let at = (server.now)();
    match server.world.exposition(&instance, at) {
        PageFormat::Page(text) => {
            (server.answered)(AnsweredScrape { instance, at });
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        PageFormat::Failing => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        PageFormat::Absent => StatusCode::NOT_FOUND.into_response(),
    }
}

impl DemoPlatform {
    /// The configuration of a Prometheus that scrapes the world from `serve` at
    /// `address`: its series carry the labels of `samples`. `rule_file` names
    /// the file that holds `alert_rules`, if they are to be evaluated.
    pub fn prometheus_config(&self, address: SocketAddr, rule_file: Option<&str>) -> String {
        let interval = self.config().scrape_interval;
        let rules = rule_file.map(|file| format!("rule_files: [{}]\n", json!(file))).unwrap_or_default();
        format!(
            "global:\n  scrape_interval: {interval}\n  scrape_timeout: {interval}\n{rules}\
             scrape_configs:\n  - job_name: demo\n    http_sd_configs:\n      \
             - url: http://{address}/targets\n        refresh_interval: 1s\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::tests::{hours, world};
    use super::*;
    use crate::sources::demo::alerts::script::Plot;

    async fn get(address: SocketAddr, path: &str) -> (u16, String) {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    #[tokio::test]
    async fn every_target_of_the_moment_is_listed_and_has_its_page() {
        let world = Arc::new(world(1));
        let outage = world.disturbances(hours(&world, 0, 48)).into_iter().find(|d| d.plot == Plot::Outage).unwrap();
        // Seven minutes into the outage two pods of checkout cannot be scraped.
        let now = outage.period.start + Millis::from_mins(7);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let observer = Arc::clone(&seen);
        let server = serve(
            listener,
            Arc::clone(&world),
            move || now,
            move |scrape| observer.lock().unwrap().push(scrape),
            async { drop(stopped.await) },
        );
        let client = async {
            let (status, body) = get(address, "/targets").await;
            assert_eq!(status, 200);
            let groups: serde_json::Value = serde_json::from_str(&body).unwrap();
            let mut statuses = Vec::new();
            for group in groups.as_array().unwrap() {
                let path = group["labels"]["__metrics_path__"].as_str().unwrap();
                let (status, body) = get(address, path).await;
                assert_eq!(group["targets"][0], address.to_string());
                let instance = group["labels"]["instance"].as_str().unwrap();
                match world.exposition(instance, now) {
                    PageFormat::Page(text) => assert_eq!((status, body), (200, text)),
                    _ => assert_eq!(status, 503),
                }
                statuses.push(status);
            }
            assert_eq!(statuses.iter().filter(|s| **s == 503).count(), 2);
            assert_eq!(get(address, "/t/10.9.9.9:8080/metrics").await.0, 404);
            let answered = seen.lock().unwrap().len();
            assert_eq!(answered, statuses.len() - 2);
            assert!(seen.lock().unwrap().iter().all(|s| s.at == now));
            stop.send(()).unwrap();
        };
        let (served, ()) = tokio::join!(server, client);
        served.unwrap();
    }
}
