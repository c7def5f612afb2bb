//! Commits: one write as a plain request, several as one transaction.

use std::collections::HashMap;

use app::ports::{Expect, Key, TableError, Write};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem};
use data_encoding::HEXLOWER;

use super::item::{self, Item, PK, VERSION, number};
use super::retry::{Trouble, patiently};
use crate::told::chain;

/// What must be found, in DynamoDB's words.
#[derive(Default)]
struct Condition {
    expression: Option<String>,
    values: Option<Item>,
}

impl From<Expect> for Condition {
    fn from(expect: Expect) -> Self {
        match expect {
            Expect::Absent => Self { expression: Some(format!("attribute_not_exists({PK})")), values: None },
            Expect::Version(version) => Self {
                expression: Some(format!("{VERSION} = :expected")),
                values: Some(HashMap::from([(":expected".to_owned(), number(version))])),
            },
            Expect::Any => Self::default(),
        }
    }
}

/// Carries the writes out, all or none.
pub(super) async fn commit(client: &Client, table: &str, writes: &[Write]) -> Result<(), TableError> {
    match writes {
        [] => Ok(()),
        [Write::Put { row, expect }] => {
            let condition = Condition::from(*expect);
            let put = client
                .put_item()
                .table_name(table)
                .set_item(Some(item::item(row)?))
                .set_condition_expression(condition.expression)
                .set_expression_attribute_values(condition.values);
            patiently(*expect == Expect::Any, || async {
                put.clone().send().await.map(drop).map_err(|e| Trouble::of(&e))
            })
            .await
        }
        [Write::Delete { key, expect }] => {
            let condition = Condition::from(*expect);
            let delete = client
                .delete_item()
                .table_name(table)
                .set_key(Some(item::key(key)))
                .set_condition_expression(condition.expression)
                .set_expression_attribute_values(condition.values);
            patiently(*expect == Expect::Any, || async {
                delete.clone().send().await.map(drop).map_err(|e| Trouble::of(&e))
            })
            .await
        }
        // A condition alone is not a request of its own.
        [Write::RequireAbsent { .. }] | [_, _, ..] => transact(client, table, writes).await,
    }
}

async fn transact(client: &Client, table: &str, writes: &[Write]) -> Result<(), TableError> {
    let parts = writes.iter().map(|write| part(table, write)).collect::<Result<Vec<_>, _>>()?;
    let transaction = client.transact_write_items().set_transact_items(Some(parts)).client_request_token(token()?);
    // Repeatable: the table remembers the token for ten minutes and answers as it did the first time.
    patiently(true, || async { transaction.clone().send().await.map(drop).map_err(|e| trouble(&e)) }).await
}

fn part(table: &str, write: &Write) -> Result<TransactWriteItem, TableError> {
    let part = TransactWriteItem::builder();
    let keyed = |key: &Key| Some(item::key(key));
    Ok(match write {
        Write::Put { row, expect } => {
            let condition = Condition::from(*expect);
            let put = Put::builder()
                .table_name(table)
                .set_item(Some(item::item(row)?))
                .set_condition_expression(condition.expression)
                .set_expression_attribute_values(condition.values);
            part.put(put.build().map_err(incomplete)?)
        }
        Write::Delete { key, expect } => {
            let condition = Condition::from(*expect);
            let delete = Delete::builder()
                .table_name(table)
                .set_key(keyed(key))
                .set_condition_expression(condition.expression)
                .set_expression_attribute_values(condition.values);
            part.delete(delete.build().map_err(incomplete)?)
        }
        Write::RequireAbsent { key } => {
            let check = ConditionCheck::builder()
                .table_name(table)
                .set_key(keyed(key))
                .set_condition_expression(Condition::from(Expect::Absent).expression);
            part.condition_check(check.build().map_err(incomplete)?)
        }
    }
    .build())
}

/// What a failed transaction means: a failed expectation is final, anything else that cancels it is contention.
fn trouble(error: &SdkError<TransactWriteItemsError>) -> Trouble {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return Trouble::of(error);
    };
    let reasons = canceled.cancellation_reasons();
    let position = |wanted: &str| reasons.iter().position(|reason| reason.code() == Some(wanted));
    if let Some(failed) = position("ConditionalCheckFailed") {
        return Trouble::Unexpected(failed);
    }
    let codes = reasons.iter().filter_map(CancellationReason::code).filter(|code| *code != "None");
    let text = format!("transaction canceled: {}", codes.collect::<Vec<_>>().join(", "));
    match position("ValidationError").or_else(|| position("ItemCollectionSizeLimitExceeded")) {
        Some(_) => Trouble::Refused(text),
        None => Trouble::Busy(text),
    }
}

/// Names this commit, so that a repeated request is not a second one.
fn token() -> Result<String, TableError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| TableError::Unavailable(chain(&error)))?;
    Ok(HEXLOWER.encode(&bytes))
}

pub(super) fn incomplete(error: BuildError) -> TableError {
    TableError::Unavailable(chain(&error))
}
