//! Secrets that are drawn here: what binds a sign-in to its browser, what a cookie or a token holds, salts.

use data_encoding::BASE32_NOPAD;

/// So many random bytes, as lower-case letters and digits.
pub(crate) fn draw<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}
