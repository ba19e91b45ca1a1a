//! The HTTP edge: an event is answered 200 only once it is on disk.
//!
//! Whoever knocks is a stranger until the signature is proved, so everything is bounded: connections, the size of a
//! body, and the time that one request may take from its first byte to its answer. A connection that takes longer is cut,
//! whatever it is doing.
//!
//! Deliberately absent: TLS, routing (the dashboard holds any path), and what an event leads to (`follow`).

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use crate::clock::Clock;
use crate::gateway::wire::Event;

use super::clerk::Clerk;
use super::inbox::{Deposit, Incoming};
use super::verify::{Keys, verify};

/// Largest body that is read: an event has some 300 bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Connections at once; others wait in the system's queue.
const CONNECTIONS_MAX: usize = 64;
/// From the last answer, or the first byte, to the next answer.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// How long connections may take to end once there is to be an end.
const STOP_GRACE: Duration = Duration::from_secs(2);
/// Refusals are logged once in so long, with their number: a stranger must not fill the disk with them.
const REFUSALS_LOGGED_MS: i64 = 1_000;

/// What the door needs.
pub struct Door {
    /// The secrets that may have signed an event.
    pub keys: Keys,
    /// Where events go.
    pub clerk: Clerk,
    /// The time of day.
    pub clock: Clock,
    /// Told when an event was taken in.
    pub news: Arc<Notify>,
    /// Refusals, and when they were last spoken of.
    pub refusals: Refusals,
}

/// Counts refusals between two lines of the log.
#[derive(Debug, Default)]
pub struct Refusals {
    unsaid: AtomicU64,
    said_at: AtomicI64,
}

impl Refusals {
    fn note(&self, now: i64, why: &str) {
        let unsaid = self
            .unsaid
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        let due = now.saturating_sub(self.said_at.load(Ordering::Relaxed)) >= REFUSALS_LOGGED_MS;
        if due {
            self.said_at.store(now, Ordering::Relaxed);
            self.unsaid.store(0, Ordering::Relaxed);
            tracing::warn!(refused = unsaid, "turned away: {why}");
        }
    }
}

/// Takes events until `shutdown` resolves, and a moment longer for those under way.
///
/// # Errors
///
/// If the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    door: Arc<Door>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let routes = Router::new().fallback(answer).with_state(door);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let gate = Gate {
        listener,
        places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
    };
    let server = axum::serve(gate, routes).with_graceful_shutdown(async {
        // A dropped sender means the same as a sent word.
        let _ = stopped.await;
    });
    let stopping = async {
        shutdown.await;
        let _ = stop.send(());
        tokio::time::sleep(STOP_GRACE).await;
    };
    tokio::select! {
        done = server.into_future() => done,
        () = stopping => Ok(()),
    }
}

async fn answer(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if head.method == Method::GET && head.uri.path() == "/healthz" {
        return say(StatusCode::OK, "ok");
    }
    if head.method != Method::POST {
        return say(StatusCode::METHOD_NOT_ALLOWED, "events are posted");
    }
    let kind = head.headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let now = door.clock.now().as_millisecond();
    let body = match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(why) if took_too_long(&why) => {
            door.refusals.note(now, "a body that took too long");
            return say(StatusCode::REQUEST_TIMEOUT, "an event is quicker");
        }
        Err(_) => {
            door.refusals
                .note(now, "a body that is too long or broke off");
            return say(StatusCode::PAYLOAD_TOO_LARGE, "an event is shorter");
        }
    };
    let event = match Event::read(kind, &body) {
        Ok(event) => event,
        Err(why) => {
            door.refusals.note(now, &why);
            return say(StatusCode::BAD_REQUEST, "this is not an event");
        }
    };
    match verify(&event, &door.keys) {
        Ok(verified) => door.take_in(Incoming { verified, at: now }).await,
        Err(refused) => {
            door.refusals.note(now, &refused.to_string());
            say(StatusCode::UNAUTHORIZED, "the signature is not right")
        }
    }
}

