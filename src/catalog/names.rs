//! From a name a client sent to the model it means.
//!
//! A hash table with open addressing that stores no text: an entry is a model and which of its names this
//! is, and a probe compares with that name. Ten thousand names take 256 kB, and a look-up allocates
//! nothing whatever the case of the text. The hash need not resist attack, since clients never add to the
//! table and probes are short by its load of at most one half.

use super::model::Model;

/// The table; it belongs to the models it was built from, in their order.
#[derive(Debug)]
pub(super) struct Names {
    slots: Box<[Option<Claim>]>,
}

/// A model's claim to one of its names.
#[derive(Clone, Copy, Debug)]
struct Claim {
    model: u32,
    by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    V1,
    Key(u8),
    Id,
    Name,
    /// Several models have this name and none a better claim to it, so it finds none of them.
    SharedName,
}

impl Names {
    /// Gives each name to one model: v1's names first, then the map's keys, the ids, and last the model
    /// names that only one model has.
    pub fn new(models: &[Model]) -> Names {
        let claims = models
            .iter()
            .map(|model| 3 + model.keys.len())
            .sum::<usize>();
        let mut names = Names {
            slots: vec![None; (claims * 2).next_power_of_two()].into_boxed_slice(),
        };
        let numbered = || (0u32..).zip(models);

        let mut of_v1: Vec<_> = numbered()
            .filter_map(|(at, model)| Some((model.v1.as_ref()?.position, at)))
            .collect();
        of_v1.sort_unstable();
        for (_, model) in of_v1 {
            names.claim(models, Claim { model, by: By::V1 });
        }
        for (model, keys) in numbered().map(|(at, model)| (at, &model.keys)) {
            for (key, _) in (0..=u8::MAX).zip(keys) {
                names.claim(
                    models,
                    Claim {
                        model,
                        by: By::Key(key),
                    },
                );
            }
        }
        for (model, _) in numbered() {
            names.claim(models, Claim { model, by: By::Id });
        }
        for (model, _) in numbered() {
            names.claim(
                models,
                Claim {
                    model,
                    by: By::Name,
                },
            );
        }
        names
    }

    /// Enters the claim unless the name is taken. Two equal claims by model name cancel each other.
    fn claim(&mut self, models: &[Model], claim: Claim) {
        let Some(text) = claim.text(models) else {
            return;
        };
        let slot = self.slot(models, text);
        match &mut self.slots[slot] {
            Some(held) if held.by == By::Name && claim.by == By::Name => held.by = By::SharedName,
            Some(_) => {}
            free => *free = Some(claim),
        }
    }

    /// The position of the model which this text names, ignoring ASCII case.
    pub fn find(&self, models: &[Model], text: &str) -> Option<usize> {
        self.slots[self.slot(models, text)]
            .filter(|claim| claim.by != By::SharedName)
            .map(|claim| claim.model as usize)
    }

    /// The slot that holds the text, or the free one where it would go. There always is one, because the
    /// table is at most half full.
    fn slot(&self, models: &[Model], text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = folded_hash(text) as usize & mask;
        while let Some(claim) = self.slots[slot] {
            if claim
                .text(models)
                .is_some_and(|held| held.eq_ignore_ascii_case(text))
            {
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
            By::V1 => model.v1.as_ref().map(|v1| &*v1.name),
            By::Key(key) => model.keys.get(usize::from(key)).map(|key| &**key),
            By::Id => Some(&model.id),
            By::Name | By::SharedName => Some(&model.name),
        }
    }
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
