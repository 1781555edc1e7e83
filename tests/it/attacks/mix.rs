//! All of it at once.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::wire::{Ends, connect, reset, volley};
use super::{Dice, Plan, floods, lies, nonsense, slow};

const PAUSE: Duration = Duration::from_millis(2);

/// Slow and idle clients in the background, and in front of them, one after the other, whatever the
/// dice say.
pub fn of_everything(plan: &Plan) -> Ends {
    let background: [fn(&Plan) -> Ends; 5] = [
        |plan| slow::some_heads(plan, 60),
        |plan| slow::some_bodies(plan, 24),
        |plan| slow::some_readers(plan, 24),
        |plan| floods::some_idle_connections(plan, 200),
        |plan| floods::pipelines(plan, 4, 5_000),
    ];
    let mut ends = Ends::default();
    thread::scope(|scope| {
        let attackers: Vec<_> = background
            .into_iter()
            .map(|attack| scope.spawn(move || attack(plan)))
            .chain([scope.spawn(|| by_the_dice(plan))])
            .collect();
        for attacker in attackers {
            ends.join(attacker.join().expect("attackers do not panic"));
        }
    });
    ends
}

fn by_the_dice(plan: &Plan) -> Ends {
    let mut dice = Dice::new(plan.seed);
    let mut ends = Ends::default();
    let until = Instant::now() + plan.hold;
    let mut abandoned: Vec<TcpStream> = Vec::new();
    while Instant::now() < until {
        // Not as fast as one can: nobody else would get to use the processors.
        thread::sleep(PAUSE);
        match dice.below(6) {
            0 => ends.join(floods::some_resets(plan, 12)),
            1 => abandoned.extend(connect(plan.address)),
            2 => abandoned.drain(..).for_each(reset),
            3 => {
                let wrong: Vec<Vec<u8>> = lies::lies().map(lies::declaring).collect();
                ends.join(volley(plan.address, &wrong, wrong.len()));
            }
            4 => abandoned.extend(unfinished(plan, &nonsense::some_noise(&mut dice))),
            _ => abandoned.extend(unfinished(plan, &nonsense::a_request_gone_wrong(&mut dice))),
        }
    }
    ends
}

/// A connection on which something was sent, and whose reply nobody waits for.
fn unfinished(plan: &Plan, bytes: &[u8]) -> Option<TcpStream> {
    let mut stream = connect(plan.address).ok()?;
    stream.write_all(bytes).ok()?;
    Some(stream)
}
