//! Taking a request and answering it, whatever happens on the way.
//!
//! There are two lanes. Express workers pull requests from tiny_http and answer what cannot block
//! on the spot. A body still to be read, a reply larger than a socket takes at once, or a list to
//! be put together goes over a bounded queue to the bulk workers, so that slow clients can only
//! slow each other. When that queue is full the answer is 503.

use std::io::Write;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use log::{error, info, warn};
use tiny_http::Request;

use super::body::{self, Extent, Unread};
use super::shared::{InBulk, Parked, Shared, lock};
use super::sockets::Connection;
use super::wire::{self, Manner, Writer};
use crate::deployment::{Phase, Ticket};
use crate::exchange::{Answer, Call, Reply, Triage, Work};
use crate::vitals::{Counted, count};

/// Replies up to this size fit into the send buffer of an idle socket, so writing one does not
/// wait for the client.
const EXPRESS_REPLY_BYTES_MAX: usize = 64 << 10;

/// How long a client that was refused may go on sending before its connection is closed.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(1);

/// Business requests that were refused should come back this much later, in seconds: by then a
/// balancer has noticed, and another instance answers.
const RETRY_AFTER_SECONDS: u64 = 1;

/// How often an idle worker looks whether the server stops. Waiting with a timeout also tells an
/// unblocked wait from a dead socket, which tiny_http's `recv` does not.
const WAIT: Duration = Duration::from_secs(1);

/// A request on its way to its reply. The ticket travels with it.
pub struct Job {
    pub request: Request,
    pub triage: Triage,
    pub taken_at: Instant,
    step: Step,
    /// Both are held for as long as the job lives, which is until its last byte is written.
    ticket: Option<Ticket>,
    in_bulk: Option<InBulk>,
}

impl Job {
    pub fn peer(&self) -> SocketAddr {
        wire::peer(&self.request)
    }
}

/// What is left to do.
enum Step {
    /// Read the body if it is not here, and answer.
    Answer,
    /// Send a reply that is ready.
    Send(Reply),
    /// Say this, without reading the body, and hang up.
    HangUp(Reply),
}

