//! A connection that reads no more than it was allowed: a server cannot fill our memory.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a connection is made of, encrypted or not.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Wire for T {}

/// A connection with what may still be read from it.
#[derive(Debug)]
pub(super) struct Metered {
    wire: Box<dyn Wire>,
    left: usize,
}

impl Metered {
    pub fn new(wire: impl Wire + 'static) -> Self {
        Self { wire: Box::new(wire), left: 0 }
    }

    /// From here on, so many bytes may come.
    pub fn allow(&mut self, bytes: usize) {
        self.left = bytes;
    }

    pub fn into_wire(self) -> Box<dyn Wire> {
        self.wire
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            let much = "the server says more than a mail server has to say";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::QuotaExceeded, much)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(cx, buffer))?;
        self.left = self.left.saturating_sub(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
