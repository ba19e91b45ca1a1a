//! PURE. What becomes of links by themselves: who redeems, when, and what goes wrong with it.
//!
//! A link's fate is drawn from the seed and its id, so that the same sheet under the same seed lives the same life.
//! Deliberately absent: money (whether a redemption finds its balance is the bank's business) and the date on which
//! an unredeemed link dies (that is the link's own, not chance).

use super::cashgram::{Script, Status, Step};
use super::chance::{self, WHOLE};
use super::time::Moment;
use super::units::{Between, Share, Span};

/// What [`Life::tuned`] knows, each with what it means.
pub const LINKS: [(&str, &str); 7] = [
    (
        "redeem=SHARE",
        "links that get redeemed, such as redeem=60%",
    ),
    (
        "after=TIME",
        "how long after creation, such as after=1s..4s",
    ),
    (
        "confirm=TIME",
        "how long the bank takes then: PENDING meanwhile",
    ),
    ("fail=SHARE", "links whose redemption fails for good"),
    ("expire=SHARE", "links whose recipient uses up all attempts"),
    (
        "reverse=SHARE",
        "of the redeemed, those that the bank returns",
    ),
    ("reverse-after=TIME", "how long after the redemption"),
];

/// How links live. The shares of redeemed, failed and expired links together are at most all of them: what is over
/// the whole falls off the end, in the order failed, expired, redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Links that get redeemed.
    pub redeem: Share,
    /// How long after creation the recipient acts.
    pub after: Between,
    /// How long the bank takes to confirm; zero: a link is never seen `PENDING`.
    pub confirm: Span,
    /// Links whose redemption fails for good.
    pub fail: Share,
    /// Links whose recipient uses up all attempts.
    pub expire: Share,
    /// Of the redeemed, those that the bank returns.
    pub reverse: Share,
    /// How long after the redemption it does.
    pub reverse_after: Between,
}

impl Life {
    /// Links stay as they are until somebody acts on them.
    pub const STILL: Self = Self {
        redeem: Share::NONE,
        after: Between {
            from: Span::ZERO,
            to: Span::ZERO,
        },
        confirm: Span::ZERO,
        fail: Share::NONE,
        expire: Share::NONE,
        reverse: Share::NONE,
        reverse_after: Between {
            from: Span::ZERO,
            to: Span::ZERO,
        },
    };

    /// Most links are redeemed within seconds, some stay, a few go wrong: a rehearsal in which a sweep shows life.
    pub const LIVELY: Self = Self {
        redeem: Share::percent(80),
        after: Between {
            from: Span::seconds(1),
            to: Span::seconds(10),
        },
        confirm: Span::millis(500),
        fail: Share::percent(1),
        expire: Share::percent(1),
        reverse: Share::percent(1),
        reverse_after: Between {
            from: Span::seconds(20),
            to: Span::seconds(40),
        },
    };

