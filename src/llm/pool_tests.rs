use super::*;
use crate::llm::endpoint::Endpoint;
use crate::llm::test_server::{Server, Step, Together, completion, http};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Instant;

fn pool(server: &Server, threads: usize) -> Pool {
    let endpoint = Endpoint { base_url: server.url(), ..Endpoint::default() };
    Pool::new(Client::new(&endpoint, None, threads).unwrap(), threads).unwrap()
}

fn wait(pool: &Pool, millis: i32) -> bool {
    let mut poll = libc::pollfd { fd: pool.fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid pollfd.
    unsafe { libc::poll(&raw mut poll, 1, millis) == 1 }
}

fn job(id: u64) -> Job {
    Job { id, style: ApiStyle::Chat, body: b"{}".to_vec(), timeout: Duration::from_secs(40) }
}

fn send(pool: &Pool, id: u64) {
    pool.send([job(id)]);
}

#[test]
fn many_calls_at_once_and_every_answer_once() {
    // none is answered before all threads have one
    let together = Together::new(32);
    let server = Server::start(move |_, _| {
        together.wait();
        vec![Step::Send(http(200, "", &completion("hi")))]
    });
    let pool = pool(&server, 32);
    assert_eq!(pool.threads(), 32);
    // all in one go: each thread has to wake the next
    pool.send((0..320).map(job));
    let mut seen = BTreeSet::new();
    while seen.len() < 320 {
        assert!(wait(&pool, 30_000), "the descriptor announces answers");
        for done in pool.take() {
            assert!(done.answer.result.is_ok());
            assert!(seen.insert(done.id), "{} came twice", done.id);
        }
    }
    assert!(!wait(&pool, 0), "and nothing else");
    assert_eq!(server.most_in_flight.load(Ordering::SeqCst), 32);
}

#[test]
fn what_has_not_begun_is_given_back() {
    let together = std::sync::Arc::new(Together::new(2));
    let gate = together.clone();
    let server = Server::start(move |_, _| {
        gate.wait();
        vec![Step::Send(http(200, "", &completion("hi")))]
    });
    let pool = pool(&server, 1);
    (0..3).for_each(|id| send(&pool, id));
    while server.count() < 1 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(pool.recall(), [1, 2]);
    together.wait();
    assert!(wait(&pool, 30_000));
    let done: Vec<u64> = pool.take().iter().map(|d| d.id).collect();
    assert_eq!((done, server.count()), (vec![0], 1));
}

#[test]
fn dropping_the_pool_waits_for_no_one_and_breaks_calls() {
    let server = Server::start(|_, _| vec![Step::Sleep(10_000), Step::Close]);
    let pool = pool(&server, 4);
    (0..8).for_each(|id| send(&pool, id));
    while server.count() < 4 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let started = Instant::now();
    pool.abort();
    let mut broken = 0;
    while broken < 4 {
        assert!(wait(&pool, 8_000), "a broken call is announced");
        broken += pool.take().iter().filter(|d| d.answer.result.is_err()).count();
    }
    drop(pool);
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    assert_eq!(server.count(), 4, "what had not begun was never sent");
}
