//! Taking a request and answering it, whatever happens on the way.
//!
//! There are two lanes. Express workers pull requests from tiny_http and answer what takes
//! microseconds on the spot. A long body to be parsed, a long reply to be sent, or a list to be put
//! together goes over a bounded queue to the bulk workers. When that queue is full the answer is
//! 503. Neither ever waits for a client: the door has received the request before, and the courier
//! finishes what a client does not take at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use log::error;
use tiny_http::Request;

use super::connection::Turn;
use super::courier::{Parcel, Progress};
use super::received::Received;
use super::refusal;
use super::shared::{Shared, lock};
use super::wire::{self, Manner, Writer};
use crate::deployment::{Phase, Ticket};
use crate::exchange::{Answer, Body, Call, Reply, Triage, Work};
use crate::vitals::{Counted, count};

/// Longer bodies take long enough to parse to be left to the bulk workers.
const EXPRESS_BODY_BYTES_MAX: usize = 1_024;

/// So do longer replies to be sent.
const EXPRESS_REPLY_BYTES_MAX: usize = 64 << 10;

/// How long a bulk worker waits for a client to take its reply before the courier does.
const CLIENT_PATIENCE: Duration = Duration::from_millis(20);

/// How often an idle worker looks whether the server stops.
const WAIT: Duration = Duration::from_secs(1);

/// The same while the connections of a past tiny_http server are served on.
const WAIT_BESIDE_ANOTHER: Duration = Duration::from_millis(5);

/// A request on its way to its reply. The ticket travels with it.
pub struct Job {
    /// First, so that it is dropped first: a request that is dropped unanswered makes tiny_http send
    /// a 500 of its own, which must find the connection closed.
    turn: Turn,
    request: Request,
    triage: Triage,
    taken_at: Instant,
    step: Step,
    /// Held for as long as the job lives, which is until its last byte is written.
    ticket: Option<Ticket>,
}

/// What is left to do.
enum Step {
    Answer,
    /// Send a reply that is ready.
    Send(Reply, Manner),
}

/// Which requests a worker is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Those that take microseconds.
    Express,
    /// All others.
    Bulk,
}

pub struct Worker {
    shared: Arc<Shared>,
    writer: Writer,
    head: Vec<u8>,
    lane: Lane,
}

impl Worker {
    pub fn new(shared: Arc<Shared>, lane: Lane) -> Worker {
        let writer = Writer::new(shared.standing_headers.clone());
        Worker {
            shared,
            writer,
            head: Vec::with_capacity(1_024),
            lane,
        }
    }

    /// Takes requests from tiny_http until the server stops.
    pub fn run_express(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut fronts = Fronts::default();
        while !shared.is_stopping() {
            fronts.update(&shared);
            if let Some(request) = fronts.next() {
                let _busy = Counted::in_gauge(&shared.vitals.express_busy);
                self.survive(|worker| worker.take(request));
                count(&shared.vitals.express_done);
            }
        }
    }

    /// Works off the bulk queue until the server stops.
    pub fn run_bulk(mut self, jobs: &crossbeam_channel::Receiver<Job>) {
        let vitals = Arc::clone(&self.shared.vitals);
        while !self.shared.is_stopping() {
            let Ok(job) = jobs.recv_timeout(WAIT) else {
                continue;
            };
            let _busy = Counted::in_gauge(&vitals.bulk_busy);
            self.survive(|worker| worker.proceed(job));
            count(&vitals.bulk_done);
        }
    }

    /// Answers a request that was parked, now that the drain is over.
    pub fn answer_parked(&mut self, job: Job) {
        self.survive(|worker| worker.answer(job));
    }

    /// A panic outside the handler, where it is turned into a 500, must not end the worker.
    fn survive(&mut self, work: impl FnOnce(&mut Worker)) {
        let shared = Arc::clone(&self.shared);
        shared.survive(|| work(self));
    }

    fn take(&mut self, request: Request) {
        let taken_at = Instant::now();
        let Some(connection) = self.shared.connections.find(wire::peer(&request)) else {
            // Its thread has panicked, and the connection is gone.
            return;
        };
        let turn = Turn::take(connection);
        let (path, query) = wire::target(&request);
        let triage = (self.shared.service.triage)(wire::method(&request), path, query);
        let mut job = Job {
            turn,
            request,
            triage,
            taken_at,
            ticket: None,
            step: Step::Answer,
        };
        let connection = job.turn.connection();
        if triage.work == Work::Probe {
            // The drain may have kept a place, not knowing that it is for a probe.
            drop(connection.take_place());
        } else {
            match self.shared.admit(connection) {
                Ok(ticket) => {
                    connection.set_in_flight(triage.endpoint);
                    job.ticket = Some(ticket);
                }
                Err(phase) => return self.refuse(job, refusal(phase)),
            }
        }
        let is_short = lock(&connection.received).body().len() <= EXPRESS_BODY_BYTES_MAX;
        if is_short && triage.work != Work::Heavy {
            self.proceed(job);
        } else {
            self.hand_over(job);
        }
    }

    fn proceed(&mut self, mut job: Job) {
        match std::mem::replace(&mut job.step, Step::Answer) {
            Step::Send(reply, manner) => self.send(job, reply, manner),
            Step::Answer => self.answer(job),
        }
    }

    fn answer(&mut self, job: Job) {
        match self.ask(&job) {
            Some((reply, manner)) => self.send_or_hand_over(job, reply, manner),
            None => self.park(job),
        }
    }