/// Whether the time of the connection ran out while it was read.
fn took_too_long(why: &axum::Error) -> bool {
    let mut causes = std::iter::successors(why.source(), |why| (*why).source());
    causes.any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
    })
}

impl Door {
    async fn take_in(&self, incoming: Incoming) -> Response {
        let (id, event) = (incoming.verified.id.clone(), incoming.verified.word.clone());
        let id = id.as_deref().unwrap_or("none");
        let Some(deposit) = self.clerk.deposit(incoming).await else {
            return say(
                StatusCode::SERVICE_UNAVAILABLE,
                "not recorded, send it again",
            );
        };
        match deposit {
            Deposit::New => {
                tracing::info!(id, event, "event received");
                self.news.notify_one();
            }
            Deposit::NothingToFollow => {
                tracing::warn!(
                    event,
                    "event received that names no Cashgram: nothing to follow"
                );
            }
            Deposit::Duplicate => tracing::debug!(id, event, "event received again"),
            Deposit::TooMany => {
                tracing::warn!(id, event, "one signed event under too many ids: left out");
            }
        }
        say(StatusCode::OK, "ok")
    }
}

/// An answer. Whoever was turned away has to knock anew.
fn say(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    if status != StatusCode::OK {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A listener that lets so many in at once.
struct Gate {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Listener for Gate {
    type Io = Visit;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visit, SocketAddr) {
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        // Without it, delayed acknowledgements add 40 ms to small answers.
        let _ = stream.set_nodelay(true);
        let visit = Visit {
            stream,
            end: Box::pin(tokio::time::sleep(REQUEST_TIME_MAX)),
            _place: place,
        };
        (visit, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection whose time runs out unless it is answered.
struct Visit {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Visit {
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.end.as_mut().poll(cx).is_ready()
    }
}

fn over() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the connection took too long")
}

impl AsyncRead for Visit {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(cx) {
            return Poll::Ready(Err(over()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Visit {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        match written {
            Poll::Ready(_) => {
                // An answer is going out: the time of the next request begins.
                let end = Instant::now() + REQUEST_TIME_MAX;
                self.end.as_mut().reset(end);
                written
            }
            Poll::Pending if self.is_over(cx) => Poll::Ready(Err(over())),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::inbox::Inbox;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// Time stands still but when everybody waits, so ten seconds cost none.
    #[tokio::test(start_paused = true)]
    async fn whoever_is_slow_is_cut_off_and_the_next_is_let_in() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(&folder.path().join("i.db"), &[]).unwrap();
        let (clerk, _writing) = Clerk::start(inbox).unwrap();
        let door = Arc::new(Door {
            keys: Keys::new([]),
            clerk,
            clock: Clock::System,
            news: Arc::default(),
            refusals: Refusals::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, door, std::future::pending()));
        let mut slow = Vec::new();
        for place in 0..CONNECTIONS_MAX {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // The last one drips its body, the others their headers.
            let request: &[u8] = match place + 1 {
                CONNECTIONS_MAX => b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nevent",
                _ => b"POST / HTTP/1.1\r\nhost: x\r\n",
            };
            stream.write_all(request).await.unwrap();
            slow.push(stream);
        }
        let began = Instant::now();
        let mut last = TcpStream::connect(address).await.unwrap();
        last.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut said = String::new();
        last.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
        assert!(began.elapsed() >= REQUEST_TIME_MAX, "there was room before");
        let mut rest = Vec::new();
        for mut stream in slow {
            rest.clear();
            // Cut, perhaps with a word of refusal.
            let _ = stream.read_to_end(&mut rest).await;
        }
        let rest = String::from_utf8_lossy(&rest);
        assert!(rest.starts_with("HTTP/1.1 408"), "{rest}");
        serving.abort();
    }
}
