//! crm-writeback.
