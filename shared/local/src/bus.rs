//! The event bus in the process. Like the real one it may lose what it holds, here when the process ends: every event is
//! a hint at a row that upkeep finds again.

use std::collections::{HashSet, VecDeque};
use std::sync::Mutex;

use app::ports::{Event, Events, EventsError};
use async_trait::async_trait;
use tokio::sync::Notify;

/// Events on their way; equal ones wait only once.
#[derive(Debug, Default)]
pub struct LocalBus {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    order: VecDeque<Event>,
    known: HashSet<Event>,
}

impl LocalBus {
    /// The oldest event, if there is one.
    pub fn take(&self) -> Option<Event> {
        let mut waiting = self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let event = waiting.order.pop_front()?;
        waiting.known.remove(&event);
        Some(event)
    }

    /// The oldest event, as soon as there is one.
    pub async fn next(&self) -> Event {
        loop {
            let arrived = self.arrived.notified();
            if let Some(event) = self.take() {
                return event;
            }
            arrived.await;
        }
    }
}

#[async_trait]
impl Events for LocalBus {
    async fn publish(&self, events: &[Event]) -> Result<(), EventsError> {
        let mut waiting = self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for event in events {
            if waiting.known.insert(event.clone()) {
                waiting.order.push_back(event.clone());
                self.arrived.notify_one();
            }
        }
        Ok(())
    }
}
