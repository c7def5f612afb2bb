//! What asks a server: HTTP/1.1 over some connections, each with one request at a time.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One answer.
pub struct Answered {
    /// How long it took, in seconds.
    pub secs: f64,
    pub status: u16,
    /// Head and body.
    pub text: Vec<u8>,
}

/// A request as it goes over the line.
pub fn request(address: &str, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\n\r\n{body}").into()
}

/// Sends so many requests over so many connections, and waits for each answer.
pub async fn drive(
    address: &str,
    connections: usize,
    requests: usize,
    make: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static,
) -> std::io::Result<Vec<Answered>> {
    let make = Arc::new(make);
    let converse = |client: usize| {
        let (address, make) = (address.to_owned(), make.clone());
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(&address).await?;
            stream.set_nodelay(true)?;
            let mut answers = Vec::new();
            for number in (client..requests).step_by(connections) {
                let request = make(number);
                let asked = Instant::now();
                stream.write_all(&request).await?;
                let (status, text) = answer(&mut stream).await?;
                answers.push(Answered { secs: asked.elapsed().as_secs_f64(), status, text });
            }
            Ok::<_, std::io::Error>(answers)
        })
    };
    let clients: Vec<_> = (0..connections).map(converse).collect();
    let mut answers = Vec::new();
    for client in clients {
        answers.extend(client.await.map_err(std::io::Error::other)??);
    }
    Ok(answers)
}

/// The wait, in milliseconds, that this share of all answers did not exceed.
pub fn quantile(answers: &[Answered], share: f64) -> f64 {
    let mut waits: Vec<f64> = answers.iter().map(|answer| answer.secs * 1000.0).collect();
    waits.sort_by(f64::total_cmp);
    waits.get((waits.len() as f64 * share) as usize).or(waits.last()).copied().unwrap_or(0.0)
}

/// Reads one answer to its end.
async fn answer(stream: &mut TcpStream) -> std::io::Result<(u16, Vec<u8>)> {
    let wrong = || std::io::Error::new(std::io::ErrorKind::InvalidData, "not an answer in HTTP/1.1");
    let mut buffer = Vec::new();
    loop {
        if let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(Ok(0), |length| length.trim().parse()).map_err(|_| wrong())?;
            if buffer.len() >= head + 4 + length {
                let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(wrong)?;
                return Ok((status, buffer));
            }
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}
