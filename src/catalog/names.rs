//! From a name a client sent to the model it means.
//!
//! A hash table with open addressing that stores no text: an entry is a model and which of its names this
//! is, and a probe compares with that name. Beside each entry stand 16 bits of its name's hash, so that
//! hardly any other name is looked at on the way. Ten thousand names take 256 kB, and a look-up allocates
//! nothing whatever the case of the text. The hash need not resist attack, since clients never add to the
//! table and probes are short by its load of at most one half.

use super::first_party;
use super::model::Model;
use super::provider::Provider;
use super::resolve::Match;

/// The table; it belongs to the models it was built from, in their order.
#[derive(Debug)]
pub(super) struct Names {
    slots: Box<[Option<(Tag, Claim)>]>,
    /// For each model the next one whose name ends in the same segment, round to itself again.
    segment_rings: Box<[u32]>,
    /// For each model the next one with the same name, round to itself again.
    name_rings: Box<[u32]>,
}

/// The bits of a name's hash that do not choose its slot.
type Tag = u16;

/// A model's claim to one of its names.
#[derive(Clone, Copy, Debug)]
struct Claim {
    model: u32,
    by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    V1,
    /// A v1 name that is no key of the map, of a model the map has at its maker.
    V1AtMaker,
    Key(u8),
    Id,
    /// The last segment of the model's name, which other models may share.
    Segment,
    /// The whole name, of more than one segment, which other models may share.
    Name,
}

impl Names {
    /// Gives each name to one model: v1's names first, then the map's keys, and the ids. What is left
    /// of last segments and whole names goes to all models that have them.
    pub fn new(models: &[Model], providers: &[Provider]) -> Names {
        let claims = models
            .iter()
            .map(|model| 3 + model.keys.len())
            .sum::<usize>();
        let numbered = || (0u32..).zip(models);
        let alone: Box<[u32]> = numbered().map(|(at, _)| at).collect();
        let mut names = Names {
            slots: vec![None; (claims * 2).next_power_of_two()].into_boxed_slice(),
            segment_rings: alone.clone(),
            name_rings: alone,
        };

        let mut of_v1: Vec<_> = numbered()
            .filter_map(|(at, model)| Some((model.v1.as_ref()?, at, model)))
            .collect();
        of_v1.sort_unstable_by_key(|(v1, ..)| v1.position);
        for (v1, at, model) in of_v1 {
            let slug = &providers[usize::from(model.provider.0)].slug;
            let is_key = model.keys.contains(&v1.name);
            let by = if !is_key && first_party::sells(slug, model) {
                By::V1AtMaker
            } else {
                By::V1
            };
            names.claim(models, Claim { model: at, by });
        }
        for (model, keys) in numbered().map(|(at, model)| (at, &model.keys)) {
            for (key, _) in (0..=u8::MAX).zip(keys) {
                let by = By::Key(key);
                names.claim(models, Claim { model, by });
            }
        }
        for by in [By::Id, By::Segment, By::Name] {
            for (model, _) in numbered() {
                names.claim(models, Claim { model, by });
            }
        }
        names
    }

    /// Enters the claim unless the name is taken. Who comes too late for a segment or a name that is
    /// shared joins the ring of those who have it.
    fn claim(&mut self, models: &[Model], claim: Claim) {
        let Some(text) = claim.text(models) else {
            return;
        };
        let slot = self.slot(models, text);
        let Some((_, held)) = self.slots[slot] else {
            self.slots[slot] = Some((tag(folded_hash(text)), claim));
            return;
        };
        let ring = match (held.by, claim.by) {
            (_, By::Segment) if held.ends_in(models, text) => &mut self.segment_rings,
            (By::Name, By::Name) => &mut self.name_rings,
            _ => return,
        };
        if held.model != claim.model {
            ring.swap(held.model as usize, claim.model as usize);
        }
    }

    /// The position of the model to which this text belongs, ignoring ASCII case, and by what right.
    pub fn find(&self, models: &[Model], text: &str) -> Option<(usize, Match)> {
        let (_, claim) = self.slots[self.slot(models, text)]?;
        let is_same_case = claim.text(models) == Some(text);
        let by = match claim.by {
            By::V1AtMaker => Match::FirstParty,
            By::Segment | By::Name => return None,
            _ if is_same_case => Match::Exact,
            By::Id => Match::ProviderPrefix,
            By::V1 | By::Key(_) => Match::CaseInsensitive,
        };
        Some((claim.model as usize, by))
    }

    /// The positions, in order, of all models whose name ends in this segment, or is this text of
    /// several segments.
    pub fn sharing(&self, models: &[Model], text: &str) -> Vec<usize> {
        let Some((_, claim)) = self.slots[self.slot(models, text)] else {
            return Vec::new();
        };
        let ring = match claim.by {
            _ if claim.ends_in(models, text) => &self.segment_rings,
            By::Name => &self.name_rings,
            _ => return Vec::new(),
        };
        let mut positions = vec![claim.model as usize];
        let mut next = ring[claim.model as usize];
        while next != claim.model {
            positions.push(next as usize);
            next = ring[next as usize];
        }
        positions.sort_unstable();
        positions
    }

    /// The slot that holds the text, or the free one where it would go. There always is one, because the
    /// table is at most half full.
    fn slot(&self, models: &[Model], text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let hash = folded_hash(text);
        let mut slot = hash as usize & mask;
        while let Some((held_tag, claim)) = self.slots[slot] {
            let is_held = |held: &str| held.eq_ignore_ascii_case(text);
            if held_tag == tag(hash) && claim.text(models).is_some_and(is_held) {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }
}

impl Claim {
    fn text(self, models: &[Model]) -> Option<&str> {
        let model = &models[self.model as usize];
        match self.by {
            By::V1 | By::V1AtMaker => model.v1.as_ref().map(|v1| &*v1.name),
            By::Key(key) => model.keys.get(usize::from(key)).map(|key| &**key),
            By::Id => Some(&model.id),
            By::Segment => Some(model.last_segment()),
            By::Name => Some(&*model.name).filter(|name| name.contains('/')),
        }
    }

    /// Whether this is the last segment of the name of the claim's model.
    fn ends_in(self, models: &[Model], text: &str) -> bool {
        models[self.model as usize]
            .last_segment()
            .eq_ignore_ascii_case(text)
    }
}

fn tag(hash: u64) -> Tag {
    (hash >> (u64::BITS - Tag::BITS)) as Tag
}

/// FNV-1a (64 bit) over the bytes in ASCII lower case, with the high half folded in for a short mask.
fn folded_hash(text: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash = text.bytes().fold(OFFSET, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(PRIME)
    });
    hash ^ (hash >> 32)
}
