//! oauth-callback.
