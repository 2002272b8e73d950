//! A process that serves one histogram in two forms, and remembers the events
//! that each scrape was the first to show: classic as text, and native, with
//! exponential buckets, in the protobuf exposition format.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use evenkeel::model::time::Timestamp;

use super::monitoring::now;

/// Bounds of the classic form.
pub const BOUNDS: [f64; 4] = [0.1, 0.3, 1.0, 1.5];
const SCHEMA: i32 = 3;
/// What the schema is from this scrape on, as where there are too many buckets.
const LOWERED: (usize, i32) = (25, 1);
/// At this scrape another process answers.
const RESTARTED: usize = 50;

/// What one scrape was the first to show.
#[derive(Clone, Debug)]
pub struct Shown {
    pub at: Timestamp,
    pub events: Vec<f64>,
    pub schema: i32,
}

struct Process {
    started: Timestamp,
    seed: u32,
    events: Vec<f64>,
    shown: Vec<Shown>,
}

impl Process {
    /// Between 1 ms and 2 s; many at first, so that every bucket is populated.
    fn work(&mut self) -> i32 {
        let scrape = self.shown.len();
        if scrape == RESTARTED {
            (self.started, self.events) = (now(), Vec::new());
        }
        let schema = if scrape < LOWERED.0 { SCHEMA } else { LOWERED.1 };
        let next = |_| {
            self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            0.001 + f64::from(self.seed >> 8) / f64::from(1 << 24) * 2.0
        };
        let events: Vec<f64> = (0..if scrape == 0 { 2_000 } else { 20 }).map(next).collect();
        self.events.extend(&events);
        self.shown.push(Shown { at: now(), events, schema });
        schema
    }

    fn text(&mut self) -> Vec<u8> {
        self.work();
        let mut page =
            format!("process_start_time_seconds {}\n# TYPE latency_seconds histogram\n", self.started.secs_f64());
        for bound in BOUNDS {
            let count = self.events.iter().filter(|e| **e <= bound).count();
            page.push_str(&format!("latency_seconds_bucket{{le=\"{bound}\"}} {count}\n"));
        }
        let (count, sum) = (self.events.len(), self.events.iter().sum::<f64>());
        page.push_str(&format!(
            "latency_seconds_bucket{{le=\"+Inf\"}} {count}\nlatency_seconds_sum {sum}\nlatency_seconds_count {count}\n"
        ));
        page.into_bytes()
    }

    /// By `io/prometheus/client/metrics.proto`.
    fn protobuf(&mut self) -> Vec<u8> {
        let schema = self.work();
        let mut buckets: BTreeMap<i64, i64> = BTreeMap::new();
        for event in &self.events {
            *buckets.entry((event.log2() * f64::from(schema).exp2()).ceil() as i64).or_default() += 1;
        }
        let mut histogram = Message::default();
        histogram.varint(1, self.events.len() as u64).double(2, self.events.iter().sum());
        histogram.varint(5, zigzag(i64::from(schema))).double(6, 1e-9).varint(7, 0);
        let mut next = 0;
        for index in buckets.keys() {
            let mut span = Message::default();
            span.varint(1, zigzag(index - next)).varint(2, 1);
            histogram.message(12, &span);
            next = index + 1;
        }
        let mut before = 0;
        for count in buckets.values() {
            histogram.varint(13, zigzag(count - before));
            before = *count;
        }
        let mut gauge = Message::default();
        gauge.double(1, self.started.secs_f64());
        let mut page = Vec::new();
        for (name, kind, field, value) in
            [("process_start_time_seconds", 1, 2, gauge), ("latency_seconds", 4, 7, histogram)]
        {
            let mut metric = Message::default();
            metric.message(field, &value);
            let mut family = Message::default();
            family.bytes(1, name.as_bytes()).varint(3, kind).message(4, &metric);
            varint(&mut page, family.0.len() as u64);
            page.extend(family.0);
        }
        page
    }
}

/// A message of protobuf, field by field.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, field: u64, value: u64) -> &mut Self {
        varint(&mut self.0, field << 3);
        varint(&mut self.0, value);
        self
    }

    fn double(&mut self, field: u64, value: f64) -> &mut Self {
        varint(&mut self.0, field << 3 | 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        varint(&mut self.0, field << 3 | 2);
        varint(&mut self.0, bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    fn message(&mut self, field: u64, message: &Message) -> &mut Self {
        self.bytes(field, &message.0)
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// One that answers with text at `/text` and with protobuf at `/protobuf`; the
/// two paths stand for two processes.
pub struct Latencies {
    pub address: SocketAddr,
    text: Arc<Mutex<Process>>,
    protobuf: Arc<Mutex<Process>>,
}

impl Latencies {
    pub fn start() -> Latencies {
        let process =
            |seed| Arc::new(Mutex::new(Process { started: now(), seed, events: Vec::new(), shown: Vec::new() }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Latencies { address: listener.local_addr().unwrap(), text: process(1), protobuf: process(2) };
        let (text, protobuf) = (Arc::clone(&service.text), Arc::clone(&service.protobuf));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut request = [0; 2_048];
                let length = stream.read(&mut request).unwrap_or(0);
                let (page, kind) = if request[..length].starts_with(b"GET /protobuf") {
                    let kind =
                        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
                    (protobuf.lock().unwrap().protobuf(), kind)
                } else {
                    (text.lock().unwrap().text(), "text/plain; version=0.0.4")
                };
                let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n");
                let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n", page.len());
                let _ = stream.write_all(&page);
            }
        });
        service
    }

    /// What the scrapes of a path showed.
    pub fn shown(&self, path: &str) -> Vec<Shown> {
        let process = if path == "protobuf" { &self.protobuf } else { &self.text };
        process.lock().unwrap().shown.clone()
    }
}
