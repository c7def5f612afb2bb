//! A notification on its way to a client.

use jiff::Timestamp;

/// One callback to be POSTed.
#[derive(Clone, Debug)]
pub struct Callback {
    pub(crate) id: usize,
    /// Where to.
    pub url: String,
    /// The JSON body.
    pub body: String,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// When it was due.
    pub due: Timestamp,
}
