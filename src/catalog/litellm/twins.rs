//! Two keys of the map for one model of one provider: `deepseek-chat` and `deepseek/deepseek-chat`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::Facts;
use crate::catalog::rates::Rates;

/// An entry that is to become a model, or to join one.
#[derive(Debug)]
pub(super) struct Candidate {
    pub key: String,
    pub prefix: Option<String>,
    pub name: String,
    pub slug: String,
    pub provider: usize,
    pub facts: Facts,
    pub source: Option<Arc<str>>,
}

/// What has become of candidates that would share an id.
#[derive(Debug)]
pub(super) struct Named {
    pub id: String,
    pub keys: Vec<String>,
    pub candidate: Candidate,
}

/// How many twins were treated in which way.
#[derive(Debug, Default)]
pub(super) struct TwinCounts {
    pub merged: usize,
    pub completed: Vec<String>,
    pub marked: Vec<String>,
}

/// Gives every candidate its id. A bare key is first completed by its twin, as [`complete`] says. Twins
/// that then state the same facts become one model with two keys. Where they differ both stay, since each
/// key must be priced as it stands: the key with the provider's prefix gets the plain id, the bare one the
/// suffix `~bare`, one with a prefix of LiteLLM's own making a suffix of that prefix.
pub(super) fn name(candidates: Vec<Candidate>) -> (Vec<Named>, TwinCounts) {
    let mut by_id: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        let id = format!("{}/{}", candidate.slug, candidate.name);
        by_id
            .entry(id.to_ascii_lowercase())
            .or_default()
            .push(candidate);
    }
    let mut named: Vec<Named> = Vec::new();
    let mut counts = TwinCounts::default();
    for mut twins in by_id.into_values() {
        twins.sort_by_key(|twin| {
            (
                Reverse(twin.prefix.as_ref() == Some(&twin.slug)),
                twin.prefix.is_some(),
                twin.key.clone(),
            )
        });
        counts.completed.extend(complete(&mut twins));
        let first = named.len();
        for twin in twins {
            if let Some(same) = named[first..]
                .iter_mut()
                .find(|other| other.candidate.facts == twin.facts)
            {
                same.keys.push(twin.key);
                same.candidate.source = same.candidate.source.take().or(twin.source);
                counts.merged += 1;
                continue;
            }
            let mut id = format!("{}/{}", twin.slug, twin.name);
            if named.len() > first {
                id = format!("{id}~{}", twin.prefix.as_deref().unwrap_or("bare"));
                counts.marked.push(id.clone());
            }
            named.push(Named {
                id,
                keys: vec![twin.key.clone()],
                candidate: twin,
            });
        }
    }
    (named, counts)
}

/// Adds to bare keys the rates that only the twin with the provider's prefix states, unless a rate that both
/// state differs. LiteLLM itself prices such a bare key by the twin: `deepseek-chat` leaves out that cache
/// writes are free, `deepseek/deepseek-chat` says it. Gives the keys that have more rates now.
fn complete(twins: &mut [Candidate]) -> Vec<String> {
    let Some((prefixed, others)) = twins.split_first_mut() else {
        return Vec::new();
    };
    if prefixed.prefix.is_none() {
        return Vec::new();
    }
    let stated = &prefixed.facts.prices.rates;
    let mut completed = Vec::new();
    for bare in others.iter_mut().filter(|twin| twin.prefix.is_none()) {
        let rates = &mut bare.facts.prices.rates;
        if rates
            .iter()
            .any(|(key, rate)| stated.get(key).is_some_and(|other| other != rate))
        {
            continue;
        }
        let missing = stated.iter().filter(|(key, _)| rates.get(*key).is_none());
        let all: Vec<_> = rates.iter().chain(missing).collect();
        if all.len() > rates.iter().len() {
            // No key is in both parts, so that there is nothing to refuse.
            *rates = Rates::new(all).unwrap_or_default();
            completed.push(bare.key.clone());
        }
    }
    completed
}
