//! Claims about the program, made from outside: the real binary, a real socket, port 0.
//!
//! One binary for all of them, because linking is what takes the time.

/// What hostile clients do.
mod attacks;
/// Decimal numbers without floats.
mod decimal;
/// A server whose handlers tests can hold.
mod gated;
mod harness;
mod load;
/// What a call costs, worked out a second time from the published rules.
mod oracle;
/// Programs of others.
mod tools;

/// Who is let in: keys, tokens, and pages in browsers.
mod access;
/// A line of JSON for every request.
mod access_log;
/// Sockets that a service manager opened, and what it is told.
mod activation;
/// A second port for probes and orders.
mod admin_port;
/// What holds for every amount of money, tried on random texts.
mod amounts;
/// What is shipped for the places where the service runs.
mod artefacts;
/// Request bodies: size, framing, and what is said of those that are wrong.
mod bodies;
/// The committed catalogue, the importer and the check.
mod catalog;
/// What else can be done with catalogues, price maps and overrides.
mod catalog_tools;
/// A workload on every model there is.
mod cheapest;
/// The command line: what it teaches, and what it refuses to start with.
mod cli;
/// The commands besides serving, and their exit codes.
mod commands;
/// Completions for shells, and the manual pages.
mod completions;
/// Servers that get fewer descriptors or threads than they would like.
mod confinement;
/// Every v1 reply against the frozen types.
mod contract;
/// What is shipped of others' work.
mod dependencies;
/// How an instance is told to leave, and by whom.
mod deployment;
/// Every model and sixteen usages each, against a second calculation.
mod differential;
/// The documents: their commands are run, and what they name is there.
mod documents;
/// The life of an instance: what each phase answers, and that nothing is lost on the way out.
mod drain;
/// The large lists, compressed and conditional.
mod encodings;
/// What a call costs, by every name there is.
mod estimates;
/// What an estimate says of itself, and what is refused.
mod explained;
/// What can be asked of models: the four lists against the catalogue's own file.
mod filters;
/// Where a request ends, and that nothing is read out of one that was refused.
mod framing;
/// Deployments replaced under load behind real balancers.
mod handover;
/// Clients that want to bring the server down, and everybody else, who must not notice.
mod hostile;
/// Which deployment an instance says it belongs to.
mod identity;
/// The image on a real Docker engine.
mod image;
/// The in-flight gate under every interleaving of its threads.
mod interleavings;
/// Bodies no client in its right mind sends, and what they cost.
mod json_hygiene;
/// The four lists: who is in them, in which order.
mod lists;
/// The Model Context Protocol.
mod mcp;
/// What Prometheus is told, and what it is told to make of it.
mod metrics;
/// One model with everything known.
mod model;
/// What a name leads to, and what is said of one that leads nowhere.
mod names;
/// Money, digit by digit.
mod numbers;
/// The interface as the service describes it.
mod openapi;
/// More than the pool can do: what is refused, and that probes are answered all the same.
mod overload;
/// The pages for browsers, as they are sent.
mod pages;
/// A panic costs one reply, and an accept thread that dies costs no request.
mod panics;
/// `/performance`: scores, orders and winners.
mod performance;
/// What every endpoint answers in every phase.
mod phases;
/// An operator's own prices, from the start on.
mod price_files;
/// What holds for every usage, tried on random ones.
mod properties;
/// Queries no client in its right mind sends.
mod query_hygiene;
/// How often each client is let in.
mod rate_limit;
/// The reference of the interface, in a real browser: to be tried and to be read.
mod reference;
/// Price files that change while the service runs.
mod reload;
/// A new program in the same process.
mod renewal;
/// The ground rules: methods, paths, connections, and who answered.
mod replies;
/// Secrets in settings and files: what is refused, what is replaced, and that nobody sees them.
mod secrets;
/// Which models of a list are shown, in which order, and how many of them.
mod selection;
/// Names suggested for one that does not exist: of its version, of its family.
mod suggestions;
/// The tool that moves traffic from one colour to the other.
mod switch;
/// The units under a real systemd.
mod systemd;
/// Prices at the command line, for people and for programs.
mod tables;
/// What the service says was asked of it.
mod telemetry;
/// At a terminal a second signal means now.
mod terminal;
/// The arrows between the rooms, and the promises of the documents.
mod tidy;
/// The page for people, in a real browser.
mod ui;
/// The worked examples, to the last digit.
mod worked_examples;
