//! Over a real socket, with a client of a few lines that shows every byte.

use super::super::mischief::Plan;
use super::super::{CLIENT_ID, CLIENT_SECRET, Memory, Options};
use super::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Served {
    address: std::net::SocketAddr,
    sandbox: Arc<Sandbox>,
    authorization: String,
    _stop: oneshot::Sender<()>,
}

impl Served {
    async fn new(options: Options) -> Self {
        let sandbox = Arc::new(Sandbox::new(options, Box::new(Memory::new())).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&sandbox);
        tokio::spawn(async move {
            serve(listener, served, async { drop(stopped.await) })
                .await
                .unwrap();
        });
        let mut this = Self {
            address,
            sandbox,
            authorization: String::new(),
            _stop: stop,
        };
        let headers = format!("X-Client-Id: {CLIENT_ID}\r\nX-Client-Secret: {CLIENT_SECRET}\r\n");
        let reply = this
            .ask("POST", "/payout/v1/authorize", &headers, "{}")
            .await
            .unwrap();
        let token = body(&reply)["data"]["token"].as_str().unwrap().to_owned();
        this.authorization = format!("Authorization: Bearer {token}\r\n");
        this
    }

    /// Every byte of the reply to one request on a connection of its own.
    async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (authorization, length) = (&self.authorization, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await?;
        Ok(String::from_utf8(reply).unwrap())
    }

    async fn create(&self, id: &str) -> io::Result<String> {
        let expiry = super::super::time::day_text(wall_clock().india_day() + 7);
        let body = json!({
            "cashgramId": id, "amount": "1250.00", "name": "Asha Menon", "phone": "9000000001", "linkExpiry": expiry,
        });
        self.ask(
            "POST",
            "/payout/v1/createCashgram",
            "X-Request-Id: run-7\r\n",
            &body.to_string(),
        )
        .await
    }

    fn ids(&self) -> Vec<String> {
        let cashgrams = self.sandbox.cashgrams(wall_clock()).unwrap();
        cashgrams.into_iter().map(|cashgram| cashgram.id).collect()
    }
}

fn body(reply: &str) -> Value {
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

fn with_faults(plan: &str) -> Options {
    let faults: Plan = plan.parse().unwrap();
    Options {
        faults,
        ..Options::default()
    }
}

#[tokio::test]
async fn a_cashgram_is_created_and_read_over_a_socket() {
    let served = Served::new(Options::default()).await;
    let created = served.create("A").await.unwrap();
    assert!(created.starts_with("HTTP/1.1 200 OK\r\n"), "{created}");
    assert!(created.contains("\r\nx-request-id: run-7\r\n"));
    assert!(created.contains("\r\ndate: "));
    assert_eq!(body(&created)["message"], "Cashgram Created");
    let read = served
        .ask("GET", "/payout/v1/getCashgramStatus?cashgramId=A", "", "")
        .await
        .unwrap();
    assert_eq!(body(&read)["data"]["cashgramStatus"], "ACTIVE");
    assert!(read.contains("\r\nx-request-id: sim-"));
    let books = served.ask("GET", "/__sim/books", "", "").await.unwrap();
    assert_eq!(body(&books)["cashgrams"][0]["cashgramId"], "A");
}

#[tokio::test]
async fn a_lost_reply_leaves_a_closed_connection_and_a_cashgram() {
    let served = Served::new(with_faults("lost-after@A,lost-before@B,reset@R")).await;
    assert_eq!(
        served.create("A").await.unwrap(),
        "",
        "closed before the first byte"
    );
    assert_eq!(served.create("B").await.unwrap(), "");
    let reset = served.create("R").await.unwrap_err();
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(served.ids(), ["A", "R"]);
}

#[tokio::test]
async fn a_cut_reply_ends_in_its_middle_and_a_dripping_one_arrives_whole() {
    let served = Served::new(with_faults("cut@C,drip@D,drip-by=1ms")).await;
    let cut = served.create("C").await.unwrap();
    let (head, part) = cut.split_once("\r\n\r\n").unwrap();
    let length: usize = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(part.len() < length && !part.is_empty(), "{cut}");
    assert_eq!(
        body(&served.create("D").await.unwrap())["message"],
        "Cashgram Created"
    );
    assert_eq!(served.ids(), ["C", "D"]);
}

#[tokio::test]
async fn the_throttle_answers_429_with_its_headers() {
    let served = Served::new(Options {
        rate_limit: Some(1),
        ..Options::default()
    })
    .await;
    let (first, second) = tokio::join!(served.create("A"), served.create("B"));
    let replies = [first.unwrap(), second.unwrap()];
    let refused = replies
        .iter()
        .find(|reply| reply.starts_with("HTTP/1.1 429 "))
        .unwrap();
    assert!(
        refused.contains("\r\nretry-after: 1\r\n")
            && refused.contains("\r\nx-ratelimit-limit: 1\r\n")
    );
    assert_eq!(body(refused)["subCode"], "429");
    assert_eq!(served.ids().len(), 1);
}

#[tokio::test]
async fn a_body_too_large_is_refused() {
    let served = Served::new(Options::default()).await;
    let huge = "x".repeat(BODY_MAX + 1);
    let reply = served
        .ask("POST", "/payout/v1/createCashgram", "", &huge)
        .await
        .unwrap();
    assert!(reply.starts_with("HTTP/1.1 413 "), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_it_stops_though_a_connection_is_open() {
    let sandbox = Arc::new(Sandbox::new(Options::default(), Box::new(Memory::new())).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _open = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    serve(listener, sandbox, async {}).await.unwrap();
}
