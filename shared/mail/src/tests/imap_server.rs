//! An IMAP server that says what it is told to.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

/// What it says to a command that contains the first text. `$` is the command's tag; without an answer it hangs up, and
/// `silence` keeps it from saying anything.
pub(crate) type Rule = (&'static str, Vec<u8>);

/// Says nothing more.
pub(crate) const SILENCE: &[u8] = b"silence";

/// Listens on a port of its own until it is dropped.
pub(crate) struct ImapServer {
    pub(crate) port: u16,
    said: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl ImapServer {
    pub(crate) async fn start(greeting: &[u8], rules: Vec<Rule>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let (hears, greeting) = (Arc::clone(&said), greeting.to_vec());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that leaves without goodbye is none of the server's errors.
                let _ = serve(stream, &greeting, &rules, &hears).await;
            }
        });
        Self { port, said, task }
    }

    /// The commands, without their tags, and answers to challenges.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

impl Drop for ImapServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, greeting: &[u8], rules: &[Rule], said: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut client = BufStream::new(stream);
    client.write_all(greeting).await?;
    client.flush().await?;
    let mut tag = String::new();
    loop {
        let mut line = String::new();
        if client.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let command = match line.split_once(' ') {
            Some((first, command)) if first.starts_with('A') && first[1..].parse::<u32>().is_ok() => {
                first.clone_into(&mut tag);
                command
            }
            _ => line,
        };
        said.lock().unwrap().push(command.to_owned());
        let answer = rules.iter().find(|(pattern, _)| command.contains(pattern)).map(|(_, answer)| answer.as_slice());
        match answer.unwrap_or(b"$ OK done\r\n") {
            b"" => return Ok(()),
            SILENCE => return client.read_to_end(&mut Vec::new()).await.map(|_| ()),
            answer => {
                for part in answer.split_inclusive(|byte| *byte == b'$') {
                    let (text, tagged) = part.strip_suffix(b"$").map_or((part, false), |text| (text, true));
                    client.write_all(text).await?;
                    if tagged {
                        client.write_all(tag.as_bytes()).await?;
                    }
                }
                client.flush().await?;
            }
        }
    }
}
