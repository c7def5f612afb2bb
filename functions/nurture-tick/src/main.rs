//! Starts the function.

use edge::clients::Clients;
use edge::queue::Trigger;
use lambda_runtime::{LambdaEvent, service_fn};
use nurture_tick::NurtureTick;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    edge::init_telemetry();
    let function = NurtureTick::from_clients(&Clients::from_env().await).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Trigger>| {
        if let Trigger::Queue(batch) = event.payload {
            return Ok(serde_json::to_value(function.work_off(batch).await)?);
        }
        let (ticked, polled) = function.handle().await?;
        edge::metric("OldestDueSeconds", "Seconds", ticked.oldest_due_secs);
        edge::metric("UnknownDeliveries", "Count", ticked.unknown.into());
        edge::metric("FailedMailboxes", "Count", polled.failed.into());
        Ok::<_, lambda_runtime::Error>(serde_json::Value::Null)
    }))
    .await
}
