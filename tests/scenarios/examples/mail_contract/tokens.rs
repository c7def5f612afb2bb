//! The OAuth server of a mail provider: gives tokens, and tells Dovecot which of them is good.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::env;

/// How many tokens were given, and which is the oldest that is good.
#[derive(Default)]
pub struct Tokens {
    pub given: AtomicU32,
    pub oldest_good: AtomicU32,
}

impl Tokens {
    /// Listens until the process ends.
    pub async fn serve() -> Arc<Self> {
        let listener = TcpListener::bind(format!("127.0.0.1:{}", env("TOKENS_PORT"))).await.unwrap();
        let tokens = Arc::new(Self::default());
        let served = tokens.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever does not listen to the end is not answered.
                let _ = served.answer(stream).await;
            }
        });
        tokens
    }

    /// Withdraws all tokens that were given.
    pub fn withdraw(&self) {
        self.oldest_good.store(self.given.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    }

    async fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut request = Vec::new();
        let text = loop {
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
            let text = String::from_utf8_lossy(&request);
            if text.contains("refresh_token=consent") || (text.starts_with("GET") && text.contains("\r\n\r\n")) {
                break text.into_owned();
            }
        };
        let body = match text.split_once("?token=") {
            Some((_, rest)) => {
                let token = rest.split(|c: char| !c.is_ascii_digit() && c != '-').next().unwrap_or_default();
                let number = token.trim_matches('-').parse::<u32>().unwrap_or(0);
                let good = number >= self.oldest_good.load(Ordering::SeqCst).max(1);
                format!(r#"{{"active": {good}, "username": "{}"}}"#, local::world::ASSISTANT)
            }
            None => {
                let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
                format!(r#"{{"access_token": "{number}", "expires_in": 3600}}"#)
            }
        };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await?;
        stream.shutdown().await
    }
}
