//! What an error of SendEmail says about the mail.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use app::ports::SendError;
use aws_sdk_sesv2::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_sesv2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sesv2::error::{BoxError, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use domain::DeliveryId;
use hyper_util::client::legacy::Error as HttpError;

use crate::told::told;

/// Whether a request was handed to the HTTP client; one without credentials, say, never is.
#[derive(Debug, Clone, Default)]
pub(super) struct Wire(Arc<AtomicBool>);

impl Wire {
    fn reached(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// What the caller does next about `delivery`.
pub(super) fn outcome(error: &SdkError<SendEmailError>, wire: &Wire, delivery: &DeliveryId) -> SendError {
    let reason = without_addresses(&told(error));
    let unknown = |reason| SendError::Unknown { delivery: delivery.clone(), reason };
    match error {
        SdkError::ServiceError(answer) => match answer.err() {
            SendEmailError::BadRequestException(_)
            | SendEmailError::MailFromDomainNotVerifiedException(_)
            | SendEmailError::MessageRejected(_)
            | SendEmailError::NotFoundException(_) => SendError::Refused { reason },
            SendEmailError::AccountSuspendedException(_)
            | SendEmailError::LimitExceededException(_)
            | SendEmailError::SendingPausedException(_)
            | SendEmailError::TooManyRequestsException(_) => SendError::NotSent { reason },
            // Throttled, expired credentials, no permission: an answer, and it says no.
            _ if answer.raw().status().is_client_error() => SendError::NotSent { reason },
            _ => unknown(reason),
        },
        SdkError::ConstructionFailure(_) => SendError::NotSent { reason },
        SdkError::DispatchFailure(_) if !wire.reached() || never_connected(error) => SendError::NotSent { reason },
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) | _ => unknown(reason),
    }
}

/// Name resolution, TCP and TLS come before the first byte of a request.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<HttpError>())
        .any(HttpError::is_connect)
}

/// SES quotes the address it did not like; reasons end up in logs, where only its domain may appear.
fn without_addresses(message: &str) -> String {
    let words = message.split_whitespace().map(|word| match word.rsplit_once('@') {
        Some((_, domain)) => format!("…@{domain}"),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}
