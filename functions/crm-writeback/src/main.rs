//! Starts the function.

use crm_writeback::CrmWriteback;
use edge::clients::Clients;
use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    edge::init_telemetry();
    let function = CrmWriteback::from_clients(&Clients::from_env().await).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<_>| {
        Ok::<_, lambda_runtime::Error>(function.handle(event.payload).await)
    }))
    .await
}
