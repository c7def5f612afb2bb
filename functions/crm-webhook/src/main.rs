//! Starts the function.

use std::convert::Infallible;

use crm_webhook::CrmWebhook;
use edge::clients::Clients;
use lambda_http::service_fn;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    edge::init_telemetry();
    let function = CrmWebhook::from_clients(&Clients::from_env().await).await?;
    lambda_http::run(service_fn(async |request| Ok::<_, Infallible>(function.handle(request).await))).await
}
