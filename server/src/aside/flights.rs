//! The same thing asked for twice at once is done once, and both wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio_util::task::TaskTracker;

/// What is under way, by what it is for.
#[derive(Default)]
pub struct Flights(Mutex<HashMap<String, Shared<BoxFuture<'static, ()>>>>);

impl Flights {
    /// Waits until the work of this name is done: what is under way already, or else this. It goes on if nobody waits.
    pub async fn join(
        self: &Arc<Self>,
        tasks: &TaskTracker,
        name: String,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let flight = {
            let mut flights = self.lock();
            flights
                .entry(name.clone())
                .or_insert_with(|| {
                    let landed = Landed {
                        flights: self.clone(),
                        name,
                    };
                    let task = tasks.spawn(async move {
                        // Dropped at the end, even where the work panics.
                        let _landed = landed;
                        work.await;
                    });
                    // A panic is told of by the runtime; nobody here can mend it.
                    task.map(|_| ()).boxed().shared()
                })
                .clone()
        };
        flight.await;
    }

    /// A panic elsewhere leaves the map whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Shared<BoxFuture<'static, ()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room for the next one.
struct Landed {
    flights: Arc<Flights>,
    name: String,
}

impl Drop for Landed {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_waited_for_and_not_done_again() {
        let (flights, tasks) = (Arc::new(Flights::default()), TaskTracker::new());
        let done = Arc::new(AtomicUsize::new(0));
        let work = || {
            let done = done.clone();
            async move {
                sleep(Duration::from_secs(1)).await;
                done.fetch_add(1, Ordering::SeqCst);
            }
        };
        let one = flights.join(&tasks, "a".to_owned(), work());
        let same = flights.join(&tasks, "a".to_owned(), work());
        let other = flights.join(&tasks, "b".to_owned(), work());
        tokio::join!(one, same, other);
        assert_eq!(done.load(Ordering::SeqCst), 2);
        // What nobody waits for comes to its end all the same.
        drop(
            tokio::time::timeout(Duration::ZERO, flights.join(&tasks, "a".to_owned(), work()))
                .await,
        );
        tasks.close();
        tasks.wait().await;
        assert_eq!(done.load(Ordering::SeqCst), 3);
        assert!(flights.lock().is_empty());
    }

    #[tokio::test]
    async fn work_that_panics_makes_room_as_well() {
        let (flights, tasks) = (Arc::new(Flights::default()), TaskTracker::new());
        flights
            .join(&tasks, "a".to_owned(), async { panic!("on purpose") })
            .await;
        assert!(flights.lock().is_empty());
    }
}
