//! Drafts and intents from models.
