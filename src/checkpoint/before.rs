//! Cashgrams of a lost checkpoint that no row of the sheet goes on with, taken over as its results told of them: the gateway
//! does not list what it has, so nothing else would remember them.
//!
//! Deliberately absent: reading the results, and anything that a row still goes on with, which is found at the gateway.

use crate::domain::claims::Left;
use crate::domain::{Fact, Life, Standing, State, Status, StatusClass};

use super::error::Error;
use super::intake::Intake;
use super::schema::write;
use super::seal;
use super::store::{class_code, state_code};

/// One of them. Texts are blank where nothing is told; times are milliseconds since 1970 UTC.
#[derive(Clone, Debug)]
pub struct MadeBefore {
    /// Its id.
    pub cashgram_id: String,
    /// Which payout it was.
    pub left: Left,
    /// Whether it had been cancelled.
    pub stopped: bool,
    /// Payee.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// The gateway's reference.
    pub reference: String,
    /// The link.
    pub link: String,
    /// Where it stood at the gateway.
    pub status: Option<Status>,
    /// The gateway's reason.
    pub reason: String,
    /// Bank reference.
    pub utr: String,
    /// Code of the last refusal or doubt.
    pub error_code: String,
    /// Its words.
    pub error_message: String,
    /// When it was confirmed.
    pub created_at: Option<i64>,
    /// When its status was last asked for.
    pub checked_at: Option<i64>,
}

impl MadeBefore {
    fn class(&self) -> Option<StatusClass> {
        self.status.as_ref().map(|status| status.class)
    }

    fn fact(&self) -> Fact {
        Fact::MadeBefore {
            stopped: self.stopped,
            replaced: self.left.is_replaced,
            life: self.class().map_or(Life::Unsaid, Life::from),
        }
    }

    fn detail(&self) -> String {
        serde_json::json!({
            "stopped": self.stopped, "replaced": self.left.is_replaced,
            "status": self.status.as_ref().map(|status| status.word.as_str()),
            "class": self.class().map(class_code),
            "reference": text(&self.reference), "link": text(&self.link),
            "reason": text(&self.reason), "utr": text(&self.utr),
        })
        .to_string()
    }
}

/// Nothing where it is blank.
fn text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

const PLACE: &str = "INSERT INTO payouts (cashgram_id, own_id, occurrence, generation, name, phone, email, amount,
        link_expiry, remarks, payout_type, description, cells, state, attempts, history, reference_id, cashgram_link,
        status, status_class, status_reason, utr, error_code, error_message, created_at, checked_at, sheet_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '', '', '', '', '[]', ?9, 0, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
        ?19, ?20, ?21)";

impl Intake<'_> {
    /// Takes over one Cashgram of a lost checkpoint, unless it is known. After all rows: what one of them goes on with is
    /// known by then.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded, or two rows would have one id.
    pub fn take_over(&mut self, made: &MadeBefore) -> Result<(), Error> {
        self.index()?;
        let standing = Standing::fresh(State::Ready).after(made.fact())?;
        self.place_made(made, &standing)
            .map_err(|e| write(self.path, e))
    }

    fn place_made(&self, made: &MadeBefore, standing: &Standing) -> rusqlite::Result<()> {
        let tx = &self.tx;
        if tx
            .prepare_cached("SELECT 1 FROM payouts WHERE cashgram_id = ?1")?
            .exists([&made.cashgram_id])?
        {
            return Ok(());
        }
        let (left, own) = (&made.left, made.left.own.as_ref());
        let payout = tx.prepare_cached(PLACE)?.insert(rusqlite::params![
            made.cashgram_id,
            own.is_some(),
            left.occurrence,
            left.generation,
            made.name,
            left.key.phone,
            made.email,
            left.key.amount,
            state_code(standing.state),
            standing.history.bits(),
            text(&made.reference),
            text(&made.link),
            made.status.as_ref().map(|status| status.word.as_str()),
            made.class().map(class_code),
            text(&made.reason),
            text(&made.utr),
            text(&made.error_code),
            text(&made.error_message),
            made.created_at,
            made.checked_at,
            own.map(|own| own.as_str()),
        ])?;
        tx.prepare_cached(seal::SEAL_ONE)?.execute([payout])?;
        tx.prepare_cached(
            "INSERT INTO facts (payout, at, kind, detail) VALUES (?1, ?2, 'made_before', ?3)",
        )?
        .execute((payout, self.at_ms, made.detail()))?;
        Ok(())
    }
}
