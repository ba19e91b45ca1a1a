//! The sandbox through its public face, without a socket: what a client would see.

use super::*;
use serde_json::{Value, json};

mod life;
mod rules;
mod trouble;

/// 2026-11-01, noon UTC.
const NOON: Moment = Moment::from_micros(1_793_534_400_000_000);

/// A client without a socket.
struct Client {
    sandbox: Sandbox,
    now: Moment,
    authorization: String,
}

impl Client {
    fn new(options: Options) -> Self {
        let sandbox = Sandbox::new(options, Box::new(Memory::new())).unwrap();
        let mut client = Self {
            sandbox,
            now: NOON,
            authorization: String::new(),
        };
        client.login();
        client
    }

    fn login(&mut self) {
        let (status, body) = self.send(Request {
            method: "POST",
            path: "/payout/v1/authorize",
            client_id: Some(CLIENT_ID),
            client_secret: Some(CLIENT_SECRET),
            ..Request::default()
        });
        assert_eq!((status, &body["message"]), (200, &json!("Token generated")));
        self.authorization = format!("Bearer {}", body["data"]["token"].as_str().unwrap());
    }

    fn deliver(&self, request: Request<'_>) -> Delivery {
        self.sandbox.handle(request, self.now)
    }

    fn reply(&self, request: Request<'_>) -> Reply {
        let delivery = self.deliver(request);
        let Ending::Reply(reply) = delivery.ending else {
            panic!("no reply: {delivery:?}");
        };
        reply
    }

    /// HTTP status and JSON body.
    fn send(&self, request: Request<'_>) -> (u16, Value) {
        let reply = self.reply(request);
        (
            reply.status,
            serde_json::from_slice(&reply.body).unwrap_or(Value::Null),
        )
    }

    fn call(&self, method: &str, path: &str, query: &str, body: &str) -> (u16, Value) {
        let authorization = Some(self.authorization.as_str());
        self.send(Request {
            method,
            path,
            query,
            authorization,
            body: body.as_bytes(),
            ..Request::default()
        })
    }

    /// What a create request comes to.
    fn delivery(&self, id: &str) -> Delivery {
        let body = body(id).to_string();
        self.deliver(Request {
            method: "POST",
            path: "/payout/v1/createCashgram",
            authorization: Some(&self.authorization),
            body: body.as_bytes(),
            ..Request::default()
        })
    }

    fn create(&self, id: &str) -> Value {
        self.call(
            "POST",
            "/payout/v1/createCashgram",
            "",
            &body(id).to_string(),
        )
        .1
    }

    fn status(&self, id: &str) -> Value {
        self.call(
            "GET",
            "/payout/v1/getCashgramStatus",
            &format!("cashgramId={id}"),
            "",
        )
        .1
    }

    /// The status word, or the sub-code of a refusal.
    fn word(&self, id: &str) -> String {
        let reply = self.status(id);
        let word = reply["data"]["cashgramStatus"].as_str();
        word.or(reply["subCode"].as_str())
            .unwrap_or_default()
            .to_owned()
    }

    fn deactivate(&self, id: &str) -> Value {
        let body = json!({"cashgramId": id}).to_string();
        self.call("POST", "/payout/v1/deactivateCashgram", "", &body)
            .1
    }

    fn balance(&self) -> (String, String) {
        let data = self.call("GET", "/payout/v1/getBalance", "", "").1["data"].clone();
        let text = |key: &str| data[key].as_str().unwrap().to_owned();
        (text("balance"), text("availableBalance"))
    }

    fn control(&self, name: &str, body: &Value) -> (u16, Value) {
        let method = if body.is_null() { "GET" } else { "POST" };
        self.call(method, &format!("/__sim/{name}"), "", &body.to_string())
    }

    fn wait(&mut self, seconds: i64) {
        self.now = self.now.plus_micros(seconds * 1_000_000);
    }
}

fn body(id: &str) -> Value {
    json!({
        "cashgramId": id, "amount": "1250.00", "name": "Asha Menon", "phone": "9000000001",
        "email": "asha.menon@example.com", "linkExpiry": "2026/11/30", "remarks": "October incentive",
        "notifyCustomer": 1, "payoutType": "Incentive",
    })
}

fn with_faults(plan: &str) -> Options {
    Options {
        faults: plan.parse().unwrap(),
        ..Options::default()
    }
}
