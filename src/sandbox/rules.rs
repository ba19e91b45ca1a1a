//! The rules of one account: what can be chosen about the bank, because accounts differ or sources disagree.
//!
//! Deliberately absent: anything about HTTP, faults or speed. That is how the gateway is reached, not what it is.

use super::fields::Limits;
use super::life::Life;
use super::signature::SignatureKey;
use super::units::Span;
use std::str::FromStr;

/// When money is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BalanceRule {
    /// Creating never looks at the balance.
    Free,
    /// A single amount above the available balance is refused; open links hold nothing.
    Single,
    /// Open links hold their amounts until they end.
    Hold,
}

impl FromStr for BalanceRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::Free),
            "single" => Ok(Self::Single),
            "hold" => Ok(Self::Hold),
            other => Err(format!(
                "there is no balance rule `{other}`; the rules are none, single, hold"
            )),
        }
    }
}

/// How a status reply is shaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusShape {
    /// With reference, id and link.
    New,
    /// Status and reason alone, as older samples show.
    Old,
}

impl FromStr for StatusShape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "new" => Ok(Self::New),
            "old" => Ok(Self::Old),
            other => Err(format!(
                "there is no status shape `{other}`; the shapes are new, old"
            )),
        }
    }
}

/// The rules of one account.
#[derive(Clone)]
pub struct Rules {
    /// `X-Client-Id` that is accepted.
    pub client_id: String,
    /// `X-Client-Secret` that is accepted.
    pub client_secret: String,
    /// With a key, authorize demands `X-Cf-Signature`.
    pub signature: Option<SignatureKey>,
    /// How long a token lives.
    pub token_life: Span,
    /// Paise in the account when its books are first opened.
    pub opening_balance: i64,
    /// When money is asked for.
    pub balance_rule: BalanceRule,
    /// The account's own limits.
    pub limits: Limits,
    /// The status word of a deactivated link.
    pub deactivated_word: String,
    /// How a status reply is shaped.
    pub status_shape: StatusShape,
    /// 404, or 422 as some documents file the same refusal.
    pub unknown_id_code: u16,
    /// What links do by themselves.
    pub life: Life,
    /// How long a new link is not yet found by a status request.
    pub missing_for: Span,
    /// Where chance comes from.
    pub seed: u64,
}

impl std::fmt::Debug for Rules {
    /// Without the secret: even a published one does not belong in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            client_id,
            balance_rule,
            life,
            seed,
            ..
        } = self;
        write!(
            f,
            "Rules({client_id}, {balance_rule:?}, {life:?}, seed {seed}, ..)"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_rules_are_few_and_a_wrong_one_names_them() {
        assert_eq!("none".parse(), Ok(BalanceRule::Free));
        assert_eq!("hold".parse(), Ok(BalanceRule::Hold));
        assert_eq!("old".parse(), Ok(StatusShape::Old));
        assert!(
            "free"
                .parse::<BalanceRule>()
                .unwrap_err()
                .ends_with("none, single, hold")
        );
        assert!(
            "both"
                .parse::<StatusShape>()
                .unwrap_err()
                .ends_with("new, old")
        );
    }
}
