//! The sockets of the server: each has a place while it lasts, is cut off when
//! it takes no bytes or when its place is needed, and says on each request which
//! connection it came by.

mod guests;
mod head;

use std::future::{Future, Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready as poll_ready};
use std::time::Duration;

use axum::http::Request;
use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tower::Service;

use self::guests::Connections;
pub(crate) use self::guests::{Connection, Places};
use self::head::HeadScan;

/// Gives places to connections.
#[derive(Clone, Debug)]
pub(crate) struct Gatekeeper {
    connections: Arc<Connections>,
    stall: Duration,
}

impl Gatekeeper {
    pub fn new(places: Places, stall: Duration) -> Self {
        Gatekeeper { connections: Arc::new(Connections::new(places)), stall }
    }

    fn admit<S>(&self, stream: TcpStream, service: S) -> io::Result<(Socket<TcpStream>, Attended<S>)> {
        let address = stream.peer_addr()?.ip();
        // Answers are written whole, so waiting for a fuller packet only delays them.
        stream.set_nodelay(true)?;
        let full = || io::Error::new(io::ErrorKind::ConnectionRefused, "all connections are at work");
        let connection = self.connections.admit(address).ok_or_else(full)?;
        let place = Place { connection: Arc::clone(&connection), connections: Arc::clone(&self.connections) };
        Ok((Socket::new(stream, self.stall, place), Attended { service, connection }))
    }
}

impl<S> Accept<TcpStream, S> for Gatekeeper {
    type Stream = Socket<TcpStream>;
    type Service = Attended<S>;
    type Future = Ready<io::Result<(Socket<TcpStream>, Attended<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.admit(stream, service))
    }
}

/// Names the connection on each request, and notes when it is at work.
#[derive(Clone, Debug)]
pub(crate) struct Attended<S> {
    service: S,
    connection: Arc<Connection>,
}

impl<S, B> Service<Request<B>> for Attended<S>
where
    S: Service<Request<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let connection = Arc::clone(&self.connection);
        connection.begins_request();
        request.extensions_mut().insert(Arc::clone(&connection));
        let answer = self.service.call(request);
        Box::pin(async move {
            let answer = answer.await;
            connection.waits();
            answer
        })
    }
}

/// Gives the place back when the socket is closed.
#[derive(Debug)]
struct Place {
    connection: Arc<Connection>,
    connections: Arc<Connections>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.end(&self.connection);
    }
}

/// A socket that ends when the other side takes no byte for the length of
/// `stall`, and when its place is given to another one.
#[derive(Debug)]
pub(crate) struct Socket<S> {
    stream: S,
    stall: Duration,
    /// Runs while a write waits for the other side.
    waiting: Option<Pin<Box<Sleep>>>,
    evicted: Pin<Box<WaitForCancellationFutureOwned>>,
    heads: HeadScan,
    place: Place,
}

impl<S> Socket<S> {
    fn new(stream: S, stall: Duration, place: Place) -> Self {
        let evicted = Box::pin(place.connection.evicted.clone().cancelled_owned());
        Socket { stream, stall, waiting: None, evicted, heads: HeadScan::default(), place }
    }

    fn poll_evicted(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.evicted.as_mut().poll(cx) {
            Poll::Ready(()) => {
                Err(io::Error::new(io::ErrorKind::ConnectionAborted, "another connection has its place"))
            }
            Poll::Pending => Ok(()),
        }
    }

    /// Passes a write's result on; one that waits too long becomes an error.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.poll_evicted(cx)?;
        if written.is_ready() {
            self.waiting = None;
            self.place.connection.progresses();
            return written;
        }
        let stall = self.stall;
        let timer = self.waiting.get_or_insert_with(|| Box::pin(sleep(stall)));
        poll_ready!(timer.as_mut().poll(cx));
        timer.as_mut().reset(Instant::now() + stall);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the other side takes no bytes")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_evicted(cx)?;
        let before = buf.filled().len();
        poll_ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let read = buf.filled().get(before..).unwrap_or_default();
        if let Some(head) = self.heads.read(read) {
            self.place.connection.ambiguous.fetch_min(head, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, shut)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn socket<S>(stream: S) -> (Socket<S>, Arc<Connection>) {
        let connections = Arc::new(Connections::new(Places { general: 1, per_address: 1, reserved: 0 }));
        let connection = connections.admit([127, 0, 0, 1].into()).unwrap();
        (Socket::new(stream, STALL, Place { connection: Arc::clone(&connection), connections }), connection)
    }

    const STALL: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_cut_off() {
        let (near, _far) = tokio::io::duplex(16);
        let (mut socket, _) = socket(near);
        let error = socket.write_all(&[7; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_reader_is_served_as_long_as_it_reads() {
        let (near, mut far) = tokio::io::duplex(16);
        let (mut socket, _) = socket(near);
        let reading = async {
            let mut taken = 0;
            let mut piece = [0; 16];
            while taken < 160 {
                tokio::time::sleep(STALL / 5).await;
                taken += far.read(&mut piece).await.unwrap();
            }
            taken
        };
        let (written, taken) = tokio::join!(socket.write_all(&[7; 160]), reading);
        assert!(written.is_ok());
        assert_eq!(taken, 160);
    }

    #[tokio::test]
    async fn a_socket_whose_place_is_given_away_ends_while_it_waits() {
        let (near, _far) = tokio::io::duplex(16);
        let (mut socket, connection) = socket(near);
        let evict = async { connection.evicted.cancel() };
        let mut byte = [0];
        let (read, ()) = tokio::join!(socket.read(&mut byte), evict);
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }
}
