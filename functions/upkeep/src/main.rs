//! Starts the function.

use edge::clients::Clients;
use edge::queue::Trigger;
use lambda_runtime::{LambdaEvent, service_fn};
use upkeep::UpkeepFunction;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    edge::init_telemetry();
    let function = UpkeepFunction::from_clients(&Clients::from_env().await).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Trigger>| match event.payload {
        Trigger::Queue(batch) => Ok(serde_json::to_value(function.handle(batch).await)?),
        Trigger::Schedule(_) => {
            function.sweep().await?;
            Ok::<_, lambda_runtime::Error>(serde_json::Value::Null)
        }
    }))
    .await
}
