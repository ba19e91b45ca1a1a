//! Posts the bank's events to a receiver on this machine, as Cashfree does to a merchant's: at least once, again while
//! the answer is not 200, in no certain order. And what goes wrong with that, by plan and by seed.
//!
//! Deliberately absent: receivers elsewhere (a rehearsal's events are signed with a secret that guards nothing, but no
//! simulator should call strangers), and any memory beyond this process: what was not delivered at its end is lost, as
//! after Cashfree's last try.

use super::chance::{self, WHOLE};
use super::notice::{Form, Notice};
use super::units::Share;
use super::{Sandbox, http};
use reqwest::Url;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How often links are looked at for what they have become by themselves.
const TICK: Duration = Duration::from_millis(50);
/// Waits before the 2nd, 3rd ... try. Cashfree's own timetable is not published.
const RETRY: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_secs(30),
];
/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Deliveries at once.
const CONCURRENCY: usize = 16;
/// How long a reordered event is held back: later ones overtake it.
const HELD_BACK: Duration = Duration::from_millis(700);

/// What goes wrong with deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Delivered twice.
    pub duplicate: Share,
    /// Held back, so that later ones overtake it.
    pub reorder: Share,
    /// Never delivered.
    pub lose: Share,
}

impl Trouble {
    /// None.
    pub const NONE: Self = Self {
        duplicate: Share::NONE,
        reorder: Share::NONE,
        lose: Share::NONE,
    };
}

impl std::str::FromStr for Trouble {
    type Err = String;

    /// `duplicate=10%,reorder=20%,lose=1%`, any of them.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut trouble = Self::NONE;
        for part in text.split(',').map(str::trim) {
            let (name, share) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not NAME=SHARE"))?;
            let share = share.parse()?;
            match name {
                "duplicate" => trouble.duplicate = share,
                "reorder" => trouble.reorder = share,
                "lose" => trouble.lose = share,
                other => {
                    return Err(format!(
                        "`{other}` is not one of duplicate, reorder and lose"
                    ));
                }
            }
        }
        Ok(trouble)
    }
}

/// Where events go, and how.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The receiver: on this machine.
    url: Url,
    /// How they are written.
    pub form: Form,
    /// What goes wrong.
    pub trouble: Trouble,
}

impl Webhook {
    /// A receiver at `url`.
    ///
    /// # Errors
    ///
    /// An address that is none, or is not on this machine.
    pub fn new(url: &str) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|_| format!("`{url}` is not an address"))?;
        let local = match url.host_str() {
            Some("localhost") => true,
            Some(host) => host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback()),
            None => false,
        };
        if url.scheme() != "http" || !local {
            return Err("events go to http:// addresses of this machine only".to_owned());
        }
        Ok(Self {
            url,
            form: Form::default(),
            trouble: Trouble::NONE,
        })
    }
}

/// Posts events until dropped.
///
/// # Errors
///
/// If no HTTP client can be made.
pub async fn deliver(sandbox: Arc<Sandbox>, webhook: Webhook) -> Result<(), reqwest::Error> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let post = Arc::new(Post {
        client,
        webhook,
        secret: sandbox.secret(),
        seed: sandbox.seed(),
        places: Semaphore::new(CONCURRENCY),
    });
    sandbox.announce();
    let mut number: u64 = 0;
    loop {
        // Books that cannot be read say so to whoever asks the bank.
        for notice in sandbox.notices(http::wall_clock()).unwrap_or_default() {
            number = number.saturating_add(1);
            tokio::spawn(Arc::clone(&post).carry(notice, number));
        }
        tokio::time::sleep(TICK).await;
    }
}

struct Post {
    client: reqwest::Client,
    webhook: Webhook,
    secret: String,
    seed: u64,
    places: Semaphore,
}

impl Post {
    async fn carry(self: Arc<Self>, notice: Notice, number: u64) {
        let trouble = self.webhook.trouble;
        if self.strikes("lose-event", trouble.lose, number) {
            return;
        }
        if self.strikes("reorder-event", trouble.reorder, number) {
            tokio::time::sleep(HELD_BACK).await;
        }
        let twice = self.strikes("duplicate-event", trouble.duplicate, number);
        for _ in 0..=u8::from(twice) {
            self.until_taken(&notice).await;
        }
    }

    fn strikes(&self, purpose: &str, share: Share, number: u64) -> bool {
        let drawn = chance::below(self.seed, purpose, &number.to_le_bytes(), WHOLE);
        drawn < u64::from(share.parts_per_million())
    }

    async fn until_taken(&self, notice: &Notice) {
        for wait in RETRY {
            if self.is_taken(notice).await {
                return;
            }
            tokio::time::sleep(wait).await;
        }
        self.is_taken(notice).await;
    }

    /// Anything but 200 is a failure.
    async fn is_taken(&self, notice: &Notice) -> bool {
        // The semaphore is never closed.
        let _place = self.places.acquire().await;
        let (kind, body) = notice.body(self.webhook.form, &self.secret);
        let request = self
            .client
            .post(self.webhook.url.clone())
            .header("content-type", kind)
            .body(body);
        let reply = request.send().await;
        reply.is_ok_and(|reply| reply.status().as_u16() == 200)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_are_on_this_machine() {
        for good in [
            "http://127.0.0.1:8910/x",
            "http://localhost:1",
            "http://[::1]:8910/",
        ] {
            assert!(Webhook::new(good).is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1/",
            "https://127.0.0.1/",
            "http://example.com",
            "127.0.0.1:8910",
            "",
            "http://localhost.example",
        ] {
            assert!(Webhook::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn trouble_in_words() {
        let trouble: Trouble = "duplicate=10%, lose=1%".parse().unwrap();
        assert_eq!(trouble.duplicate, Share::percent(10));
        assert_eq!(
            (trouble.lose, trouble.reorder),
            (Share::percent(1), Share::NONE)
        );
        for bad in ["", "duplicate", "eat=1%", "lose=x"] {
            assert!(bad.parse::<Trouble>().is_err(), "{bad}");
        }
    }
}
