//! The event streams that are open: their number, their pulse and their end.

use crate::error::Problem;
use crate::ids::SessionId;
use axum::body::Bytes;
use futures_util::Stream;
use futures_util::task::AtomicWaker;
use http::StatusCode;
use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Proxies cut connections that say nothing; comments don't reach the reader.
const PULSE: Duration = Duration::from_secs(15);
const COMMENT: Bytes = Bytes::from_static(b":\n\n");

pub struct Streams {
    per_session: u32,
    in_all: u32,
    open: Mutex<Open>,
    first_opened: Notify,
    ended: CancellationToken,
}

#[derive(Default)]
struct Open {
    next: u64,
    by_number: HashMap<u64, Arc<Signal>>,
    of_session: HashMap<SessionId, u32>,
}

/// What the server has to say to one stream. Two flags and a waker of its own, so that a
/// thousand streams share no lock while events pass.
#[derive(Default)]
struct Signal {
    waker: AtomicWaker,
    pulse: AtomicBool,
    end: AtomicBool,
}

impl Streams {
    pub fn new(per_session: u32, in_all: u32) -> Arc<Self> {
        Arc::new(Self {
            per_session,
            in_all,
            open: Mutex::default(),
            first_opened: Notify::new(),
            ended: CancellationToken::new(),
        })
    }

    /// Counts one more stream of this session, until the place is dropped.
    pub fn open(self: &Arc<Self>, session: SessionId) -> Result<Place, Problem> {
        let mut open = self.lock();
        if self.ended.is_cancelled() {
            return Err(Problem::shutting_down());
        }
        if open.by_number.len() >= self.in_all as usize {
            return Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "As many event streams are open on this server as may. Try again later.",
            )
            .retry_after(10));
        }
        let of_session = open.of_session.entry(session).or_default();
        if *of_session >= self.per_session {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "You have {of_session} event streams open, as many as may. Close a tab that shows a terrarium."
                ),
            )
            .retry_after(10));
        }
        *of_session += 1;
        open.next += 1;
        let number = open.next;
        let signal = Arc::new(Signal::default());
        open.by_number.insert(number, signal.clone());
        if open.by_number.len() == 1 {
            self.first_opened.notify_one();
        }
        Ok(Place { streams: self.clone(), number, session, signal })
    }

    pub fn count(&self) -> usize {
        self.lock().by_number.len()
    }

    /// Ends every stream, and lets no other begin.
    pub fn end_all(&self) {
        let open = self.lock();
        self.ended.cancel();
        for signal in open.by_number.values() {
            signal.end.store(true, Ordering::Release);
            signal.waker.wake();
        }
    }

    /// Resolves when every stream was ended.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        self.ended.clone().cancelled_owned()
    }

    /// Gives every open stream its pulse, for ever. Sleeps while none is open.
    pub async fn keep_alive(&self) {
        loop {
            while self.count() == 0 {
                self.first_opened.notified().await;
            }
            tokio::time::sleep(PULSE).await;
            for signal in self.lock().by_number.values() {
                signal.pulse.store(true, Ordering::Release);
                signal.waker.wake();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One stream's place among those that may be open; dropping it makes room.
pub struct Place {
    streams: Arc<Streams>,
    number: u64,
    session: SessionId,
    signal: Arc<Signal>,
}

impl Place {
    /// These events, with the server's pulse between them, until the server stops.
    pub fn hold<S>(self, events: S) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static
    where
        S: Stream<Item = Bytes> + Send + 'static,
    {
        Held { events: Box::pin(events), place: self }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        open.by_number.remove(&self.number);
        if let Some(count) = open.of_session.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                open.of_session.remove(&self.session);
            }
        }
    }
}

struct Held<S> {
    events: Pin<Box<S>>,
    place: Place,
}

impl<S: Stream<Item = Bytes>> Stream for Held<S> {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.place.signal.end.load(Ordering::Acquire) {
            return Poll::Ready(None);
        }
        if let Poll::Ready(event) = self.events.as_mut().poll_next(context) {
            return Poll::Ready(event.map(Ok));
        }
        // Register first, look second: a signal between the two wakes us.
        let signal = &self.place.signal;
        signal.waker.register(context.waker());
        if signal.end.load(Ordering::Acquire) {
            Poll::Ready(None)
        } else if signal.pulse.swap(false, Ordering::AcqRel) {
            Poll::Ready(Some(Ok(COMMENT)))
        } else {
            Poll::Pending
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Token;
    use futures_util::{StreamExt, stream};

    #[test]
    fn a_session_and_the_server_have_only_so_many_places() {
        let streams = Streams::new(2, 3);
        let (a, b) = (Token::random().session(), Token::random().session());
        let first = streams.open(a).expect("a place");
        let _second = streams.open(a).expect("a place");
        assert_eq!(streams.open(a).err().map(|problem| problem.status.as_u16()), Some(429));
        let _third = streams.open(b).expect("a place");
        assert_eq!(streams.open(b).err().map(|problem| problem.status.as_u16()), Some(503));
        drop(first);
        assert_eq!(streams.count(), 2);
        streams.open(a).expect("a place again");
    }

    #[tokio::test]
    async fn an_open_stream_ends_with_the_server() {
        let streams = Streams::new(8, 8);
        let place = streams.open(Token::random().session()).expect("a place");
        let mut held = Box::pin(place.hold(stream::iter([Bytes::from_static(b"id: 1\n\n")]).chain(stream::pending())));
        assert_eq!(held.next().await, Some(Ok(Bytes::from_static(b"id: 1\n\n"))));
        let reader = tokio::spawn(async move { held.next().await });
        tokio::task::yield_now().await;
        streams.end_all();
        assert_eq!(reader.await.expect("no panic"), None);
        assert_eq!(streams.count(), 0);
        assert!(streams.open(Token::random().session()).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_has_a_pulse() {
        let streams = Streams::new(8, 8);
        let pulse = tokio::spawn({
            let streams = streams.clone();
            async move { streams.keep_alive().await }
        });
        let place = streams.open(Token::random().session()).expect("a place");
        let mut held = Box::pin(place.hold(stream::pending::<Bytes>()));
        for _ in 0..3 {
            assert_eq!(held.next().await, Some(Ok(COMMENT)));
        }
        pulse.abort();
    }
}
