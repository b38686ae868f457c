//! Threads that do HTTP and nothing else. They touch no memory of the server's: jobs go in and answers come out by
//! value, and a file descriptor tells the main thread that there is something to take.

use super::client::{Answer, Client};
use super::endpoint::ApiStyle;
use super::fault::{Class, Fault};
use super::headers::RateLimits;
use super::os::{EventFd, SignalsBlocked, give_way};
use crate::error::{Error, Result};
use std::collections::VecDeque;
use std::os::fd::RawFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// More calls in flight than this help no one.
pub(crate) const THREADS_MAX: usize = 256;
/// TLS and the decoder of a reply need this much and no more.
const STACK_BYTES: usize = 512 * 1024;

pub(crate) struct Job {
    /// Given back with the answer.
    pub id: u64,
    pub style: ApiStyle,
    pub body: Vec<u8>,
    pub timeout: Duration,
}

pub(crate) struct Done {
    pub id: u64,
    pub answer: Answer,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    event: EventFd,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    done: Vec<Done>,
    closed: bool,
}

impl Shared {
    /// A thread that panicked while holding the lock leaves the queues whole: they are only pushed and taken.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Pool {
    shared: Arc<Shared>,
    client: Client,
    threads: usize,
}

impl Pool {
    /// Starts all threads at once, with every signal blocked in them. Where the system grants fewer, those do.
    pub fn new(client: Client, threads: usize) -> Result<Pool> {
        let failed = |e: std::io::Error| Error::internal(format!("could not start threads for HTTP: {}", e.kind()));
        let event = EventFd::new().map_err(failed)?;
        let shared = Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), event });
        let mut pool = Pool { shared, client, threads: 0 };
        let _signals = SignalsBlocked::new().map_err(failed)?;
        for number in 0..threads.clamp(1, THREADS_MAX) {
            let (shared, client) = (pool.shared.clone(), pool.client.clone());
            let thread = std::thread::Builder::new().name(format!("nlsql http {number}")).stack_size(STACK_BYTES);
            match thread.spawn(move || serve(&shared, &client)) {
                Ok(_) => pool.threads += 1,
                Err(error) if pool.threads == 0 => return Err(failed(error)),
                Err(_) => break,
            }
        }
        Ok(pool)
    }

    /// Threads that run, so calls that can be in flight.
    #[cfg(test)]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Readable while answers wait to be taken.
    pub fn fd(&self) -> RawFd {
        self.shared.event.fd()
    }

    /// One thread is woken, and each that takes a job wakes the next while there are more: it would cost the main
    /// thread more than all else about a call.
    pub fn send(&self, jobs: impl IntoIterator<Item = Job>) {
        self.shared.lock().jobs.extend(jobs);
        self.shared.work.notify_one();
    }

    /// All answers since the last look, in the order in which they came; never waits.
    pub fn take(&self) -> Vec<Done> {
        // the counter first: an answer that comes in between is taken now and announced once more
        self.shared.event.drain();
        std::mem::take(&mut self.shared.lock().done)
    }

    /// Whether there is anything to take.
    pub fn answers_wait(&self) -> bool {
        !self.shared.lock().done.is_empty()
    }

    /// Takes back what has not begun; the jobs' numbers.
    pub fn recall(&self) -> Vec<u64> {
        self.shared.lock().jobs.drain(..).map(|job| job.id).collect()
    }

    /// Forgets what has not begun and breaks what is in flight: those answers come as [`Class::Transport`] faults.
    pub fn abort(&self) {
        let mut state = self.shared.lock();
        state.jobs.clear();
        state.closed = true;
        drop(state);
        self.shared.work.notify_all();
        self.client.shutdown();
    }
}

impl Drop for Pool {
    /// Threads end by themselves: no one waits for a server that stalls.
    fn drop(&mut self) {
        self.abort();
    }
}

fn serve(shared: &Shared, client: &Client) {
    // the main thread has the more to do: where it has to wait for a processor, all calls wait for it
    give_way();
    loop {
        let mut state = shared.lock();
        let job = loop {
            if state.closed {
                return;
            }
            match state.jobs.pop_front() {
                Some(job) => break job,
                None => state = shared.work.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        let more = !state.jobs.is_empty();
        drop(state);
        if more {
            shared.work.notify_one();
        }
        let call = || client.call(job.style, &job.body, job.timeout);
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_or_else(|_| broken());
        let mut state = shared.lock();
        state.done.push(Done { id: job.id, answer });
        let first = state.done.len() == 1;
        drop(state);
        // the others are taken together with it
        if first {
            shared.event.notify();
        }
    }
}

/// The answer of a call whose thread panicked.
fn broken() -> Answer {
    Answer {
        result: Err(Fault::new(Class::Transport).note("the HTTP client failed")),
        status: None,
        request_id: None,
        latency: Duration::ZERO,
        limits: RateLimits::default(),
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
