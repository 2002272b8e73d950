//! Evenkeel itself as its users start it: the binary, on a free port.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long the daemon may take to say that it listens.
const START_MAX: Duration = Duration::from_secs(60);

pub struct Daemon {
    child: Child,
    address: String,
}

impl Daemon {
    /// Starts a command of evenkeel that serves, on a free port.
    pub fn start<A: AsRef<OsStr>>(arguments: &[A]) -> Daemon {
        Daemon::start_at("127.0.0.1:0", arguments)
    }

    /// As `start`, where others know it already.
    pub fn start_at<A: AsRef<OsStr>>(listen: &str, arguments: &[A]) -> Daemon {
        let mut child = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(arguments)
            .args(["--listen", listen])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let address = listening(&mut log);
        // What it says later goes where the test's output goes.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if !line.contains("\"INFO\"") {
                    println!("evenkeel: {line}");
                }
            }
        });
        Daemon { child, address }
    }

    /// `run` against one Prometheus with the definitions of the demo world.
    pub fn run(prometheus: &str, data: &Path, more: &[&str]) -> Daemon {
        let definitions = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("slo-definitions/demo");
        let mut arguments = vec!["run", "--prometheus", prometheus, "--definitions", definitions.to_str().unwrap()];
        arguments.extend(["--data", data.to_str().unwrap(), "--kubernetes", "false"]);
        arguments.extend(more);
        Daemon::start(&arguments)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn get(&self, path: &str) -> String {
        let (status, body) = http_get(&self.address, path);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).unwrap()
    }

    /// Asks until the answer is as wanted, and gives it.
    pub fn wait_for(&self, what: &str, path: &str, within: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let (status, body) = http_get(&self.address, path);
            let value: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
            if status == 200 && wanted(&value) {
                return value;
            }
            assert!(began.elapsed() < within, "{what} did not come; {path} says {status} {body:.2000}");
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Waits until all wanted history is stored, and judged.
    pub fn wait_for_history(&self, within: Duration) {
        self.wait_for("the history", "/api/v1/status", within, |s| {
            let backfill = &s["backfill"];
            s["ready"] == true && backfill["expected"].as_u64() > Some(0) && backfill["done"] == backfill["expected"]
        });
    }

    /// As the kernel does it when memory runs out.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As Kubernetes does it; the exit must be clean.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listening(log: &mut BufReader<ChildStderr>) -> String {
    let began = Instant::now();
    let mut said = String::new();
    for line in log.by_ref().lines().map_while(Result::ok) {
        if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            return format!("127.0.0.1:{port}");
        }
        said.push_str(&line);
        said.push('\n');
        assert!(began.elapsed() < START_MAX, "evenkeel does not listen: {said}");
    }
    panic!("evenkeel ended: {said}");
}

/// A small HTTP client that needs no runtime.
pub fn http_get(address: &str, path: &str) -> (u16, String) {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

/// Sends a body with these headers.
pub fn http_send(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}");
    ask_bytes(address, &[format!("{head}Content-Length: {length}\r\n\r\n").as_bytes(), body].concat())
}

/// Posts JSON.
pub fn http_post(address: &str, path: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    ask(address, &format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"))
}

fn ask(address: &str, request: &str) -> (u16, String) {
    ask_bytes(address, request.as_bytes())
}

fn ask_bytes(address: &str, request: &[u8]) -> (u16, String) {
    let Ok(mut stream) = TcpStream::connect(address) else { return (0, String::new()) };
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // Who is refused early may not read all that is sent.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return (0, String::new()) };
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    (status, if chunked { unchunked(body) } else { body.to_owned() })
}

fn unchunked(body: &str) -> String {
    let mut out = String::new();
    let mut rest = body;
    while let Some((size, tail)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || tail.len() < size {
            break;
        }
        out.push_str(&tail[..size]);
        rest = tail[size..].trim_start_matches("\r\n");
    }
    out
}
