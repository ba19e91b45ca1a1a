//! What the facts of a payout have left behind besides its state: flags, and how they are stored.
//!
//! Deliberately absent: what may follow what (the parent and `wish`).

/// What earlier attempts of an id have left behind. Every flag only ever says more, except `throttled` and
/// `refused`, which a look-up that finds nothing may settle, `cancelling` and `closing`, which the gateway's answer settles, and
/// `dead`, `proven_dead` and `lost`, which follow the newest look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// A request has left and its reply is not recorded. A crash leaves exactly this.
    pub in_flight: bool,
    /// Some attempt may have created the Cashgram without our knowing. Never cleared.
    pub doubt: bool,
    /// Some attempt may have been acted on: it was neither provably unsent nor turned away at the door.
    pub reached: bool,
    /// `reached` as it was before the request in flight.
    pub reached_before: bool,
    /// Attempts that may have been acted on had different terms.
    pub mixed: bool,
    /// A 429 was answered since a look-up last found nothing.
    pub throttled: bool,
    /// Refused, but only a look-up that finds nothing proves it, since an earlier attempt was throttled.
    pub refused: bool,
    /// The gateway has said that the id exists.
    pub exists: bool,
    /// The user wants it stopped, and whether it can be is not known yet.
    pub cancelling: bool,
    /// The newest status says that the link is dead.
    pub dead: bool,
    /// So did an earlier one, long enough before.
    pub proven_dead: bool,
    /// It was found at the gateway and taken for this batch's own.
    pub adopted: bool,
    /// Another generation has taken its place.
    pub replaced: bool,
    /// The newest look-up says that the gateway does not know the link that it had confirmed.
    pub lost: bool,
    /// It is to be stopped, and was not named: the whole batch was closed. Opened again, that is taken back.
    pub closing: bool,
    /// It was cancelled before anything of it was made, and is to be paid after all; or it was refused to a checkpoint that
    /// was lost. Nothing was sent of it here, and it has a history all the same.
    pub resumed: bool,
}

impl History {
    const FLAGS: usize = 16;
    /// The bit of `exists`, for queries.
    pub const EXISTS: u16 = 1 << 7;
    /// The bit of `cancelling`, for queries.
    pub const CANCELLING: u16 = 1 << 8;
    /// The bit of `dead`, for queries.
    pub const DEAD: u16 = 1 << 9;
    /// The bit of `proven_dead`, for queries.
    pub const PROVEN_DEAD: u16 = 1 << 10;
    /// The bit of `adopted`, for queries.
    pub const ADOPTED: u16 = 1 << 11;
    /// The bit of `replaced`, for queries.
    pub const REPLACED: u16 = 1 << 12;
    /// The bit of `lost`, for queries.
    pub const LOST: u16 = 1 << 13;
    /// The bit of `closing`, for queries.
    pub const CLOSING: u16 = 1 << 14;
    /// The bit of `resumed`, for queries.
    pub const RESUMED: u16 = 1 << 15;

    fn flags(self) -> [bool; History::FLAGS] {
        [
            self.in_flight,
            self.doubt,
            self.reached,
            self.reached_before,
            self.mixed,
            self.throttled,
            self.refused,
            self.exists,
            self.cancelling,
            self.dead,
            self.proven_dead,
            self.adopted,
            self.replaced,
            self.lost,
            self.closing,
            self.resumed,
        ]
    }

    /// One bit a flag, in the order of the fields: what the checkpoint stores.
    pub fn bits(self) -> u16 {
        self.flags()
            .into_iter()
            .rev()
            .fold(0, |bits, flag| (bits << 1) | u16::from(flag))
    }

    /// The inverse of [`History::bits`].
    pub fn from_bits(bits: u16) -> History {
        let flag = |place: u16| bits & (1 << place) != 0;
        History {
            in_flight: flag(0),
            doubt: flag(1),
            reached: flag(2),
            reached_before: flag(3),
            mixed: flag(4),
            throttled: flag(5),
            refused: flag(6),
            exists: flag(7),
            cancelling: flag(8),
            dead: flag(9),
            proven_dead: flag(10),
            adopted: flag(11),
            replaced: flag(12),
            lost: flag(13),
            closing: flag(14),
            resumed: flag(15),
        }
    }
}
