//! The client against tiny servers on loopback that misbehave on purpose.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use secrecy::SecretString;

use super::super::NotSentKind;
use super::*;
use crate::gateway::address::BaseUrl;
use crate::gateway::reading::read_create;
use crate::gateway::signer::SignerError;

/// What a server does with one connection after it has read one request.
#[derive(Clone, Copy)]
enum Does {
    /// Writes these bytes and keeps the connection for the next request.
    Says(&'static str),
    /// Writes these bytes and closes.
    SaysAndCloses(&'static str),
    /// Says a head, then body for ever.
    Floods,
    /// Says nothing.
    Stalls,
}

struct Server {
    base: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn that(does: Does) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, does, log.clone()));
            }
        });
        Server { base, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut socket: TcpStream, does: Does, log: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = request(&mut socket).await {
        log.lock().unwrap().push(request);
        match does {
            Does::Says(text) => socket.write_all(text.as_bytes()).await.unwrap(),
            Does::SaysAndCloses(text) => return socket.write_all(text.as_bytes()).await.unwrap(),
            Does::Floods => {
                let head = "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n";
                socket.write_all(head.as_bytes()).await.unwrap();
                while socket.write_all(&[b'x'; 8_192]).await.is_ok() {}
                return;
            }
            Does::Stalls => tokio::time::sleep(Duration::from_secs(60)).await,
        }
    }
}

