//! Amazon Bedrock's Converse, which is the same for every model.

use app::ports::ComposeError;
use async_trait::async_trait;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::Config;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::timeout::TimeoutConfig;
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::converse::{ConverseError, ConverseOutput};
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, InferenceConfiguration, Message, StopReason, SystemContentBlock,
};

use crate::chat::{Chat, Patience, sensible};

/// Tokens that a model may write: some times the longest mail.
const MOST_TOKENS: i32 = 1500;

/// A model of Bedrock.
#[derive(Debug, Clone)]
pub struct Bedrock {
    client: Client,
    model: String,
    patience: Patience,
}

impl Bedrock {
    /// The model, or inference profile, with this id or ARN.
    pub fn new(client: Client, model: impl Into<String>, patience: Patience) -> Self {
        Self { client, model: model.into(), patience }
    }
}

#[async_trait]
impl Chat for Bedrock {
    async fn ask(&self, system: String, user: String) -> Result<String, ComposeError> {
        let unbuilt = |_| ComposeError::Refused("the question cannot be built".to_owned());
        let message = Message::builder()
            .role(ConversationRole::User)
            .content(ContentBlock::Text(user))
            .build()
            .map_err(unbuilt)?;
        let Patience { connect, one_try, retry_within } = self.patience;
        // A second try, by the SDK, has the rest of the time.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(connect)
            .operation_attempt_timeout(one_try)
            .operation_timeout(one_try + retry_within)
            .build();
        let patience =
            Config::builder().timeout_config(timeouts).retry_config(RetryConfig::standard().with_max_attempts(2));
        let answer = self
            .client
            .converse()
            .model_id(&self.model)
            .system(SystemContentBlock::Text(system))
            .messages(message)
            .inference_config(InferenceConfiguration::builder().max_tokens(MOST_TOKENS).build())
            .customize()
            .config_override(patience)
            .send()
            .await;
        read(answer.map_err(|error| failed(&error))?)
    }
}

fn read(answer: ConverseOutput) -> Result<String, ComposeError> {
    match answer.stop_reason {
        StopReason::EndTurn | StopReason::StopSequence => {}
        StopReason::MaxTokens | StopReason::ModelContextWindowExceeded => {
            return Err(ComposeError::Nonsense("the answer is cut off".to_owned()));
        }
        StopReason::ContentFiltered | StopReason::GuardrailIntervened => {
            return Err(ComposeError::Refused("the model's filter stepped in".to_owned()));
        }
        other => return Err(ComposeError::Nonsense(format!("the model stopped with {}", other.as_str()))),
    }
    let message = answer.output.and_then(|output| output.as_message().ok().cloned());
    let blocks = message.map(|message| message.content).unwrap_or_default();
    // Some models think aloud in blocks of another kind.
    sensible(blocks.iter().filter_map(|block| block.as_text().ok()).map(String::as_str).collect())
}

/// The service's code, for its message can quote the question.
fn failed(error: &SdkError<ConverseError>) -> ComposeError {
    if let (None, Some(answer)) = (error.code(), error.raw_response()) {
        let status = answer.status().as_u16();
        let what = format!("Bedrock's answer cannot be read, with status {status}");
        return if status >= 500 { ComposeError::Unavailable(what) } else { ComposeError::Nonsense(what) };
    }
    let Some(code) = error.code() else {
        return ComposeError::Unavailable(match error {
            SdkError::TimeoutError(_) => "Bedrock did not answer in time".to_owned(),
            _ => "Bedrock was not reached".to_owned(),
        });
    };
    match code {
        "AccessDeniedException" => ComposeError::Refused(format!(
            "{code}: allow bedrock:InvokeModel on this model, and enable it in the account"
        )),
        "ResourceNotFoundException" | "ValidationException" => {
            ComposeError::Refused(format!("{code}: check BEDROCK_MODEL_ID, and that the region has this model"))
        }
        "ModelErrorException" => ComposeError::Nonsense(code.to_owned()),
        _ => ComposeError::Unavailable(code.to_owned()),
    }
}
