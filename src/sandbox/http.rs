//! The sandbox on a socket. HTTP/1.1, one task a connection, one short lock a request.
//!
//! This file turns requests into [`Sandbox::handle`] and acts out the endings. It is the one place here that asks
//! what time it is. Deliberately absent: TLS (the sandbox serves machines one trusts), routing (the desk knows the
//! paths), and every decision.

use super::ask::Request;
use super::reply::{Ending, Reply};
use super::time::Moment;
use super::wire::{Door, Manner, Switch};
use super::{Sandbox, chance};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Largest body that is read: a create needs less than one KiB, a control request less than that.
pub const BODY_MAX: usize = 64 * 1024;
/// How long replies under way may take once the sandbox is told to stop; stalls and drips are cut off.
const STOP_GRACE: Duration = Duration::from_secs(1);
/// The caller's own id of a request, echoed in the reply.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Serves `sandbox` on `listener` until `shutdown` resolves, and a moment longer for replies under way. A connection
/// that stalls or drips beyond that is left to die with its runtime.
pub async fn serve(
    listener: TcpListener,
    sandbox: Arc<Sandbox>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stop, stopped) = oneshot::channel::<()>();
    let routes = Router::new().fallback(answer).with_state(sandbox);
    let service = routes.into_make_service_with_connect_info::<Switch>();
    let server = axum::serve(Door(listener), service).with_graceful_shutdown(async {
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

/// Answers one request.
async fn answer(
    State(sandbox): State<Arc<Sandbox>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    request: HttpRequest,
) -> Response {
    let (head, body) = request.into_parts();
    let asked_id = head.headers.get(REQUEST_ID).cloned();
    let control = head.uri.path().starts_with("/__sim/");
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return response(refusal(413, "Request entity too large"), asked_id);
    };
    if control && !switch.loopback {
        return response(refusal(405, "Invalid request URL or HTTP method"), asked_id);
    }
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let asked = Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        client_id: text("x-client-id"),
        client_secret: text("x-client-secret"),
        signature: text("x-cf-signature"),
        authorization: text("authorization"),
        body: &body,
    };
    let delivery = sandbox.handle(asked, wall_clock());
    if delivery.wait.micros() > 0 {
        tokio::time::sleep(Duration::from_micros(delivery.wait.micros())).await;
    }
    let reply = act_out(delivery.ending, &switch);
    response(reply, asked_id)
}

/// Tells the connection how the reply is to reach its client. For an ending without a reply there is one all the
/// same: the server's attempt to write it is what closes the connection.
fn act_out(ending: Ending, switch: &Switch) -> Reply {
    let (manner, reply) = match ending {
        // Said every time: the same connection may have dripped before.
        Ending::Reply(reply) => (Manner::Send, reply),
        Ending::Drip(reply, pause) => (Manner::Drip(Duration::from_micros(pause.micros())), reply),
        Ending::Cut(reply) => (Manner::Withhold(reply.body.len().div_ceil(2)), reply),
        Ending::Closed => (Manner::Close, refusal(500, "never seen")),
        Ending::Reset => (Manner::Reset, refusal(500, "never seen")),
    };
    switch.set(manner);
    reply
}

/// A refusal that never reached the bank.
fn refusal(code: u16, message: &'static str) -> Reply {
    let answer = super::answer::Answer::refused(code, message);
    Reply::answer(code, &answer, super::answer::Bend::Straight, false)
}

/// The HTTP form of a reply, with the caller's request id, or one of ours.
fn response(reply: Reply, asked_id: Option<HeaderValue>) -> Response {
    let id = asked_id
        .filter(|id| !id.is_empty())
        .or_else(|| HeaderValue::from_str(&fresh_id()).ok());
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(reply.content_type),
    );
    headers.extend(id.map(|id| (REQUEST_ID, id)));
    for (name, value) in reply.headers {
        put(headers, name, &value);
    }
    response
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// An id for a request that brought none.
fn fresh_id() -> String {
    static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!(
        "sim-{:016x}",
        chance::draw(0, "request-id", &number.to_le_bytes())
    )
}

/// The machine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox shares no clock with the program it tests; this is its one place to ask"
)]
pub(super) fn wall_clock() -> Moment {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Moment::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
