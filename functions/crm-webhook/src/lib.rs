//! crm-webhook.
