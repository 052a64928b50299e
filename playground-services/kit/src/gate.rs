//! Stops the world of one service: while its gate is closed, nothing it does goes on.
//!
//! Everything a service runs passes its gate. A closed one withholds every poll, as if the
//! processor had been taken away; the futures stay as they are and go on where they were. What
//! others do meanwhile (a commit under way in SQLite's thread, a connection waiting in the
//! listener's queue) happens, as it would to a process that is stopped. One thing is seen through
//! first: a transaction under way ([`Gate::hold`]).

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::task::JoinSet;

#[derive(Clone, Default)]
pub struct Gate(Arc<State>);

#[derive(Default)]
struct State {
    closed: AtomicBool,
    /// So many things that are to be seen through before it closes.
    held: AtomicUsize,
    /// Who wanted to go on meanwhile.
    waiting: Mutex<Vec<Waker>>,
}

impl Gate {
    pub fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
    }

    /// Everything that wanted to go on does.
    pub fn open(&self) {
        self.0.closed.store(false, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }

    /// The same future, which only goes on while the gate is open.
    pub fn pass<F: Future>(&self, future: F) -> Passing<F> {
        Passing { gate: self.clone(), future: Box::pin(future) }
    }

    /// Until this is dropped it closes for nobody.
    pub fn hold(self) -> Held {
        self.0.held.fetch_add(1, Ordering::SeqCst);
        Held(self)
    }

    /// Returns while it is open: at once, or once it is opened.
    pub async fn opened(&self) {
        std::future::poll_fn(|context| if self.lets_pass(context) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    fn lets_pass(&self, context: &Context<'_>) -> bool {
        if !self.0.closed.load(Ordering::SeqCst) || self.0.held.load(Ordering::SeqCst) > 0 {
            return true;
        }
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(context.waker().clone());
        // Whoever opened it in between has not seen this waker.
        !self.0.closed.load(Ordering::SeqCst)
    }
}

/// Keeps a [`Gate`] from closing.
pub struct Held(Gate);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.held.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A future behind a [`Gate`].
pub struct Passing<F> {
    gate: Gate,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Passing<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        if this.gate.lets_pass(context) { this.future.as_mut().poll(context) } else { Poll::Pending }
    }
}

/// Starts a task of a service, behind its gate. It ends with the set it is in.
pub fn spawn<T: Send + 'static>(tasks: &mut JoinSet<T>, gate: &Gate, future: impl Future<Output = T> + Send + 'static) {
    tasks.spawn(gate.pass(future));
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn what_is_to_be_seen_through_is_before_it_closes() {
        let (gate, step) = (Gate::default(), tokio::sync::Notify::new());
        let mut work = gate.pass(async {
            let whole = gate.clone().hold();
            step.notified().await;
            drop(whole);
            gate.opened().await;
        });
        assert!(futures_util::future::poll_immediate(&mut work).await.is_none());
        gate.close();
        step.notify_one();
        assert!(futures_util::future::poll_immediate(&mut work).await.is_none());
        assert_eq!(gate.0.held.load(Ordering::SeqCst), 0, "it was seen through");
        gate.open();
        assert!(futures_util::future::poll_immediate(&mut work).await.is_some());
    }

    #[tokio::test]
    async fn nothing_goes_on_behind_a_closed_gate_and_all_of_it_once_it_opens() {
        let gate = Gate::default();
        let (numbers, mut inbox) = mpsc::unbounded_channel::<u32>();
        let (heard_tx, mut heard) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        spawn(&mut tasks, &gate, async move {
            while let Some(number) = inbox.recv().await {
                let _ = heard_tx.send(number);
            }
        });
        let _ = numbers.send(1);
        assert_eq!(heard.recv().await, Some(1));
        gate.close();
        let _ = numbers.send(2);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(heard.try_recv().is_err(), "it stands still");
        gate.open();
        assert_eq!(heard.recv().await, Some(2));
    }
}
