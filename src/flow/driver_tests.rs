use super::*;
use crate::flow::setup::Knobs;
use crate::flow::tests::setup;
use crate::llm::client::Client;
use crate::llm::endpoint::Endpoint;
use crate::llm::headers::RateLimits;
use crate::llm::pool::{Job, Pool};
use crate::llm::price::Price;
use crate::llm::test_server::{Server, Step, Together, completion, http};
use crate::llm::wire::{Finish, Reply};
use crate::plan::Phase;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

fn terms(parallelism: usize) -> Terms {
    Terms { parallelism, ..Terms::default() }
}

fn joins() -> Rc<Setup> {
    Rc::new(setup(Phase::Joins, Knobs { answers: 1, ..Knobs::default() }))
}

fn spec(number: u64) -> Spec {
    Spec { number, quota: 1, ..Spec::default() }
}

fn good(usage: Usage) -> Answer {
    let text = r#"{"pairs":[{"question":"How many?","sql":"SELECT 1","evidence":""}]}"#;
    let reply =
        Reply { text: text.into(), tool_calls: Vec::new(), finish: Finish::Stop, refused: false, usage, model: None };
    answer(Ok(reply))
}

fn answer(result: Result<Reply, Fault>) -> Answer {
    Answer { result, status: None, request_id: None, latency: Duration::ZERO, limits: RateLimits::default() }
}

#[test]
fn the_first_call_goes_alone_and_a_wrong_key_costs_one_request() {
    let mut driver = Driver::new(terms(8), Lessons::default(), 0);
    for n in 0..8 {
        driver.add(n, spec(n as u64), joins(), 0);
    }
    let batch = driver.batch(0);
    assert_eq!(batch.sends.len(), 1);
    driver.answered(batch.sends[0].call, answer(Err(Fault::new(Class::Auth))), 10);
    let batch = driver.batch(10);
    assert!(matches!(batch.stop, Some(Stop::Failed { reason: "auth", .. })));
    assert_eq!((batch.sends.len(), batch.finished.len(), batch.records.len()), (0, 8, 1));
    assert!(driver.idle() && driver.room() == 0);
}

#[test]
fn after_the_first_success_all_go() {
    let mut driver = Driver::new(terms(8), Lessons::default(), 0);
    for n in 0..8 {
        driver.add(n, spec(n as u64), joins(), 0);
    }
    let call = driver.batch(0).sends[0].call;
    driver.answered(call, good(Usage::default()), 5);
    let checks = driver.checks();
    assert_eq!(checks.len(), 1);
    driver.checked(checks[0].task, vec![Verdict::default()], 5);
    let batch = driver.batch(5);
    assert_eq!((batch.sends.len(), batch.finished.len()), (7, 1));
    assert_eq!(driver.in_flight(), 7);
    assert_eq!(driver.room(), 9, "twice as many tasks as calls");
}

#[test]
fn a_budget_is_never_passed() {
    let price = Price::per_million("1", None, "4").unwrap();
    let budget = Usd::parse("0.10").unwrap();
    let mut driver = Driver::new(
        Terms { price: Some(price), budget: Some(budget), proved: true, ..terms(16) },
        Lessons::default(),
        0,
    );
    let mut next = 0;
    let mut in_flight: VecDeque<(u64, Usd, u64)> = VecDeque::new();
    let mut spent = Usd::ZERO;
    let mut stopped = false;
    for now in 0..100_000u64 {
        while driver.room() > 0 {
            driver.add(next, spec(next as u64), joins(), now);
            next += 1;
        }
        let batch = driver.batch(now);
        for send in batch.sends {
            in_flight.push_back((send.call, send.reserved.unwrap(), send.body.len() as u64));
        }
        let held = in_flight.iter().fold(Usd::ZERO, |sum, (_, reserved, _)| sum + *reserved);
        assert!(spent + held <= budget, "{spent} + {held}");
        if matches!(batch.stop, Some(Stop::Budget)) {
            stopped = true;
            break;
        }
        // a server that answers as long as it may
        let (call, _, bytes) = in_flight.pop_front().unwrap();
        let usage = Usage { prompt: Some(bytes / 4), cached: None, completion: Some(1536), reasoning: None };
        spent += price.cost(&usage).unwrap();
        driver.answered(call, good(usage), now);
        for check in driver.checks() {
            driver.checked(check.task, vec![Verdict::default()], now);
        }
    }
    assert!(stopped && in_flight.is_empty());
    assert!(spent > Usd::parse("0.08").unwrap(), "{spent} of {budget} was used");
}

#[test]
fn calls_that_may_have_been_billed_are_charged() {
    let price = Price::per_million("1", None, "4").unwrap();
    let charged = |result: Result<Reply, Fault>| {
        let mut driver = Driver::new(Terms { price: Some(price), ..terms(1) }, Lessons::default(), 0);
        driver.add(1, spec(1), joins(), 0);
        let send = driver.batch(0).sends.remove(0);
        driver.answered(send.call, answer(result), 0);
        let record = driver.batch(0).records.remove(0);
        (record.usd.unwrap(), send.reserved.unwrap())
    };
    let (usd, reserved) = charged(Err(Fault::new(Class::Timeout)));
    assert_eq!(usd, reserved);
    let (usd, _) = charged(Err(Fault::new(Class::Server)));
    assert_eq!(usd, Usd::ZERO);
    let (usd, reserved) = charged(good(Usage::default()).result);
    assert_eq!(usd, reserved, "no usage in the answer");
}