/// One request, head and body.
async fn request(socket: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        match socket.read_buf(&mut read).await {
            Ok(0) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

fn options(base: &str) -> ClientOptions {
    ClientOptions {
        base_url: BaseUrl::parse(base).unwrap(),
        client_id: "CF_ID".to_owned(),
        client_secret: SecretString::from("s3cr3t-value"),
        public_key: None,
        timeout: Duration::from_millis(800),
        connect_timeout: Duration::from_millis(500),
        proxy: None,
        ca_file: None,
        user_agent: "paysheet/0.0.0".to_owned(),
        idle_connections: 64,
        unix_seconds: Arc::new(|| 1_791_802_531),
    }
}

fn client(base: &str) -> Client {
    Client::new(options(base)).unwrap()
}

fn token() -> Token {
    Token::new(SecretString::from("t.o.k"))
}

async fn create_at(does: Does) -> (Reply, usize) {
    let server = Server::that(does).await;
    let reply = client(&server.base).create(&token(), "{}").await;
    (reply, server.requests().len())
}

const CREATED: &str = r#"{"status":"SUCCESS","subCode":"200","message":"Cashgram Created","data":{"referenceId":73,"cashgramLink":"https://csgr.am/abc"}}"#;

/// A server that answers 200 with `body`.
fn ok(body: &str) -> Does {
    let head = "HTTP/1.1 200 OK\r\nx-request-id: r-1\r\ncontent-length";
    Does::Says(format!("{head}: {}\r\n\r\n{body}", body.len()).leak())
}

#[tokio::test]
async fn a_create_is_sent_as_it_was_recorded() {
    let server = Server::that(ok(CREATED)).await;
    let client = client(&format!("{}/payout/", server.base));
    let reply = client.create(&token(), r#"{"cashgramId":"A-1"}"#).await;
    let Reply::Answer(answer) = &reply else {
        panic!("{reply:?}")
    };
    assert_eq!(answer.headers.request_id.as_deref(), Some("r-1"));
    assert!(
        matches!(read_create(&reply, "A-1"), Finding::Created(_)),
        "{reply:?}"
    );
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("POST /payout/v1/createCashgram HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nauthorization: Bearer t.o.k\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\ncontent-type: application/json\r\n"),
        "{request}"
    );
    assert!(
        request.ends_with("\r\n\r\n{\"cashgramId\":\"A-1\"}"),
        "{request}"
    );
    assert!(
        !request.contains("s3cr3t"),
        "the secret is for authorize alone: {request}"
    );
}

#[tokio::test]
async fn the_other_calls_have_their_own_addresses() {
    let server = Server::that(Does::Says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")).await;
    let client = client(&server.base);
    client.look_up(&token(), "A-1&b=c").await;
    client.balance(&token()).await;
    client.deactivate(&token(), "A-1").await;
    let requests = server.requests();
    assert!(
        requests[0]
            .starts_with("GET /payout/v1/getCashgramStatus?cashgramId=A-1%26b%3Dc HTTP/1.1\r\n")
    );
    assert!(requests[1].starts_with("GET /payout/v1/getBalance HTTP/1.1\r\n"));
    assert!(requests[2].starts_with("POST /payout/v1/deactivateCashgram HTTP/1.1\r\n"));
    assert!(requests[2].ends_with("\r\n\r\n{\"cashgramId\":\"A-1\"}"));
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let reply = client(&base).create(&token(), "{}").await;
    assert!(
        matches!(&reply, Reply::NotSent { kind: NotSentKind::Connect, why } if why.contains("refused")),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_name_that_does_not_resolve_sent_nothing() {
    let reply = client("https://nowhere.invalid")
        .create(&token(), "{}")
        .await;
    let not_sent = matches!(
        &reply,
        Reply::NotSent {
            kind: NotSentKind::Dns | NotSentKind::Connect,
            ..
        }
    );
    assert!(not_sent, "{reply:?}");
    assert!(
        !format!("{reply:?}").contains("payout/v1"),
        "no URLs in messages: {reply:?}"
    );
}

#[tokio::test]
async fn a_request_without_a_whole_answer_is_in_doubt_and_not_sent_again() {
    for does in [
        Does::SaysAndCloses(""),
        Does::SaysAndCloses("HTTP/1.1 200 OK\r\ncontent-le"),
        Does::SaysAndCloses(
            "HTTP/1.1 409 Conflict\r\ncontent-length: 500\r\n\r\n{\"status\":\"ERR",
        ),
        Does::SaysAndCloses("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"sta"),
        Does::SaysAndCloses("SSH-2.0-OpenSSH_9.6\r\n\r\n"),
        Does::Stalls,
    ] {
        let (reply, requests) = create_at(does).await;
        assert!(matches!(reply, Reply::NoAnswer { .. }), "{reply:?}");
        assert_eq!(requests, 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_stall_ends_at_the_deadline_with_a_sentence() {
    let (reply, _) = create_at(Does::Stalls).await;
    assert_eq!(
        reply,
        Reply::NoAnswer {
            why: "no whole answer within 800ms".to_owned()
        }
    );
}

#[tokio::test]
async fn a_gigabyte_is_cut_at_the_cap() {
    let (reply, _) = create_at(Does::Floods).await;
    let Reply::Answer(answer) = &reply else {
        panic!("{reply:?}")
    };
    assert!(answer.truncated);
    assert_eq!(answer.body.len(), BODY_BYTES_MAX);
    assert!(matches!(read_create(&reply, "A"), Finding::InDoubt { .. }));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (reply, requests) = create_at(Does::Says(
        "HTTP/1.1 307 Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
    ))
    .await;
    assert!(matches!(&reply, Reply::Answer(answer) if answer.status == 307));
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn plain_text_on_a_tls_port_is_a_tls_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut hello = [0; 64];
            let _ = socket.read(&mut hello).await;
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let reply = client(&format!("https://127.0.0.1:{port}"))
        .create(&token(), "{}")
        .await;
    let tls = matches!(&reply, Reply::NotSent { kind: NotSentKind::Tls, why } if why.contains("does not speak TLS"));
    assert!(tls, "{reply:?}");
}

#[tokio::test]
async fn a_connection_lost_in_the_handshake_may_pass() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut hello = [0; 4_096];
            let _ = socket.read(&mut hello).await;
        }
    });
    let reply = client(&format!("https://127.0.0.1:{port}"))
        .create(&token(), "{}")
        .await;
    assert!(
        matches!(
            &reply,
            Reply::NotSent {
                kind: NotSentKind::Connect,
                ..
            }
        ),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_silent_handshake_ends_at_the_connect_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let reply = client(&format!("https://127.0.0.1:{port}"))
        .create(&token(), "{}")
        .await;
    assert!(
        matches!(
            &reply,
            Reply::NotSent {
                kind: NotSentKind::Connect,
                ..
            }
        ),
        "{reply:?}"
    );
    drop(listener);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_a_proxy_fault() {
    let proxy = Server::that(Does::SaysAndCloses(
        "HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n",
    ))
    .await;
    let through = ClientOptions {
        proxy: Some(SecretString::from(
            proxy.base.replace("http://", "http://user:pr0xypw@"),
        )),
        ..options("https://payout.invalid")
    };
    let reply = Client::new(through).unwrap().create(&token(), "{}").await;
    assert!(
        matches!(
            &reply,
            Reply::NotSent {
                kind: NotSentKind::Proxy,
                ..
            }
        ),
        "{reply:?}"
    );
    assert!(proxy.requests()[0].starts_with("CONNECT payout.invalid:443 "));
    assert!(!format!("{reply:?}").contains("pr0xypw"));
}

const GRANTED: &str =
    r#"{"status":"SUCCESS","subCode":"200","data":{"token":"eyJ.tok","expiry":"1791802891"}}"#;

#[tokio::test]
async fn a_hundred_senders_share_one_token() {
    let server = Server::that(ok(GRANTED)).await;
    let client = Arc::new(client(&server.base));
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let client = client.clone();
        crowd.spawn(async move { client.token().await.unwrap() });
    }
    let tokens = crowd.join_all().await;
    assert!(
        tokens
            .iter()
            .all(|token| *token == tokens[0] && token.expose() == "eyJ.tok")
    );
    assert_eq!(server.requests().len(), 1);
    let request = server.requests().remove(0);
    assert!(
        request.starts_with("POST /payout/v1/authorize HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains("\r\nx-client-id: CF_ID\r\n"), "{request}");
    assert!(
        request.contains("\r\nx-client-secret: s3cr3t-value\r\n"),
        "{request}"
    );
    assert!(request.contains("\r\ncontent-length: 0\r\n"), "{request}");
    assert!(!request.contains("x-cf-signature"), "{request}");
    assert_ne!(client.renew(&tokens[0]).await.unwrap(), tokens[0]);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_authorize_that_fails_leaves_no_create_in_doubt() {
    let server = Server::that(Does::SaysAndCloses("")).await;
    let failure = client(&server.base).token().await.unwrap_err();
    assert!(matches!(failure, Finding::NotSent { .. }), "{failure:?}");
}

#[tokio::test]
async fn each_authorize_has_a_fresh_signature() {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
    use base64::Engine;
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let base64 = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
    let server = Server::that(ok(GRANTED)).await;
    let now = Arc::new(AtomicI64::new(1_791_802_531));
    let asked = now.clone();
    let signed = ClientOptions {
        public_key: Some(pem.clone().into_bytes()),
        unix_seconds: Arc::new(move || asked.fetch_add(1, Ordering::SeqCst)),
        ..options(&server.base)
    };
    let client = Client::new(signed).unwrap();
    let token = client.token().await.unwrap();
    client.renew(&token).await.unwrap();
    let signatures: Vec<String> = server
        .requests()
        .iter()
        .map(|request| {
            request
                .split("x-cf-signature: ")
                .nth(1)
                .unwrap()
                .lines()
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(signatures.len(), 2);
    assert_ne!(signatures[0], signatures[1]);
    let long = ClientOptions {
        client_id: "x".repeat(300),
        public_key: Some(pem.into_bytes()),
        ..options(&server.base)
    };
    assert!(matches!(
        Client::new(long),
        Err(ClientError::PublicKey(SignerError::Failed))
    ));
    assert!(now.load(Ordering::SeqCst) > 1_791_802_532);
}

#[test]
fn nothing_secret_is_printed() {
    let client = client("http://127.0.0.1:1");
    let printed = format!(
        "{client:?} {:?} {:?} {:?}",
        token(),
        client.client_secret,
        bearer(&token())
    );
    assert!(
        !printed.contains("s3cr3t") && !printed.contains("t.o.k"),
        "{printed}"
    );
}

#[test]
fn wrong_options_are_named_and_not_quoted() {
    let wrong = |change: &dyn Fn(&mut ClientOptions)| {
        let mut wrong = options("https://127.0.0.1:1");
        change(&mut wrong);
        Client::new(wrong).unwrap_err()
    };
    assert!(matches!(
        wrong(&|o| o.client_id = " ".into()),
        ClientError::Credentials
    ));
    let secret = wrong(&|o| o.client_secret = SecretString::from("se\ncret"));
    assert!(
        matches!(secret, ClientError::Credentials)
            && !format!("{secret} {secret:?}").contains("cret\"")
    );
    assert!(matches!(
        wrong(&|o| o.public_key = Some(vec![])),
        ClientError::PublicKey(SignerError::NotPem)
    ));
    assert!(matches!(
        wrong(&|o| o.ca_file = Some(b"no".to_vec())),
        ClientError::CaFile
    ));
    let proxy = |o: &mut ClientOptions| {
        o.base_url = BaseUrl::parse("https://example.com").unwrap();
        o.proxy = Some(SecretString::from("http://u:pw@:x"));
    };
    assert!(matches!(wrong(&proxy), ClientError::Proxy));
}
