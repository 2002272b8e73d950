//! Who may hold a connection, and for how long without taking bytes. Knows
//! sockets; must not know HTTP.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready as poll_ready};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Admits a bounded number of connections and closes the rest at once.
#[derive(Clone, Debug)]
pub(crate) struct Gatekeeper {
    places: Arc<Semaphore>,
    stall: Duration,
}

impl Gatekeeper {
    pub fn new(connections_max: usize, stall: Duration) -> Self {
        Gatekeeper { places: Arc::new(Semaphore::new(connections_max)), stall }
    }
}

impl<S> Accept<TcpStream, S> for Gatekeeper {
    type Stream = Guest<TcpStream>;
    type Service = S;
    type Future = Ready<io::Result<(Guest<TcpStream>, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(match Arc::clone(&self.places).try_acquire_owned() {
            // Answers are written whole, so waiting for a fuller packet only delays them.
            Ok(place) => stream.set_nodelay(true).map(|()| (Guest::new(stream, self.stall, Some(place)), service)),
            Err(_) => Err(io::Error::new(io::ErrorKind::ConnectionRefused, "too many connections")),
        })
    }
}

/// A connection that gives its place back when it ends, and ends when the
/// other side takes no byte for the length of `stall`.
#[derive(Debug)]
pub(crate) struct Guest<S> {
    stream: S,
    stall: Duration,
    /// Runs while a write waits for the other side.
    waiting: Option<Pin<Box<Sleep>>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<S: AsyncWrite + Unpin> Guest<S> {
    fn new(stream: S, stall: Duration, place: Option<OwnedSemaphorePermit>) -> Self {
        Guest { stream, stall, waiting: None, _place: place }
    }

    /// Passes a write's result on; one that waits too long becomes an error.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let stall = self.stall;
        let timer = self.waiting.get_or_insert_with(|| Box::pin(sleep(stall)));
        poll_ready!(timer.as_mut().poll(cx));
        timer.as_mut().reset(Instant::now() + stall);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the other side takes no bytes")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guest<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guest<S> {
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

    const STALL: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_cut_off() {
        let (near, _far) = tokio::io::duplex(16);
        let mut guest = Guest::new(near, STALL, None);
        let error = guest.write_all(&[7; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_reader_is_served_as_long_as_it_reads() {
        let (near, mut far) = tokio::io::duplex(16);
        let mut guest = Guest::new(near, STALL, None);
        let reading = async {
            let mut taken = 0;
            let mut piece = [0; 16];
            while taken < 160 {
                tokio::time::sleep(STALL / 5).await;
                taken += far.read(&mut piece).await.unwrap();
            }
            taken
        };
        let (written, taken) = tokio::join!(guest.write_all(&[7; 160]), reading);
        assert!(written.is_ok());
        assert_eq!(taken, 160);
    }
}