#[test]
fn retries_wait_for_their_time_and_limits_hold_for_all() {
    let mut driver = Driver::new(Terms { proved: true, ..terms(2) }, Lessons::default(), 0);
    driver.add(1, spec(1), joins(), 0);
    let call = driver.batch(0).sends[0].call;
    let fault = Fault { retry_after: Some(Duration::from_secs(2)), ..Fault::new(Class::RateLimit) };
    driver.answered(call, answer(Err(fault)), 100);
    driver.add(2, spec(2), joins(), 100);
    assert!(driver.proved() && !driver.succeeded(), "a limit says nothing new of the key");
    assert!(driver.batch(100).sends.is_empty(), "the other task waits too");
    let wake = driver.wake_at(100).unwrap();
    assert_eq!(wake, 2100);
    assert!(driver.batch(wake - 1).sends.is_empty());
    assert_eq!(driver.batch(wake).sends.len(), 2);
}

#[test]
fn many_faults_in_a_row_send_one_call_at_a_time() {
    let mut driver = Driver::new(Terms { proved: true, ..terms(16) }, Lessons::default(), 0);
    for n in 0..16 {
        driver.add(n, spec(n as u64), joins(), 0);
    }
    for send in driver.batch(0).sends {
        driver.answered(send.call, answer(Err(Fault::new(Class::Transport))), 1);
    }
    let sends = driver.batch(10_000).sends;
    assert_eq!(sends.len(), 1);
    driver.answered(sends[0].call, good(Usage::default()), 10_000);
    assert_eq!(driver.batch(10_000).sends.len(), 15);
}

#[test]
fn spare_calls_are_handed_out_and_taken_back() {
    let mut driver = Driver::new(Terms { proved: true, spare: 2, ..terms(4) }, Lessons::default(), 0);
    for n in 0..8 {
        driver.add(n, spec(n as u64), joins(), 0);
    }
    let sends = driver.batch(0).sends;
    assert_eq!(sends.len(), 6);
    assert!(!driver.holds_back(0));
    let bodies: Vec<Vec<u8>> = sends[4..].iter().map(|s| s.body.clone()).collect();
    driver.answered(sends[0].call, good(Usage::default()), 1);
    assert!(driver.can_wait(1), "a spare one has begun in its place");
    let fault = Fault { retry_after: Some(Duration::from_secs(2)), ..Fault::new(Class::RateLimit) };
    driver.answered(sends[1].call, answer(Err(fault)), 1);
    assert!(driver.holds_back(1));
    driver.recalled(sends[5].call);
    driver.recalled(sends[4].call);
    let batch = driver.batch(1);
    assert_eq!((batch.recalled, batch.sends.len()), (vec![sends[5].call, sends[4].call], 0));
    assert_eq!(driver.in_flight(), 2);
    let again: Vec<Vec<u8>> = driver.batch(2001).sends.into_iter().map(|s| s.body).collect();
    assert_eq!(again[..2], bodies, "in the same order as before");
}

#[test]
fn an_endpoint_that_is_not_there_fails_the_run() {
    let mut driver = Driver::new(terms(4), Lessons::default(), 0);
    let mut now = 0;
    let mut calls = 0;
    for n in 0..100 {
        while driver.room() > 0 {
            driver.add(n * 100 + driver.room() as i64, spec(1), joins(), now);
        }
        now = driver.wake_at(now).unwrap_or(now).max(now + 1);
        let batch = driver.batch(now);
        if let Some(Stop::Failed { reason, .. }) = batch.stop {
            assert_eq!(reason, "endpoint");
            assert!((30..60).contains(&calls), "{calls}");
            return;
        }
        for send in batch.sends {
            calls += 1;
            driver.answered(send.call, answer(Err(Fault::new(Class::Transport))), now);
        }
    }
    panic!("it goes on for ever");
}

#[test]
fn cancel_ends_everything_at_once() {
    let mut driver = Driver::new(Terms { proved: true, ..terms(4) }, Lessons::default(), 0);
    for n in 0..4 {
        driver.add(n, spec(n as u64), joins(), 0);
    }
    let sends = driver.batch(0).sends;
    driver.cancel(1);
    let batch = driver.batch(1);
    assert_eq!((batch.finished.len(), batch.sends.len()), (4, 0));
    assert!(batch.finished.iter().all(|(_, o)| o.end == End::Cancelled));
    driver.answered(sends[0].call, good(Usage::default()), 2);
    assert_eq!(driver.batch(2).records.len(), 1, "a late answer still counts");
    assert_eq!(driver.lose_calls().len(), 3);
    assert!(driver.idle());
}

