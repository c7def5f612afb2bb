//! Opening a data directory.
//!
//! | file | what |
//! |---|---|
//! | `lock` | held by the owner as long as it can write |
//! | `table.sqlite` (`-wal`, `-shm`) | the table |
//! | `table.sock` | the owner answers other processes here |
//! | `secrets.json` | see [`FileSecrets`](super::FileSecrets) |

use std::fs::{DirBuilder, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::ports::TableError;
use aws::{DynamoTable, create_table};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::HttpClient;
use dynoxide::{Database, DynoxideError};

use super::connector::Embedded;
use super::faults::{FaultPlan, Faulty};
use super::forward::{Forward, share};
use super::log::Log;
use super::private;

/// The table's name. There is one in a directory.
pub const TABLE: &str = "sales-assistant";

/// How this process reaches the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It has the file.
    Owner,
    /// It asks the process that has the file.
    Guest,
}

/// Why a data directory cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made or written.
    #[error("cannot use the data directory {}: {source}; make it writable or name another one", dir.display())]
    Directory {
        /// Which.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody has it and does not share it (yet).
    #[error(
        "the data directory {} is in use by another process that does not answer; wait for it to finish, or stop it",
        dir.display()
    )]
    Busy {
        /// Which.
        dir: PathBuf,
    },
    /// The table's file is damaged or another version's.
    #[error("cannot open the table in {}: {reason}; restore a backup of the directory, or name another one", dir.display())]
    Table {
        /// Which.
        dir: PathBuf,
        /// What the database said.
        reason: String,
    },
}

/// A DynamoDB of one's own.
#[derive(Debug, Clone)]
pub struct EmbeddedDynamo {
    client: Client,
    owned: Option<Embedded>,
    socket: PathBuf,
}

/// Opens the directory, making it if need be: as its owner, or, while another process is that, as its guest.
pub fn open(data_dir: &Path) -> Result<EmbeddedDynamo, OpenError> {
    let unusable = |source| OpenError::Directory { dir: data_dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(unusable)?;
    let lock = private(&data_dir.join("lock")).map_err(unusable)?;
    let socket = data_dir.join("table.sock");
    match lock.try_lock() {
        Ok(()) => {
            let (database, log) = database(&data_dir.join("table.sqlite"))
                .map_err(|reason| OpenError::Table { dir: data_dir.to_owned(), reason })?;
            Ok(EmbeddedDynamo::owner(Embedded::file(database, log, lock), socket))
        }
        // A connection is only tried here, so that the error comes now and names the directory.
        Err(TryLockError::WouldBlock) => match std::os::unix::net::UnixStream::connect(&socket) {
            Ok(_) => Ok(EmbeddedDynamo { client: client(Forward::new(socket.clone())), owned: None, socket }),
            Err(_) => Err(OpenError::Busy { dir: data_dir.to_owned() }),
        },
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

impl EmbeddedDynamo {
    /// A table in memory, gone with the last client.
    pub fn memory() -> Result<Self, DynoxideError> {
        Ok(Self::owner(Embedded::memory(Database::memory()?), PathBuf::new()))
    }

    fn owner(database: Embedded, socket: PathBuf) -> Self {
        Self { client: client(database.clone()), owned: Some(database), socket }
    }

    /// The same database, with things going wrong on the way. A guest's way is not touched.
    pub fn with_faults(&self, plan: Arc<dyn FaultPlan>) -> Self {
        match &self.owned {
            Some(database) => Self { client: client(Faulty::new(database.clone(), plan)), ..self.clone() },
            None => self.clone(),
        }
    }

    /// Owner or guest?
    pub fn opened(&self) -> Opened {
        if self.owned.is_some() { Opened::Owner } else { Opened::Guest }
    }

    /// An SDK client that ends here instead of at AWS. The directory stays taken as long as one lives.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The product's table, made if it is not there yet.
    pub async fn table(&self) -> Result<DynamoTable, TableError> {
        create_table(&self.client, TABLE).await?;
        Ok(DynamoTable::new(&self.client, TABLE))
    }

    /// Lets other processes of this user in, from now until `shutdown`; spawn what it returns. Only an owner can.
    pub fn share(
        &self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<impl Future<Output = io::Result<()>> + Send + 'static> {
        let no_owner = || io::Error::new(io::ErrorKind::Unsupported, "only the owner of a data directory shares it");
        share(self.owned.clone().ok_or_else(no_owner)?, self.socket.clone(), shutdown)
    }

    /// Forgets the rows whose time is over, as DynamoDB does by itself; says how many. The owner's task.
    pub fn forget_expired(&self) -> Result<usize, DynoxideError> {
        self.owned.as_ref().map_or(Ok(0), Embedded::forget_expired)
    }
}

/// SQLite gives its other files the mode of the first.
fn database(path: &Path) -> Result<(Database, Log), String> {
    private(path).map_err(|error| error.to_string())?;
    let name = path.to_str().ok_or("its path is not UTF-8")?;
    let database = Database::new(name).map_err(|error| error.to_string())?;
    // Named for its other effects, all of which are defaults: it makes SQLite leave the log's syncs to us.
    database.disable_bulk_loading().map_err(|error| error.to_string())?;
    let log = Log::of(path).map_err(|error| format!("its log: {error}"))?;
    Ok((database, log))
}

/// A client without time-outs and retries, for nothing here is far away, and without signatures, for nobody checks them.
fn client(http: impl HttpClient + 'static) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .endpoint_url("http://embedded")
        .allow_no_auth()
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http)
        .build();
    Client::from_conf(config)
}
