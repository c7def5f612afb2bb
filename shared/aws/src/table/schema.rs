//! The table and its indexes, for whoever has no deployment that makes them.

use std::time::Duration;

use app::ports::TableError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};

use super::item::{LIST_PK, LIST_SK, PK, SK, TTL, WORK_PK, WORK_SK};
use crate::told::{chain, told};

pub(super) const WORK: &str = "work";
pub(super) const LISTING: &str = "listing";

/// Makes the table `name` with both indexes and its time to live; one that is there already stays as it is.
pub async fn create_table(client: &Client, name: &str) -> Result<(), TableError> {
    let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for attribute in [PK, SK, WORK_PK, WORK_SK, LIST_PK, LIST_SK] {
        request = request.attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name(attribute)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .map_err(failed)?,
        );
    }
    let created = request
        .set_key_schema(Some(keys(PK, SK)?))
        .global_secondary_indexes(index(WORK, keys(WORK_PK, WORK_SK)?)?)
        .global_secondary_indexes(index(LISTING, keys(LIST_PK, LIST_SK)?)?)
        .send()
        .await;
    if let Err(error) = created
        && error.code() != Some("ResourceInUseException")
    {
        return Err(TableError::Unavailable(told(&error)));
    }
    client.wait_until_table_exists().table_name(name).wait(Duration::from_secs(60)).await.map_err(failed)?;
    let to_live = TimeToLiveSpecification::builder().attribute_name(TTL).enabled(true).build().map_err(failed)?;
    match client.update_time_to_live().table_name(name).time_to_live_specification(to_live).send().await {
        Err(error) if error.message().is_some_and(|text| text.contains("already enabled")) => Ok(()),
        Err(error) => Err(TableError::Unavailable(told(&error))),
        Ok(_) => Ok(()),
    }
}

fn keys(partition: &str, sort: &str) -> Result<Vec<KeySchemaElement>, TableError> {
    [(partition, KeyType::Hash), (sort, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(failed))
        .collect()
}

/// Of keys only: an index of whole rows is written, and paid, with each write of a row.
fn index(name: &str, keys: Vec<KeySchemaElement>) -> Result<GlobalSecondaryIndex, TableError> {
    GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(keys))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .map_err(failed)
}

fn failed(error: impl std::error::Error + 'static) -> TableError {
    TableError::Unavailable(chain(&error))
}
