//! The sandbox in a process of its own, and what it saw.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use paysheet::sandbox::{CLIENT_ID, CLIENT_SECRET};
use serde_json::Value;

use crate::program::{cpu_of, paysheet};

/// A served sandbox; it ends with this value.
pub(crate) struct Gateway {
    child: Child,
    address: String,
}

/// One request as the gateway saw it.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) at_us: i64,
    pub(crate) operation: String,
    pub(crate) status: u64,
}

impl Gateway {
    /// Serves with more options.
    pub(crate) fn start(folder: &Path, options: &[&str]) -> Gateway {
        let mut child = paysheet(folder)
            .args(["sandbox", "--listen", "127.0.0.1:0"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut greeting)
            .unwrap();
        let address = greeting
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split(": ").next());
        Gateway {
            address: address
                .expect("the sandbox says where it listens")
                .to_owned(),
            child,
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Time it has used on a core.
    pub(crate) fn cpu(&self) -> Duration {
        cpu_of(&self.child)
    }

    /// `paysheet send SHEET` to this gateway, as fast as it goes unless `options` say otherwise.
    pub(crate) fn send(&self, sheet: &Path, options: &[&str]) -> Command {
        let mut command = paysheet(sheet.parent().unwrap());
        command
            .arg("send")
            .arg(sheet)
            .args([
                "--env",
                "test",
                "--yes",
                "--json",
                "--base-url",
                &self.url(),
            ])
            .args(options)
            .env("CASHFREE_CLIENT_ID", CLIENT_ID)
            .env("CASHFREE_CLIENT_SECRET", CLIENT_SECRET);
        command
    }

    /// Every request so far, in order of arrival.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        let log: Value = serde_json::from_slice(&self.get("/__sim/requests")).unwrap();
        assert_eq!(log["dropped"], 0, "the sandbox forgot some requests");
        let mut arrivals: Vec<Arrival> = log["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(arrival)
            .collect();
        arrivals.sort_by_key(|arrival| arrival.at_us);
        arrivals
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let end = reply
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        reply.split_off(end + 4)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn arrival(seen: &Value) -> Arrival {
    Arrival {
        at_us: seen["at_us"].as_i64().unwrap(),
        operation: seen["operation"].as_str().unwrap_or_default().to_owned(),
        status: seen["status"].as_u64().unwrap_or(0),
    }
}

/// When the creates among `arrivals` arrived.
pub(crate) fn creates(arrivals: &[Arrival]) -> Vec<i64> {
    let creates = arrivals
        .iter()
        .filter(|arrival| arrival.operation == "create");
    creates.map(|arrival| arrival.at_us).collect()
}

/// From the first to the last.
pub(crate) fn span(at_us: &[i64]) -> Duration {
    let (first, last) = (at_us.first().unwrap(), at_us.last().unwrap());
    Duration::from_micros(u64::try_from(last - first).unwrap())
}
