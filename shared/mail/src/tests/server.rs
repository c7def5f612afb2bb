//! A mail server that says what it is told to.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

/// Where the server leaves the usual way, and how: an answer, or none and the connection closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// Takes every mail.
    Usual,
    /// Answers this to what begins with that.
    Answers(&'static str, &'static str),
    /// Answers this to a text, having thrown it away.
    AnswersText(&'static str),
    /// Closes the connection at a command, without an answer.
    DropsAt(&'static str),
    /// Closes the connection after a text, having kept it.
    DropsAfterText,
    /// Keeps the text, and says nothing.
    IsSilentAfterText,
    /// Says nothing from the beginning.
    IsSilent,
}

/// Listens on a port of its own until it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    kept: Arc<Mutex<Vec<Vec<u8>>>>,
    said: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (kept, said) = (Arc::default(), Arc::default());
        let (keeps, hears) = (Arc::clone(&kept), Arc::clone(&said));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that leaves without goodbye is none of the server's errors.
                let _ = serve(stream, script, &keeps, &hears).await;
            }
        });
        Self { port, kept, said, task }
    }

    /// The texts that were kept, without the dots that the protocol adds.
    pub(crate) fn kept(&self) -> Vec<Vec<u8>> {
        self.kept.lock().unwrap().clone()
    }

    /// What the client said, without the text.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    script: Script,
    kept: &Mutex<Vec<Vec<u8>>>,
    said: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut client = BufStream::new(stream);
    if script == Script::IsSilent {
        return client.read_to_end(&mut Vec::new()).await.map(|_| ());
    }
    say(&mut client, "220 mx.test ESMTP").await?;
    loop {
        let mut command = String::new();
        if client.read_line(&mut command).await? == 0 {
            return Ok(());
        }
        said.lock().unwrap().push(command.trim_end().to_owned());
        match script {
            Script::DropsAt(verb) if command.starts_with(verb) => return Ok(()),
            Script::Answers(verb, answer) if command.starts_with(verb) => say(&mut client, answer).await?,
            _ if command.starts_with("EHLO") => {
                say(&mut client, "250-mx.test\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n250 8BITMIME").await?
            }
            _ if command.starts_with("AUTH") => say(&mut client, "235 2.7.0 welcome").await?,
            _ if command.starts_with("DATA") => {
                say(&mut client, "354 go ahead").await?;
                let text = text(&mut client).await?;
                if let Script::AnswersText(answer) = script {
                    say(&mut client, answer).await?;
                    continue;
                }
                kept.lock().unwrap().push(text);
                match script {
                    Script::DropsAfterText => return Ok(()),
                    Script::IsSilentAfterText => return client.read_to_end(&mut Vec::new()).await.map(|_| ()),
                    _ => say(&mut client, "250 2.0.0 queued as 1").await?,
                }
            }
            _ if command.starts_with("QUIT") => return say(&mut client, "221 bye").await,
            _ => say(&mut client, "250 2.1.0 ok").await?,
        }
    }
}

async fn say(client: &mut BufStream<TcpStream>, line: &str) -> std::io::Result<()> {
    client.write_all(format!("{line}\r\n").as_bytes()).await?;
    client.flush().await
}

async fn text(client: &mut BufStream<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        let mut line = Vec::new();
        if client.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match line.strip_prefix(b".") {
            Some(b"\r\n") => return Ok(text),
            Some(stuffed) => text.extend(stuffed),
            None => text.extend(line),
        }
    }
}
