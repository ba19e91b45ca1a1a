//! The sandbox in the test's own process, on a loopback port, in a runtime of its own.
//!
//! Deliberately absent: trouble of the wire that a plan cannot word; `raw` has it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use paysheet::sandbox::log::Seen;
use paysheet::sandbox::webhooks::Webhook;
use paysheet::sandbox::{Books, Cashgram, Memory, Moment, Options, Request, Sandbox, http};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The account of every test gateway.
pub(crate) const CLIENT_ID: &str = "CF_IT_CLIENT_4711";
/// Its secret: a word that must turn up nowhere but in the request that needs it.
pub(crate) const CLIENT_SECRET: &str = "canary-secret-8f2b61d09c";

/// Whatever can be talked to and has books.
pub(crate) trait Gateway {
    fn url(&self) -> String;
    /// What stands in its books, by id.
    fn booked(&self) -> Vec<Booked>;
    /// Requests seen so far, authorize included.
    fn asked(&self) -> usize;
}

/// One Cashgram as an auditor reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Booked {
    pub(crate) id: String,
    pub(crate) reference: String,
    pub(crate) link: String,
    pub(crate) status: String,
    /// Paise.
    pub(crate) amount: i64,
    /// As sent.
    pub(crate) phone: String,
    /// Create requests for this id whose body differed from the first.
    pub(crate) other_bodies: usize,
}

/// The sandbox, served.
pub(crate) struct Gate {
    sandbox: Arc<Sandbox>,
    address: std::net::SocketAddr,
    runtime: Option<Runtime>,
}

impl Gate {
    /// As `paysheet sandbox` serves it: links stay ACTIVE, nothing goes wrong.
    pub(crate) fn new() -> Gate {
        Gate::with(|_| {})
    }

    /// With options changed.
    pub(crate) fn with(change: impl FnOnce(&mut Options)) -> Gate {
        Gate::over(Box::new(Memory::new()), change)
    }

    /// Over books of the test's own.
    pub(crate) fn over(books: Box<dyn Books>, change: impl FnOnce(&mut Options)) -> Gate {
        let mut options = Options::default();
        options.rules.client_id = CLIENT_ID.into();
        options.rules.client_secret = CLIENT_SECRET.into();
        change(&mut options);
        let sandbox = Arc::new(Sandbox::new(options, books).expect("a sandbox"));
        let mut gate = Gate {
            sandbox,
            address: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
            runtime: None,
        };
        gate.up();
        gate
    }

    /// Serves, again at the same address if it was down.
    pub(crate) fn up(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind(self.address))
            .expect("a port");
        self.address = listener.local_addr().expect("an address");
        let sandbox = Arc::clone(&self.sandbox);
        runtime.spawn(http::serve(listener, sandbox, std::future::pending()));
        self.runtime = Some(runtime);
    }

    /// Serves at the address of another one, which is gone then.
    pub(crate) fn take_over(&mut self, mut other: Gate) {
        other.down();
        self.down();
        self.address = other.address;
        self.up();
    }

    /// Cuts every connection and refuses new ones. What was done stays done.
    pub(crate) fn down(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(std::time::Duration::from_millis(500));
        }
    }

    /// All Cashgrams.
    pub(crate) fn books(&self) -> Vec<Cashgram> {
        self.sandbox.cashgrams(now()).expect("the books")
    }

    /// All requests, oldest first.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.sandbox.requests()
    }

    /// Requests whose path ends so, such as `createCashgram`.
    pub(crate) fn count(&self, path_end: &str) -> usize {
        let all = self.requests();
        all.iter()
            .filter(|seen| seen.path.ends_with(path_end))
            .count()
    }

    pub(crate) fn creates(&self) -> usize {
        self.count("/createCashgram")
    }

    pub(crate) fn lookups(&self) -> usize {
        self.count("/getCashgramStatus")
    }

    /// What the recipient does: has the link paid out.
    pub(crate) fn redeem(&self, id: &str) {
        self.control("redeem", &json!({"cashgramId": id}));
    }

    /// Has the link paid out to one of the published test accounts.
    pub(crate) fn redeem_to(&self, id: &str, account: &str, ifsc: &str) {
        self.control(
            "redeem",
            &json!({"cashgramId": id, "bankAccount": account, "ifsc": ifsc}),
        );
    }

    pub(crate) fn expire(&self, id: &str) {
        self.control("expire", &json!({"cashgramId": id}));
    }

    pub(crate) fn reverse(&self, id: &str) {
        self.control("reverse", &json!({"cashgramId": id}));
    }

    pub(crate) fn set_balance(&self, rupees: &str) {
        self.control("balance", &json!({"balance": rupees}));
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.control("clock", &json!({"advance_s": seconds}));
    }

    /// Posts events to a receiver from now on.
    pub(crate) fn post_events(&self, url: &str, change: impl FnOnce(&mut Webhook)) {
        let mut webhook = Webhook::new(url).expect("a receiver");
        change(&mut webhook);
        let posting = paysheet::sandbox::webhooks::deliver(Arc::clone(&self.sandbox), webhook);
        let runtime = self.runtime.as_ref().expect("it is up");
        self.sandbox.announce();
        runtime.spawn(posting);
    }

    fn control(&self, name: &str, body: &Value) {
        let (path, body) = (format!("/__sim/{name}"), body.to_string());
        let request = Request {
            method: "POST",
            path: &path,
            body: body.as_bytes(),
            ..Request::default()
        };
        let delivery = self.sandbox.handle(request, now());
        let paysheet::sandbox::Ending::Reply(reply) = delivery.ending else {
            panic!("{path} gave no reply");
        };
        let said = String::from_utf8_lossy(&reply.body);
        assert!(
            reply.status == 200,
            "{path} {body}: {} {said}",
            reply.status
        );
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Gateway for Gate {
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn booked(&self) -> Vec<Booked> {
        let booked = |cashgram: &Cashgram| Booked {
            id: cashgram.id.clone(),
            reference: cashgram.reference.to_string(),
            link: cashgram.link(),
            status: cashgram.status_at(now()).word().to_owned(),
            amount: cashgram.amount,
            phone: cashgram.phone.clone(),
            other_bodies: usize::try_from(cashgram.other_bodies).expect("a count"),
        };
        self.books().iter().map(booked).collect()
    }

    fn asked(&self) -> usize {
        let all = self.requests();
        all.iter()
            .filter(|seen| !seen.path.starts_with("/__sim/"))
            .count()
    }
}

fn now() -> Moment {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    Moment::from_micros(i64::try_from(since.as_micros()).expect("a clock before 294000"))
}
