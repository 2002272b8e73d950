//! A small service under the test's control: it counts requests, fails when it
//! is told to, restarts, and remembers what each scrape was shown.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use evenkeel::model::time::Timestamp;

use super::monitoring::now;

/// Requests per second.
const RATE: f64 = 50.0;

/// What one scrape was shown, all processes together.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub at: Timestamp,
    pub bad: i64,
    pub total: i64,
}

struct State {
    started: Timestamp,
    counted_until: Timestamp,
    failing: bool,
    good: i64,
    bad: i64,
    /// Events of earlier processes that a scrape was shown.
    before: (i64, i64),
    shown: Vec<Shown>,
}

impl State {
    fn count(&mut self, now: Timestamp) {
        let events = ((now - self.counted_until).secs_f64() * RATE).floor() as i64;
        if events == 0 {
            return;
        }
        self.counted_until = now;
        // While it fails, every second request does.
        let bad = if self.failing { events / 2 } else { 0 };
        self.bad += bad;
        self.good += events - bad;
    }
}

#[derive(Clone)]
pub struct Shop {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Shop {
    pub fn open() -> Shop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let started = now();
        let state = Arc::new(Mutex::new(State {
            started,
            counted_until: started,
            failing: false,
            good: 0,
            bad: 0,
            before: (0, 0),
            shown: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut request = [0; 2_048];
                let _ = stream.read(&mut request);
                let page = page(&mut shared.lock().unwrap());
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\n";
                let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len());
            }
        });
        Shop { address, state }
    }

    /// From now on requests fail, or no longer do; tells when.
    pub fn fail(&self, failing: bool) -> Timestamp {
        let mut state = self.state.lock().unwrap();
        let now = now();
        state.count(now);
        state.failing = failing;
        now
    }

    /// A new process takes over: counters begin at zero, what the old one
    /// counted since its last scrape is lost.
    pub fn restart(&self) {
        let mut state = self.state.lock().unwrap();
        if let Some(last) = state.shown.last() {
            state.before = (last.bad, last.total);
        }
        let now = now();
        (state.started, state.counted_until, state.good, state.bad) = (now, now, 0, 0);
    }

    /// What the scrapes until an instant brought to light. A scrape so close to
    /// the instant that its own time may lie on the other side gives two answers;
    /// before the first scrape there is none.
    pub fn shown_until(&self, end: Timestamp) -> Vec<Shown> {
        const CLOSE_MS: i64 = 150;
        let state = self.state.lock().unwrap();
        // The process ran before anyone looked: the first scrape is the baseline.
        let Some(first) = state.shown.first().copied() else { return Vec::new() };
        let sure = state.shown.iter().rev().find(|s| (end - s.at).0 >= CLOSE_MS);
        let close = state.shown.iter().filter(|s| (s.at - end).0.abs() < CLOSE_MS);
        let since_first = |s: &Shown| Shown { at: s.at, bad: s.bad - first.bad, total: s.total - first.total };
        sure.into_iter().chain(close).map(since_first).collect()
    }
}

fn page(state: &mut State) -> String {
    let now = now();
    state.count(now);
    let (bad, total) = (state.before.0 + state.bad, state.before.1 + state.good + state.bad);
    state.shown.push(Shown { at: now, bad, total });
    let mut page = format!(
        "process_start_time_seconds {}\nhttp_requests_total{{code=\"200\"}} {}\n",
        state.started.secs_f64(),
        state.good
    );
    // The child for errors is born with the first one.
    if state.bad > 0 {
        page.push_str(&format!("http_requests_total{{code=\"500\"}} {}\n", state.bad));
    }
    page
}