/// Which requests a worker is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Those that cannot block.
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

    /// Takes requests from tiny_http until the server stops. `number` is the worker's among those
    /// of its lane.
    pub fn run_express(mut self, number: usize, http: &tiny_http::Server) {
        let shared = Arc::clone(&self.shared);
        while !shared.is_stopping() {
            match http.recv_timeout(WAIT) {
                Ok(Some(request)) => {
                    let _busy = Counted::in_gauge(&shared.vitals.express_busy);
                    *lock(&shared.in_hand[number]) = Some(wire::peer(&request));
                    self.survive(|worker| worker.take(request));
                    *lock(&shared.in_hand[number]) = None;
                }
                Ok(None) => {}
                Err(cause) => shared.accept_failed(&cause),
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
        }
    }

    /// Answers a request that was parked, now that the drain is over.
    pub fn answer_parked(&mut self, parked: Parked) {
        let Parked { job, body } = parked;
        self.survive(|worker| worker.answer(job, &body));
    }

    /// A panic outside the handler, where it is turned into a 500, must not end the worker.
    fn survive(&mut self, work: impl FnOnce(&mut Worker)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            count(&self.shared.vitals.panics);
        }
    }

    fn take(&mut self, request: Request) {
        let taken_at = Instant::now();
        let (path, query) = wire::target(&request);
        let triage = (self.shared.service.triage)(wire::method(&request), path, query);
        let mut job = Job {
            request,
            triage,
            taken_at,
            ticket: None,
            in_bulk: None,
            step: Step::Answer,
        };
        let extent = body::extent(&job.request, self.shared.limits.body_bytes_max);
        if triage.work != Work::Probe {
            match self.shared.admit(job.peer()) {
                Ok(ticket) => job.ticket = Some(ticket),
                Err(phase) => return self.refuse(job, &extent, refusal(phase)),
            }
        } else if self.shared.is_closing() {
            self.shared.release(job.peer());
        }
        match extent {
            Extent::TooLarge => {
                let reply = too_large(self.shared.limits.body_bytes_max);
                self.refuse(job, &Extent::TooLarge, reply);
            }
            Extent::Here if triage.work != Work::Heavy => self.proceed(job),
            extent => self.hand_over(job, &extent),
        }
    }

    fn proceed(&mut self, mut job: Job) {
        match std::mem::replace(&mut job.step, Step::Answer) {
            Step::Send(reply) => self.send(job, &reply),
            Step::HangUp(reply) => self.hang_up(job, &reply, GOODBYE_PATIENCE),
            Step::Answer => match body::read(&mut job.request, self.shared.limits.body_bytes_max) {
                Ok(body) => self.answer(job, &body),
                Err(Unread::TooLarge) => {
                    let reply = too_large(self.shared.limits.body_bytes_max);
                    self.record(&job, &reply);
                    self.hang_up(job, &reply, GOODBYE_PATIENCE);
                }
                Err(Unread::Incomplete) => {
                    let reply = Reply::detail(
                        400,
                        "The request body ended early or is not framed correctly; send as \
                             many bytes as Content-Length says, or valid chunks",
                    );
                    self.record(&job, &reply);
                    self.hang_up(job, &reply, Duration::ZERO);
                }
            },
        }
    }

    fn answer(&mut self, job: Job, body: &[u8]) {
        let call = call(&job.request, job.triage, body);
        let answer = catch_unwind(AssertUnwindSafe(|| (self.shared.service.answer)(&call)));
        let reply = match answer {
            Ok(Answer::Now(reply)) => reply,
            Ok(Answer::WhenDrained) => {
                match self.shared.park(Parked {
                    job,
                    body: body.to_vec(),
                }) {
                    Ok(()) => return,
                    Err(late) if self.shared.lifecycle.phase() == Phase::Stopped => {
                        return self.answer(late.job, &late.body);
                    }
                    Err(refused) => {
                        let detail = "Too many callers wait for the end of the drain; ask \
                                      GET /deployment/shutdown/status instead";
                        let reply = Reply::unavailable(detail, RETRY_AFTER_SECONDS);
                        self.record(&refused.job, &reply);
                        return self.send(refused.job, &reply);
                    }
                }
            }
            Err(_) => {
                count(&self.shared.vitals.panics);
                error!("the handler of {:?} panicked", call.path);
                Reply::detail(
                    500,
                    "The service failed to answer this request; it was logged",
                )
            }
        };
        self.record_call(&call, job.taken_at, &reply);
        self.send_or_hand_over(job, reply);
    }

    fn send_or_hand_over(&mut self, mut job: Job, reply: Reply) {
        if self.lane == Lane::Express && reply.body.as_bytes().len() > EXPRESS_REPLY_BYTES_MAX {
            job.step = Step::Send(reply);
            return self.hand_over(job, &Extent::Here);
        }
        self.send(job, &reply);
    }

    /// Writes the reply: one buffer and one system call, unless the body is large.
    fn send(&mut self, job: Job, reply: &Reply) {
        let peer = job.peer();
        let manner = Manner::of(&job.request, self.shared.is_closing());
        self.head.clear();
        self.writer.head(reply, &manner, &mut self.head);
        let body = Writer::body(reply, &manner);
        let mut stream = job.request.into_writer();
        let sent = if body.len() <= EXPRESS_REPLY_BYTES_MAX {
            self.head.extend_from_slice(body);
            stream.write_all(&self.head)
        } else {
            stream
                .write_all(&self.head)
                .and_then(|()| stream.write_all(body))
        };
        // A client that has gone is not our failure; the ticket is given back either way.
        let _ = sent.and_then(|()| stream.flush());
        if self.shared.is_closing() {
            // The drain may have held a place for the very request that is answered now.
            self.shared.release(peer);
        }
    }

    /// Gives a job to the bulk workers, or refuses it when they have enough.
    fn hand_over(&mut self, job: Job, extent: &Extent) {
        let Some(job) = self.try_bulk(job) else {
            return;
        };
        count(&self.shared.vitals.bulk_refused);
        let reply = Reply::unavailable("Too many requests at once; try again", RETRY_AFTER_SECONDS);
        self.record(&job, &reply);
        match extent {
            Extent::Here => self.send(job, &reply),
            _ => self.hang_up(job, &reply, Duration::ZERO),
        }
    }

    /// Refuses a request. If some of its body is still to come the connection cannot go on: where
    /// the body ends and the next request starts is known only to who reads it.
    fn refuse(&mut self, mut job: Job, extent: &Extent, reply: Reply) {
        self.record(&job, &reply);
        if *extent == Extent::Here {
            return self.send(job, &reply);
        }
        job.step = Step::HangUp(reply);
        if let Some(mut job) = self.try_bulk(job)
            && let Step::HangUp(reply) = std::mem::replace(&mut job.step, Step::Answer)
        {
            // Nobody has time to wait for this client's goodbye.
            self.hang_up(job, &reply, Duration::ZERO);
        }
    }

    /// Queues a job for the bulk workers; gives it back when the queue is full.
    fn try_bulk(&self, mut job: Job) -> Option<Job> {
        job.in_bulk = Some(InBulk::note(&self.shared, job.peer(), job.triage.endpoint));
        let mut job = self.shared.bulk.try_send(job).err()?.into_inner();
        job.in_bulk = None;
        Some(job)
    }

    /// Answers past tiny_http, on the socket itself, and closes the connection before the request
    /// is dropped, so that what follows in the stream is never taken for another request.
    fn hang_up(&mut self, job: Job, reply: &Reply, patience: Duration) {
        let Job { request, .. } = &job;
        let last_words = self.writer.whole(reply, &Manner::of(request, true));
        if let Some(connection) = Connection::to(job.peer(), self.shared.own.port()) {
            connection.say_goodbye(&last_words, patience);
        }
        if !body::is_droppable(request) {
            count(&self.shared.vitals.quarantined);
            warn!(
                "a request that declares {:?} bytes is kept unread",
                request.body_length()
            );
            std::mem::forget(job.request);
        }
    }

    fn record(&self, job: &Job, reply: &Reply) {
        self.record_call(&call(&job.request, job.triage, &[]), job.taken_at, reply);
    }

    fn record_call(&self, call: &Call, taken_at: Instant, reply: &Reply) {
        let elapsed = taken_at.elapsed();
        (self.shared.service.record)(call, reply.status, elapsed);
        if self.shared.access_log {
            let ms = elapsed.as_secs_f64() * 1e3;
            // Debug form, so that control characters in a path cannot forge a log line. Without
            // the query, which may hold what was not meant for a log.
            info!(
                "{} {:?} {:?} {} {ms:.3} ms",
                call.peer, call.method, call.path, reply.status
            );
        }
    }
}

fn call<'a>(request: &'a Request, triage: Triage, body: &'a [u8]) -> Call<'a> {
    let (path, query) = wire::target(request);
    Call {
        method: wire::method(request),
        endpoint: triage.endpoint,
        path,
        query,
        headers: wire::headers(request),
        body,
        peer: wire::peer(request),
    }
}

/// Why business is not let in, in the phase it was found in.
pub fn refusal(phase: Phase) -> Reply {
    let detail = match phase {
        Phase::Starting => "Service is starting",
        _ => "Service is shutting down",
    };
    Reply::unavailable(detail, RETRY_AFTER_SECONDS)
}

fn too_large(bytes_max: usize) -> Reply {
    Reply::detail(
        413,
        &format!("The request body is larger than {bytes_max} bytes"),
    )
}
