//! The network between a client and the API server, to be cut by a test.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub struct Proxy {
    port: u16,
    /// Each change ends the connections that there are; even is open.
    state: Arc<watch::Sender<u64>>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(target: u16) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(watch::Sender::new(0));
        let task = tokio::spawn(accept(listener, target, state.clone()));
        Proxy { port, state, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Breaks all connections; new ones are taken.
    pub fn cut(&self) {
        self.state.send_modify(|state| *state += 2);
    }

    /// Breaks all connections and takes no new ones.
    pub fn close(&self) {
        self.state.send_modify(|state| *state += 1);
    }

    pub fn open(&self) {
        self.state.send_modify(|state| *state += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.state.send_modify(|state| *state += 1);
    }
}

async fn accept(listener: TcpListener, target: u16, state: Arc<watch::Sender<u64>>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut changes = state.subscribe();
        if *changes.borrow_and_update() % 2 == 1 {
            continue;
        }
        tokio::spawn(async move {
            tokio::select! {
                () = carry(client, target) => {}
                _ = changes.changed() => {}
            }
        });
    }
}

async fn carry(mut client: TcpStream, target: u16) {
    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await {
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}
