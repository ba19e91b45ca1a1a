//! A connection that can be slammed shut before, or in the middle of, a reply.
//!
//! A handler cannot do that: whatever it returns is written out. So each connection carries a switch, and the stream
//! under the HTTP server obeys it when the server writes: it refuses the first byte, cuts the reply short, or lets
//! it drip. What the client sees is what a dying server shows: a closed or reset connection.
//!
//! Deliberately absent: any knowledge of what is being said on the connection.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

/// What a connection does with the next reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    /// Sends it.
    #[default]
    Send,
    /// Sends nothing of it, and closes.
    Close,
    /// Sends nothing of it, and resets.
    Reset,
    /// Sends all but this many bytes of it, and closes.
    Withhold(usize),
    /// Sends it byte by byte, with this pause after each.
    Drip(Duration),
}

/// The switch of one connection, and whether its peer is on this machine.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    manner: Arc<Mutex<Manner>>,
    pub(super) loopback: bool,
}

impl Switch {
    /// Decides what happens to the next reply.
    pub(super) fn set(&self, manner: Manner) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    fn get(&self) -> Manner {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected<IncomingStream<'_, Door>> for Switch {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().switch.clone()
    }
}

/// A listener whose connections have a switch.
pub(super) struct Door(pub(super) TcpListener);

impl Listener for Door {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // Without it, Nagle's algorithm and delayed acknowledgements add 40 ms to small replies. If the socket is
        // already dead, its first read says so.
        let _ = stream.set_nodelay(true);
        let switch = Switch {
            manner: Arc::default(),
            loopback: peer.ip().is_loopback(),
        };
        (
            Wire {
                stream,
                switch,
                pause: None,
            },
            peer,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection with a switch.
pub(super) struct Wire {
    stream: TcpStream,
    switch: Switch,
    /// The pause before the next byte of a drip.
    pause: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    /// Writes one byte, then waits before the next.
    fn drip(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        pause: Duration,
    ) -> Poll<io::Result<usize>> {
        if let Some(waiting) = self.pause.as_mut() {
            std::task::ready!(waiting.as_mut().poll(cx));
        }
        let byte = bytes.get(..1).unwrap_or(bytes);
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, byte))?;
        self.pause = Some(Box::pin(tokio::time::sleep(pause)));
        Poll::Ready(Ok(written))
    }
}

/// The error that makes the server drop the connection.
fn slammed() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "closed on purpose")
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.switch.get() {
            Manner::Send => Pin::new(&mut self.stream).poll_write(cx, bytes),
            Manner::Drip(pause) => self.drip(cx, bytes, pause),
            Manner::Close => Poll::Ready(Err(slammed())),
            Manner::Reset => {
                // Closing with a zero linger time sends RST instead of FIN.
                let _ = self.stream.set_zero_linger();
                Poll::Ready(Err(slammed()))
            }
            Manner::Withhold(kept_back) => {
                // The server hands over head and body of a small reply in one piece.
                let part = bytes
                    .get(..bytes.len().saturating_sub(kept_back))
                    .unwrap_or_default();
                let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, part))?;
                self.switch.set(Manner::Close);
                Poll::Ready(Ok(written))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