#[test]
fn what_is_to_be_written_waits_only_for_a_call_that_is_out() {
    let mut driver = Driver::new(Terms { proved: true, ..terms(1) }, Lessons::default(), 0);
    assert!(driver.is_hungry());
    for n in 0..2 {
        driver.add(n, spec(n as u64), joins(), 0);
    }
    assert!(!driver.can_wait(0) && !driver.is_hungry(), "a call may start, and there is another");
    let first = driver.batch(0).sends;
    assert!(driver.can_wait(0) && !driver.has_news());
    driver.answered(first[0].call, good(Usage::default()), 1);
    assert!(driver.has_news() && !driver.can_wait(1), "its place is free");
    let second = driver.batch(1).sends;
    for check in driver.checks() {
        driver.checked(check.task, vec![Verdict::default(); check.candidates.len()], 1);
    }
    assert!(driver.has_news() && driver.can_wait(1), "the task goes with the next call");
    driver.answered(second[0].call, good(Usage::default()), 2);
    assert!(!driver.can_wait(2), "nothing comes any more");
}

/// The loop of a worker, with a gate that lets everything pass.
fn run(server: &Server, driver: &mut Driver, threads: usize, tasks: i64) -> (usize, usize, Option<Stop>) {
    let endpoint = Endpoint { base_url: server.url(), ..Endpoint::default() };
    let pool = Pool::new(Client::new(&endpoint, None, threads).unwrap(), threads).unwrap();
    let started = Instant::now();
    let setup = joins();
    let (mut next, mut accepted, mut records, mut stop) = (0, 0, 0, None);
    loop {
        let now = started.elapsed().as_millis() as u64;
        assert!(now < 60_000, "it has to end");
        for done in pool.take() {
            driver.answered(done.id, done.answer, now);
        }
        while driver.room() > 0 && next < tasks {
            driver.add(next, spec(next as u64), setup.clone(), now);
            next += 1;
        }
        loop {
            let checks = driver.checks();
            if checks.is_empty() {
                break;
            }
            for check in checks {
                driver.checked(check.task, vec![Verdict::default(); check.candidates.len()], now);
            }
        }
        let batch = driver.batch(now);
        records += batch.records.len();
        accepted += batch.finished.iter().map(|(_, o)| o.accepted.len()).sum::<usize>();
        stop = batch.stop.or(stop);
        for send in batch.sends {
            pool.send([Job { id: send.call, style: send.style, body: send.body, timeout: Duration::from_secs(40) }]);
        }
        if driver.idle() && (next == tasks || driver.room() == 0) {
            return (accepted, records, stop);
        }
        let wait = driver.wake_at(now).map_or(1000, |at| at.saturating_sub(now).min(1000));
        let mut poll = libc::pollfd { fd: pool.fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid pollfd.
        unsafe { libc::poll(&raw mut poll, 1, wait as i32) };
    }
}

fn one_pair(number: usize) -> Vec<u8> {
    let text = format!(r#"{{"pairs":[{{"question":"What is {number}?","sql":"SELECT {number}","evidence":""}}]}}"#);
    http(200, "", &completion(&text))
}

#[test]
fn a_run_over_real_sockets_keeps_its_threads_busy() {
    // the first call goes alone; of the others none is answered before 32 are there, and so nine times
    let together = Together::new(32);
    let server = Server::start(move |number, _| {
        if (1..=9 * 32).contains(&number) {
            together.wait();
        }
        vec![Step::Send(one_pair(number))]
    });
    let mut driver = Driver::new(terms(32), Lessons::default(), 0);
    let (accepted, records, stop) = run(&server, &mut driver, 32, 320);
    assert_eq!((accepted, records, stop.is_none()), (320, 320, true));
    assert_eq!(server.count(), 320);
    assert_eq!(server.most_in_flight.load(Ordering::SeqCst), 32);
}

#[test]
fn a_run_with_faults_stores_each_pair_once() {
    let server = Server::start(|number, _| {
        let good = one_pair(number);
        match number % 10 {
            3 => vec![Step::Send(http(429, "retry-after-ms: 20\r\n", "{}"))],
            5 => vec![Step::Send(good[..good.len() / 2].to_vec()), Step::Close],
            7 => vec![Step::Send(http(500, "", "x"))],
            8 => vec![Step::Send(http(200, "", &completion("I would rather not")))],
            _ => vec![Step::Send(good)],
        }
    });
    let mut driver = Driver::new(terms(16), Lessons::default(), 0);
    let (accepted, records, stop) = run(&server, &mut driver, 16, 40);
    assert_eq!((accepted, stop.is_none()), (40, true));
    assert_eq!(records, server.count(), "every request is in the ledger");
}

#[test]
fn a_run_with_a_wrong_key_asks_once() {
    let server = Server::start(|_, _| vec![Step::Send(http(401, "", "{}"))]);
    let mut driver = Driver::new(terms(16), Lessons::default(), 0);
    let (accepted, records, stop) = run(&server, &mut driver, 16, 60);
    assert_eq!((accepted, records, server.count()), (0, 1, 1));
    assert!(matches!(stop, Some(Stop::Failed { reason: "auth", .. })));
}
