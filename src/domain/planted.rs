//! Mistakes that the tests of the tests plant, one at a time: each must be caught by the simulation (`tests/sim`).
//!
//! Without the feature `planted`, which no build for users has, none can be made: [`is`] is then a constant, and what
//! hangs on it is not compiled in. Deliberately absent: anything that a mistake needs beyond a line where it is made.

/// A mistake that a payer of batches might make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// No answer is taken for a refusal.
    TimeoutIsFailure,
    /// An answer of the 5xx kind is taken for a refusal.
    ErrorIsFailure,
    /// A 404 is taken for proof that nothing exists.
    MissingIsProof,
    /// A 409 is taken for a refusal.
    DuplicateIsFailure,
    /// After a 404 the row is sent under another id.
    NewIdAfterMissing,
    /// The request leaves before its record is on disk.
    SendBeforeDurable,
    /// A refusal counts although an earlier attempt is in doubt.
    RejectedAfterDoubt,
    /// What an earlier run left in doubt is sent again under another id.
    FreshIdsOnResume,
    /// The body is made anew for each attempt.
    BodyChangedOnResend,
    /// A 429's wait holds nobody back.
    RetryAfterIgnored,
    /// The rate is not held.
    RateIgnored,
    /// Repeats are not counted.
    BudgetIgnored,
    /// A created payout of which a sweep finds nothing is in doubt again.
    CreatedForgotten,
    /// SUCCESS counts without reference and link.
    SuccessWithoutReceipt,
    /// A payout that moves is counted where it was, too.
    CountedTwice,
    /// What a lost checkpoint had cancelled is sent.
    CancelForgottenAfterLoss,
    /// A dead link that a lost checkpoint had cancelled is adopted like any.
    StoppedLinkIsAnyAfterLoss,
    /// After a loss a row goes on with its first id, not with that of the link that took a dead one's place.
    GenerationForgottenAfterLoss,
    /// After a loss a cancel takes for never made what was not sent from here.
    UnsentIsNeverMade,
    /// A link that is seen dead once is replaced.
    OneLookIsProof,
    /// A link is stopped before the wish to stop it is on disk.
    StopBeforeDurable,
    /// Opening a batch takes back also what was cancelled by name.
    ReopenUndoesNamed,
    /// A row that was sent may leave the sheet.
    SentRowMayLeave,
    /// Two processes work on one checkpoint (planted by the simulation, which has no lock).
    SecondWriter,
}

impl Mistake {
    /// All of them.
    pub const ALL: [Mistake; 24] = [
        Mistake::TimeoutIsFailure,
        Mistake::ErrorIsFailure,
        Mistake::MissingIsProof,
        Mistake::DuplicateIsFailure,
        Mistake::NewIdAfterMissing,
        Mistake::SendBeforeDurable,
        Mistake::RejectedAfterDoubt,
        Mistake::FreshIdsOnResume,
        Mistake::BodyChangedOnResend,
        Mistake::RetryAfterIgnored,
        Mistake::RateIgnored,
        Mistake::BudgetIgnored,
        Mistake::CreatedForgotten,
        Mistake::SuccessWithoutReceipt,
        Mistake::CountedTwice,
        Mistake::CancelForgottenAfterLoss,
        Mistake::StoppedLinkIsAnyAfterLoss,
        Mistake::GenerationForgottenAfterLoss,
        Mistake::UnsentIsNeverMade,
        Mistake::OneLookIsProof,
        Mistake::StopBeforeDurable,
        Mistake::ReopenUndoesNamed,
        Mistake::SentRowMayLeave,
        Mistake::SecondWriter,
    ];
}

/// Whether `mistake` is planted in this thread.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is(_mistake: Mistake) -> bool {
    false
}

#[cfg(feature = "planted")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Mistake>> = const { std::cell::Cell::new(None) };
}

/// Whether `mistake` is planted in this thread.
#[cfg(feature = "planted")]
pub fn is(mistake: Mistake) -> bool {
    PLANTED.get() == Some(mistake)
}

/// Plants `mistake` in this thread, in place of any before.
#[cfg(feature = "planted")]
pub fn plant(mistake: Option<Mistake>) {
    PLANTED.set(mistake);
}
