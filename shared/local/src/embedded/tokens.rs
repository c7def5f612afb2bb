//! Tokens of transactions: whoever lost the answer to one asks again with its token, and must not write twice.
//!
//! The database would remember each for ten minutes, as DynamoDB does, and look at all of them in every transaction: with
//! fifty thousand that is more work than the transaction. Here the last ones are remembered, far more than there can be
//! clients whose answer is still on its way.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// How many are remembered.
const REMEMBERED: usize = 4096;

/// The tokens of the last transactions that passed.
#[derive(Default)]
pub(super) struct Tokens(Mutex<Passed>);

#[derive(Default)]
struct Passed {
    tokens: HashSet<String>,
    order: VecDeque<String>,
}

impl Tokens {
    /// Carries out the transaction with this token, unless it has passed. One that failed did nothing, and may be tried
    /// again.
    pub(super) fn once<A: Default, E>(
        &self,
        token: Option<String>,
        transact: impl FnOnce() -> Result<A, E>,
    ) -> Result<A, E> {
        let Some(token) = token else { return transact() };
        // Held until it has passed: of two with one token the second waits.
        let mut passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if passed.tokens.contains(&token) {
            return Ok(A::default());
        }
        let answer = transact()?;
        if passed.order.len() == REMEMBERED
            && let Some(oldest) = passed.order.pop_front()
        {
            passed.tokens.remove(&oldest);
        }
        passed.order.push_back(token.clone());
        passed.tokens.insert(token);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_passes_once_and_one_that_failed_is_tried_again() {
        let (tokens, mut written) = (Tokens::default(), 0);
        let mut transact = |token: &str, result| {
            tokens.once(Some(token.to_owned()), || {
                written += 1;
                result
            })
        };
        assert_eq!(transact("a", Err("busy")), Err("busy"));
        assert_eq!(transact("a", Ok(7)), Ok(7));
        assert_eq!(transact("a", Ok(8)), Ok(0), "nothing but that it passed");
        for number in 0..REMEMBERED {
            transact(&number.to_string(), Ok(1)).unwrap();
        }
        assert_eq!(transact("4095", Ok(9)), Ok(0));
        assert_eq!(transact("a", Ok(9)), Ok(9), "forgotten after many others");
        assert_eq!(written, 2 + REMEMBERED + 1);
    }
}
