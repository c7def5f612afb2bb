//! Repeatable randomness: every token, id and fault of one seed is the same in every run.
//!
//! **Invariant:** nothing else in the crate draws random numbers, so a failing run is replayed by its seed.

/// SplitMix64. Good enough to spread faults and to make tokens look like tokens; not for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// True with the given probability. A rate of zero draws nothing, so that switching one fault on does not
    /// shift where the others strike.
    pub fn chance(&mut self, rate: f64) -> bool {
        rate > 0.0 && ((self.next() >> 11) as f64 / (1u64 << 53) as f64) < rate
    }

    /// A number below `bound` (which is not zero).
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// 32 hexadecimal digits.
    pub fn hex(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// The shape of every Zoho token and code: `1000.<hex>.<hex>`.
    pub fn token(&mut self) -> String {
        format!("1000.{}.{}", self.hex(), self.hex())
    }
}
