//! The table on DynamoDB.
//!
//! | attribute | type | what |
//! |---|---|---|
//! | `pk`, `sk` | S | the key |
//! | `v` | N | the version |
//! | `doc` | S | the body as JSON, if it is short |
//! | `zip` | B | the same, deflated (RFC 1951), if it is long |
//! | `work_pk`, `work_sk` | S | queue and due time; index `work`, keys only |
//! | `list_pk`, `list_sk` | S | list and place in it; index `listing`, keys only |
//! | `ttl` | N | epoch second from which the row may be forgotten |
//!
//! **Invariant:** a write is repeated only if that cannot change what happened: nothing came of the first try, or the
//! request carries a token, or it means the same twice. The SDK's retries, which do not know this, are off.

mod item;
mod page;
mod retry;
mod schema;
mod write;

use std::collections::HashMap;

use app::ports::{Key, ListOrder, Page, Row, Table, TableError, Write};
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use jiff::Timestamp;

use item::{PK, SK, stamp, text};
use page::Cut;
use retry::{Trouble, patiently};

pub use item::item_size;
pub use schema::create_table;

/// As many rows as DynamoDB gives to one request for keys.
const AT_ONCE: usize = 100;

/// The product's table in one DynamoDB table.
#[derive(Debug, Clone)]
pub struct DynamoTable {
    client: Client,
    name: String,
}

impl DynamoTable {
    /// The table `name`, which [`create_table`] or the deployment made. The client's retries are switched off for it.
    pub fn new(client: &Client, name: impl Into<String>) -> Self {
        let config = client.config().to_builder().retry_config(RetryConfig::disabled()).build();
        Self { client: Client::from_conf(config), name: name.into() }
    }

    /// Runs a query for one item more than a page holds, which tells whether there is a next page.
    async fn page(&self, query: QueryFluentBuilder, limit: u32) -> Result<Cut, TableError> {
        let query = query.limit(i32::try_from(limit).unwrap_or(i32::MAX).saturating_add(1));
        let answer = patiently(true, || async { query.clone().send().await.map_err(|e| Trouble::of(&e)) }).await?;
        let more = answer.last_evaluated_key.is_some();
        Ok(Cut::after(limit, answer.items.unwrap_or_default(), more))
    }

    /// The rows that have these keys, as far as there are such rows.
    async fn rows(&self, keys: &[Key]) -> Result<HashMap<Key, Row>, TableError> {
        let mut found = HashMap::new();
        for keys in keys.chunks(AT_ONCE) {
            let keys = KeysAndAttributes::builder().set_keys(Some(keys.iter().map(item::key).collect()));
            let mut left = Some(keys.consistent_read(true).build().map_err(write::incomplete)?);
            // DynamoDB answers some of them at least, or says that it is busy.
            while let Some(keys) = left {
                let get = self.client.batch_get_item().request_items(&self.name, keys);
                let answer =
                    patiently(true, || async { get.clone().send().await.map_err(|e| Trouble::of(&e)) }).await?;
                for item in answer.responses.unwrap_or_default().into_values().flatten() {
                    let row = item::row(item)?;
                    found.insert(row.key.clone(), row);
                }
                left = answer.unprocessed_keys.and_then(|mut left| left.remove(&self.name));
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl Table for DynamoTable {
    async fn get(&self, key: &Key) -> Result<Option<Row>, TableError> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(item::key(key))).consistent_read(true);
        let answer = patiently(true, || async { get.clone().send().await.map_err(|e| Trouble::of(&e)) }).await?;
        answer.item.map(item::row).transpose()
    }

    async fn query(&self, partition: &str, prefix: &str, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        let start = from.map(|token| page::partition_start(token, partition, prefix)).transpose()?;
        let query = self.client.query().table_name(&self.name).consistent_read(true).set_exclusive_start_key(start);
        let cut = self.page(starting_with(query, (PK, partition), (SK, prefix)), limit).await?;
        let next = cut.next(&[SK])?;
        Ok(Page { rows: cut.items.into_iter().map(item::row).collect::<Result<_, _>>()?, next })
    }

    async fn list(&self, list: &str, order: ListOrder, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        let start = from.map(|token| page::list_start(token, list)).transpose()?;
        let query =
            self.client.query().table_name(&self.name).index_name(schema::LISTING).set_exclusive_start_key(start);
        let query = query.scan_index_forward(order == ListOrder::Ascending);
        let cut = self.page(starting_with(query, (item::LIST_PK, list), (item::LIST_SK, "")), limit).await?;
        let next = cut.next(&[item::LIST_SK, PK, SK])?;
        let keys = cut.items.iter().map(item::key_of).collect::<Result<Vec<_>, _>>()?;
        let mut found = self.rows(&keys).await?;
        // The index lags: a row that has left the list meanwhile is not shown.
        let is_listed = |row: &Row| row.listing.as_ref().is_some_and(|place| place.list == list);
        Ok(Page { rows: keys.iter().filter_map(|key| found.remove(key)).filter(is_listed).collect(), next })
    }

    fn after(&self, row: &Row) -> Option<String> {
        page::after(row)
    }

    async fn due(&self, queue: &str, now: Timestamp, limit: u32) -> Result<Vec<Key>, TableError> {
        if limit == 0 {
            return Ok(Vec::new()); // DynamoDB refuses to look for nothing
        }
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(schema::WORK)
            .key_condition_expression(format!("{} = :partition AND {} <= :now", item::WORK_PK, item::WORK_SK))
            .expression_attribute_values(":partition", text(queue))
            .expression_attribute_values(":now", text(stamp(now)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = patiently(true, || async { query.clone().send().await.map_err(|e| Trouble::of(&e)) }).await?;
        answer.items.unwrap_or_default().iter().map(item::key_of).collect()
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), TableError> {
        write::commit(&self.client, &self.name, writes).await
    }
}

/// Adds the key condition; an empty prefix is left out, for DynamoDB refuses it.
fn starting_with(
    query: QueryFluentBuilder,
    (partition_name, partition): (&str, &str),
    (sort_name, prefix): (&str, &str),
) -> QueryFluentBuilder {
    let query = query.expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()));
    if prefix.is_empty() {
        return query.key_condition_expression(format!("{partition_name} = :partition"));
    }
    query
        .key_condition_expression(format!("{partition_name} = :partition AND begins_with({sort_name}, :prefix)"))
        .expression_attribute_values(":prefix", text(prefix))
}
