//! Chance that can be had again: every draw is a pure function of a seed, a purpose and a key.
//!
//! Deliberately absent: a generator with a state. Draws keyed by what they decide do not change when an unrelated
//! request is added before them, so a run can be cut short and its rest is still the same.

/// Parts in a whole: shares are integers of a millionth.
pub(super) const WHOLE: u64 = 1_000_000;

/// A draw over the whole range of `u64`: FNV-1a over the key, then the finalizer of splitmix64.
pub(super) fn draw(seed: u64, purpose: &str, key: &[u8]) -> u64 {
    let bytes = seed.to_le_bytes();
    let stream = bytes
        .iter()
        .chain(purpose.as_bytes())
        .chain(&[0xff])
        .chain(key);
    let hash = stream.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    finish(hash)
}

/// A draw from `0..bound` (0 for a bound of 0). The bias of the remainder is below one in 2^24 for bounds in use.
pub(super) fn below(seed: u64, purpose: &str, key: &[u8], bound: u64) -> u64 {
    draw(seed, purpose, key).checked_rem(bound).unwrap_or(0)
}

/// Spreads the entropy of a hash over all its bits.
fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_purpose_and_key_alone() {
        let first = draw(1, "fate", b"A1");
        assert_eq!(first, draw(1, "fate", b"A1"));
        assert_ne!(first, draw(2, "fate", b"A1"));
        assert_ne!(first, draw(1, "fault", b"A1"));
        assert_ne!(first, draw(1, "fate", b"A2"));
    }

    #[test]
    fn draws_are_spread_evenly() {
        let hits = (0..100_000_u64)
            .filter(|n| below(7, "test", &n.to_le_bytes(), WHOLE) < 20_000)
            .count();
        assert!((1_800..2_200).contains(&hits), "{hits} of 100000 for 2 %");
    }
}