    /// What the service says; `None` when it will say something at the end of the drain.
    fn ask(&self, job: &Job) -> Option<(Reply, Manner)> {
        let received = lock(&job.turn.connection().received);
        let call = call(&job.request, job.triage, &received);
        let answer = catch_unwind(AssertUnwindSafe(|| (self.shared.service.answer)(&call)));
        let reply = match answer {
            Ok(Answer::Now(reply)) => reply,
            Ok(Answer::WhenDrained) => return None,
            Err(_) => {
                count(&self.shared.vitals.panics);
                error!("the handler of {:?} panicked", call.path);
                Reply::detail(
                    500,
                    "The service failed to answer this request; it was logged",
                )
            }
        };
        (self.shared.service.record)(&call, &reply, job.taken_at.elapsed());
        Some((reply, Manner::of(&call)))
    }

    fn park(&mut self, job: Job) {
        match self.shared.park(job) {
            Ok(()) => {}
            Err(late) if self.shared.lifecycle.phase() == Phase::Stopped => self.answer(*late),
            Err(refused) => {
                let detail = "Too many callers wait for the end of the drain; ask \
                              GET /deployment/shutdown/status instead";
                let reply = Reply::unavailable(detail, super::RETRY_AFTER_SECONDS);
                self.refuse(*refused, reply);
            }
        }
    }

    fn send_or_hand_over(&mut self, mut job: Job, reply: Reply, manner: Manner) {
        if self.lane == Lane::Express && reply.body.as_bytes().len() > EXPRESS_REPLY_BYTES_MAX {
            job.step = Step::Send(reply, manner);
            return self.hand_over(job);
        }
        self.send(job, reply, manner);
    }

    /// Gives a job to the bulk workers, or refuses it when they have enough.
    fn hand_over(&mut self, job: Job) {
        let Err(full) = self.shared.bulk.try_send(job) else {
            return;
        };
        count(&self.shared.vitals.bulk_refused);
        let reply = Reply::unavailable(
            "Too many requests at once; try again",
            super::RETRY_AFTER_SECONDS,
        );
        self.refuse(full.into_inner(), reply);
    }

    /// Answers without asking the service.
    fn refuse(&mut self, job: Job, reply: Reply) {
        let manner = {
            let received = lock(&job.turn.connection().received);
            let call = call(&job.request, job.triage, &received);
            (self.shared.service.record)(&call, &reply, job.taken_at.elapsed());
            Manner::of(&call)
        };
        self.send(job, reply, manner);
    }

    /// Sends the reply: one buffer and one system call, unless the body is large.
    fn send(&mut self, job: Job, reply: Reply, manner: Manner) {
        let connection = job.turn.connection();
        // A connection of a past server ends with this reply, so that the server can.
        let closing = self.shared.is_closing() || self.shared.is_past(connection.generation);
        let manner = manner.on_connection(connection.persistence(), closing);
        self.head.clear();
        self.writer.head(&reply, &manner, &mut self.head);
        let without_body = Writer::body(&reply, &manner).is_empty();
        let mut body = reply.body;
        if !without_body && body.as_bytes().len() <= EXPRESS_REPLY_BYTES_MAX {
            self.head.extend_from_slice(body.as_bytes());
            body = Body::Own(Vec::new());
        }
        // tiny_http's way to write is not taken, since it may wait for the client. It is told that
        // the reply was sent by dropping it.
        drop(job.request.into_writer());
        let mut parcel = Parcel {
            turn: job.turn,
            ticket: job.ticket,
            head: std::mem::take(&mut self.head),
            body,
            sent: 0,
            without_body,
        };
        let progress = match self.lane {
            Lane::Express => parcel.send(),
            Lane::Bulk => parcel.send_patiently(CLIENT_PATIENCE),
        };
        match progress {
            Progress::Over => {
                self.head = std::mem::take(&mut parcel.head);
                parcel.settle();
            }
            // The courier has no limit of its own: there is one parcel at most for a connection.
            Progress::Full => drop(self.shared.courier.send(parcel)),
        }
    }
}

/// The tiny_http servers to take requests from: the one in front, and those before it that still have
/// connections.
#[derive(Default)]
struct Fronts {
    present: Option<(Arc<tiny_http::Server>, usize)>,
    past: Vec<(Arc<tiny_http::Server>, usize)>,
}

impl Fronts {
    fn update(&mut self, shared: &Shared) {
        let generation = self.present.as_ref().map(|(_, generation)| *generation);
        if generation != Some(shared.generation()) {
            let before = std::mem::replace(&mut self.present, shared.front());
            self.past.extend(before);
        }
        if !self.past.is_empty() {
            let all = shared.connections.all();
            self.past
                .retain(|(_, past)| all.iter().any(|c| c.generation == *past));
        }
    }

    fn next(&self) -> Option<Request> {
        for (http, _) in &self.past {
            if let Ok(Some(request)) = http.try_recv() {
                return Some(request);
            }
        }
        let wait = match self.past.is_empty() {
            true => WAIT,
            false => WAIT_BESIDE_ANOTHER,
        };
        // An error is tiny_http's word for the end of its accept thread, which the warden sees.
        let (http, _) = self.present.as_ref()?;
        http.recv_timeout(wait).ok().flatten()
    }
}

fn call<'a>(request: &'a Request, triage: Triage, received: &'a Received) -> Call<'a> {
    let (path, query) = wire::target(request);
    Call {
        method: wire::method(request),
        endpoint: triage.endpoint,
        path,
        query,
        headers: received.headers(),
        body: received.body(),
        peer: wire::peer(request),
    }
}
