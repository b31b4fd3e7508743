//! Planted instructions: what is sent is read for the well-known ways to take a model over. A rule that is sure of itself
//! fires alone, others only together. What is quoted or told of weighs less than what is said: people must be able to talk
//! about all this.

mod languages;
mod plain;
mod rules;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use evenkeel_protocol::{Guard, GuardNotice};

use plain::Plain;
pub use rules::Rule;

/// From this weight on, what was found is told.
const ENOUGH: u32 = 10;

/// A blob of fewer letters hides no instruction.
const BLOB: usize = 40;

/// Of so many blobs of a text is looked at what they hide.
const BLOBS: usize = 20;

/// Something that looks like a planted instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that fired.
    pub rule: Rule,
    /// How often.
    pub count: u64,
    /// The line of the first place, from 1.
    pub line: usize,
    /// The file it is in; none for what the person wrote.
    pub file: Option<String>,
}

impl Finding {
    /// What is said of it under the answer.
    pub fn notice(&self) -> GuardNotice {
        GuardNotice {
            guard: Guard::Injection,
            kind: self.rule.as_str().to_owned(),
            count: self.count,
            file: self.file.clone(),
        }
    }
}

/// What fired in a text: the person's, or that of a file of this name.
pub fn inspect(text: &str, file: Option<&str>) -> Vec<Finding> {
    let mut hits = rules::hits(&Plain::of(text));
    hits.extend(plain::hidden(text));
    hits.extend(encoded(text));
    // Two rules may see the same place.
    let mut best: Vec<Hit> = vec![];
    for hit in hits {
        match best
            .iter_mut()
            .find(|known| known.rule == hit.rule && known.at == hit.at)
        {
            Some(known) => known.weight = known.weight.max(hit.weight),
            None => best.push(hit),
        }
    }
    if best.iter().map(|hit| hit.weight).sum::<u32>() < ENOUGH {
        return vec![];
    }
    // Where something is sure, what is only likely adds nothing but noise.
    let sure = best.iter().any(|hit| hit.weight >= ENOUGH);
    let told: Vec<_> = best
        .into_iter()
        .filter(|hit| !sure || hit.weight >= ENOUGH)
        .collect();
    let of_rule = |rule: Rule| {
        let places = told.iter().filter(|hit| hit.rule == rule);
        let first = places.clone().map(|hit| hit.at).min()?;
        let before = text.get(..first).unwrap_or(text);
        Some(Finding {
            rule,
            count: places.count() as u64,
            line: before.matches('\n').count() + 1,
            file: file.map(str::to_owned),
        })
    };
    Rule::ALL.into_iter().filter_map(of_rule).collect()
}

/// A place that a rule sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hit {
    rule: Rule,
    weight: u32,
    /// In bytes of the text as it was written.
    at: usize,
}

/// Base64 that decodes to a text in which a rule fires.
fn encoded(text: &str) -> Vec<Hit> {
    let in_blob = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let mut hits = vec![];
    let blobs = text
        .split(|c| !in_blob(c))
        .filter(|blob| blob.len() >= BLOB);
    for blob in blobs.take(BLOBS) {
        // The last bytes may belong to what comes after it.
        let whole = blob.get(..blob.len() / 4 * 4).unwrap_or(blob);
        let decoded = [blob, whole].into_iter().find_map(|blob| {
            let decoded = STANDARD_NO_PAD.decode(blob);
            decoded.or_else(|_| URL_SAFE_NO_PAD.decode(blob)).ok()
        });
        let said = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let fires = |said: &String| {
            let weights = rules::hits(&Plain::of(said)).into_iter();
            weights.map(|hit| hit.weight).sum::<u32>() >= ENOUGH
        };
        if said.as_ref().is_some_and(fires) {
            hits.push(Hit {
                rule: Rule::EncodedInstructions,
                weight: ENOUGH,
                at: blob.as_ptr().addr() - text.as_ptr().addr(),
            });
        }
    }
    hits
}

#[cfg(test)]
mod tests;
