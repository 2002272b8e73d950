//! A server for tests that sends what a script says, byte by byte if it must:
//! good answers, slow ones, broken ones. One request for each connection.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A field of the form in the body, or of the query if there is no body.
    pub fn field(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let form = if self.body.is_empty() { query } else { &self.body };
        url::form_urlencoded::parse(form.as_bytes()).find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
    }
}

#[derive(Clone, Debug)]
pub enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    /// Keep the connection open and say nothing more.
    Stall,
}

/// A whole answer.
pub fn answer(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<Step> {
    let body = body.as_ref();
    let mut head = format!("HTTP/1.1 {status} Status\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    vec![Step::Send([head.as_bytes(), body].concat())]
}

/// A whole answer in JSON.
pub fn json(body: &str) -> Vec<Step> {
    answer(200, &[("content-type", "application/json")], body)
}

type Script = dyn Fn(&Request) -> Vec<Step> + Send + Sync;

/// Runs until it is dropped.
pub struct FakeServer {
    pub url: Url,
    requests: Arc<Mutex<Vec<Request>>>,
    _connections: JoinSet<()>,
}

impl FakeServer {
    #[expect(clippy::disallowed_methods, reason = "a server of tests ends with its handle")]
    pub async fn start(script: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static) -> FakeServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = Arc::new(script);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, script, requests.clone()));
        FakeServer { url, requests, _connections: tasks }
    }

    /// All requests that came, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The only request that came.
    pub fn request(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

#[expect(clippy::disallowed_methods, reason = "a server of tests ends with its handle")]
async fn accept(listener: TcpListener, script: Arc<Script>, requests: Arc<Mutex<Vec<Request>>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(stream, script.clone(), requests.clone()));
    }
}

async fn converse(mut stream: TcpStream, script: Arc<Script>, requests: Arc<Mutex<Vec<Request>>>) {
    let Some(request) = receive(&mut stream).await else { return };
    let steps = script(&request);
    requests.lock().unwrap().push(request);
    for step in steps {
        match step {
            Step::Send(bytes) if stream.write_all(&bytes).await.is_err() => return,
            Step::Send(_) => {}
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Stall => std::future::pending().await,
        }
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let request = parse_head(head);
            let length: usize = request.header("content-length").map_or(0, |l| l.parse().unwrap());
            if body.len() >= length {
                return Some(Request { body: body.to_owned(), ..request });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn parse_head(head: &str) -> Request {
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap().split(' ');
    Request {
        method: first.next().unwrap().to_owned(),
        target: first.next().unwrap().to_owned(),
        headers: lines
            .filter_map(|l| l.split_once(": "))
            .map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()))
            .collect(),
        body: String::new(),
    }
}
