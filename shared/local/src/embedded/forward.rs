//! The owner's database, shared with other processes of the same user over a unix socket.
//!
//! One connection carries requests one after another: the operation and its JSON, each after its length as four bytes,
//! big end first; the answer is the status as two bytes and JSON in the same way.

use std::fs::{Permissions, set_permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use super::connector::{Answer, Embedded, parts, response};
use super::remove;

/// DynamoDB takes and gives no more than 16 MB; whoever announces more is no client of ours.
const LARGEST: u32 = 16 * 1024 * 1024;

/// Binds the socket, and returns what answers other processes until `shutdown`. The caller holds the directory's lock,
/// so a socket that is there already is a dead process's.
pub(super) fn share(
    database: Embedded,
    socket: PathBuf,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<impl Future<Output = io::Result<()>> + Send + 'static> {
    remove(&socket)?;
    let listener = UnixListener::bind(&socket)?;
    set_permissions(&socket, Permissions::from_mode(0o600))?;
    let owner = std::fs::metadata(&socket)?.uid();
    Ok(async move {
        let mut guests = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                guest = listener.accept() => {
                    let (stream, _) = guest?;
                    // Who came in before the mode was set is turned away too.
                    if stream.peer_cred().is_ok_and(|peer| [owner, 0].contains(&peer.uid())) {
                        guests.spawn(serve(stream, database.clone()));
                    }
                }
                Some(_) = guests.join_next() => {}
            }
        }
        remove(&socket)
    })
}

/// Answers one guest until it hangs up.
async fn serve(mut guest: UnixStream, database: Embedded) -> io::Result<()> {
    loop {
        let operation = read(&mut guest).await?;
        let body = read(&mut guest).await?;
        let (status, json) = database.durable_answer(&String::from_utf8_lossy(&operation), &body).await?;
        guest.write_u16(status).await?;
        write(&mut guest, &json).await?;
        guest.flush().await?;
    }
}

/// An HTTP client for the SDK that asks the owner of the directory.
#[derive(Debug, Clone)]
pub(super) struct Forward {
    socket: PathBuf,
}

impl Forward {
    pub(super) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    async fn send(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (operation, body) = parts(&request)?;
        let mut owner = UnixStream::connect(&self.socket)
            .await
            .map_err(|error| ConnectorError::io(Box::new(error)).never_connected())?;
        let answer = ask(&mut owner, operation, body).await;
        response(answer.map_err(|error| ConnectorError::io(Box::new(error)))?)
    }
}

async fn ask(owner: &mut UnixStream, operation: &str, body: &[u8]) -> io::Result<Answer> {
    write(owner, operation.as_bytes()).await?;
    write(owner, body).await?;
    owner.flush().await?;
    Ok((owner.read_u16().await?, read(owner).await?))
}

impl HttpConnector for Forward {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().send(request))
    }
}

impl HttpClient for Forward {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

async fn write(stream: &mut UnixStream, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LARGEST);
    stream.write_u32(length.ok_or(io::ErrorKind::FileTooLarge)?).await?;
    stream.write_all(bytes).await
}

async fn read(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await?;
    if length > LARGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    stream.take(length.into()).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 == u64::from(length) { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