    /// The same life, but for what `text` says: `redeem=60%,after=1s..10s,confirm=500ms,fail=1%,expire=1%,reverse=1%,
    /// reverse-after=20s..40s`, any of them.
    ///
    /// # Errors
    ///
    /// A sentence that names the part and what is known.
    pub fn tuned(mut self, text: &str) -> Result<Self, String> {
        for part in text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not NAME=VALUE"))?;
            match name {
                "redeem" => self.redeem = value.parse()?,
                "after" => self.after = value.parse()?,
                "confirm" => self.confirm = value.parse()?,
                "fail" => self.fail = value.parse()?,
                "expire" => self.expire = value.parse()?,
                "reverse" => self.reverse = value.parse()?,
                "reverse-after" => self.reverse_after = value.parse()?,
                other => {
                    let known = LINKS.map(|(known, _)| known.split('=').next().unwrap_or(known));
                    let known = known.join(", ");
                    return Err(format!("links do not know `{other}`; they know {known}"));
                }
            }
        }
        Ok(self)
    }

    /// The future of link `id`, created at `created` and dead by its date from `expires` on.
    pub fn script(&self, seed: u64, id: &str, created: Moment, expires: Moment) -> Script {
        let after = self.after.pick(seed, "redeem-after", id.as_bytes());
        let acts = created.plus_micros(after.signed());
        let confirmed = acts.plus_micros(self.confirm.signed());
        let step = |at, to| Step { at, to };
        let pending = (self.confirm > Span::ZERO).then_some(step(acts, Status::Pending));
        let steps = match self.fate(seed, id) {
            _ if acts >= expires => Vec::new(),
            Fate::Stays => Vec::new(),
            Fate::UsesUpAttempts => vec![step(acts, Status::Expired)],
            Fate::Fails => pending
                .into_iter()
                .chain([step(confirmed, Status::Failed)])
                .collect(),
            Fate::Redeems => pending
                .into_iter()
                .chain([step(confirmed, Status::Redeemed)])
                .collect(),
            Fate::ComesBack => {
                let back = self
                    .reverse_after
                    .pick(seed, "reverse-after", id.as_bytes());
                let reversed = step(confirmed.plus_micros(back.signed()), Status::Reversed);
                pending
                    .into_iter()
                    .chain([step(confirmed, Status::Redeemed), reversed])
                    .collect()
            }
        };
        Script(steps)
    }

    /// Draws what becomes of link `id`.
    fn fate(&self, seed: u64, id: &str) -> Fate {
        let parts = |share: Share| u64::from(share.parts_per_million());
        let drawn = chance::below(seed, "fate", id.as_bytes(), WHOLE);
        let fails = parts(self.fail);
        let expires = fails.saturating_add(parts(self.expire));
        let redeems = expires.saturating_add(parts(self.redeem));
        let comes_back =
            chance::below(seed, "comes-back", id.as_bytes(), WHOLE) < parts(self.reverse);
        match drawn {
            drawn if drawn < fails => Fate::Fails,
            drawn if drawn < expires => Fate::UsesUpAttempts,
            drawn if drawn < redeems && comes_back => Fate::ComesBack,
            drawn if drawn < redeems => Fate::Redeems,
            _ => Fate::Stays,
        }
    }
}

/// What becomes of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    Redeems,
    ComesBack,
    Fails,
    UsesUpAttempts,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Moment = Moment::from_micros(i64::MAX);

    fn ends(life: Life, id: &str) -> Vec<Status> {
        let script = life.script(1, id, Moment::from_micros(0), FAR);
        script.0.iter().map(|step| step.to).collect()
    }

    #[test]
    fn a_still_life_has_no_future() {
        assert!(ends(Life::STILL, "A").is_empty());
    }

    #[test]
    fn each_share_has_its_path() {
        let still = Life {
            confirm: Span::millis(5),
            ..Life::STILL
        };
        use Status::{Expired, Failed, Pending, Redeemed, Reversed};
        assert_eq!(
            ends(
                Life {
                    redeem: Share::ALL,
                    ..still
                },
                "A"
            ),
            [Pending, Redeemed]
        );
        assert_eq!(
            ends(
                Life {
                    fail: Share::ALL,
                    ..still
                },
                "A"
            ),
            [Pending, Failed]
        );
        assert_eq!(
            ends(
                Life {
                    expire: Share::ALL,
                    ..still
                },
                "A"
            ),
            [Expired]
        );
        let returned = Life {
            redeem: Share::ALL,
            reverse: Share::ALL,
            ..still
        };
        assert_eq!(ends(returned, "A"), [Pending, Redeemed, Reversed]);
        assert_eq!(
            ends(
                Life {
                    redeem: Share::ALL,
                    ..Life::STILL
                },
                "A"
            ),
            [Redeemed]
        );
    }

    #[test]
    fn a_lively_sheet_is_mostly_redeemed_within_eleven_seconds() {
        let count = |wanted: Option<Status>| {
            let ids = (0..1_000).map(|n| format!("JUNE_{n}"));
            ids.filter(|id| ends(Life::LIVELY, id).last().copied() == wanted)
                .count()
        };
        assert!((740..860).contains(&count(Some(Status::Redeemed))));
        assert!((120..240).contains(&count(None)));
        assert!(count(Some(Status::Failed)) > 0 && count(Some(Status::Expired)) > 0);
        let latest = |id: &str| {
            Life::LIVELY
                .script(1, id, Moment::from_micros(0), FAR)
                .0
                .first()
                .map(|s| s.at)
        };
        assert!(
            (0..1_000)
                .filter_map(|n| latest(&format!("JUNE_{n}")))
                .all(|at| at.micros() <= 10_500_000)
        );
    }

    #[test]
    fn nobody_redeems_a_link_after_its_date() {
        let life = Life {
            redeem: Share::ALL,
            after: "5s".parse().unwrap(),
            ..Life::STILL
        };
        let script = life.script(
            1,
            "A",
            Moment::from_micros(0),
            Moment::from_micros(4_000_000),
        );
        assert_eq!(script, Script::default());
    }
}
