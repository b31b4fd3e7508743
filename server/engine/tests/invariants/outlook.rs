//! What was expected of a turn when it began is what it then did.

use evenkeel_engine::*;

use crate::checks::Check;
use crate::ledger::number;

impl Check<'_> {
    /// The first request went to the leg that was expected to get it, and those before it were skipped for the reason told.
    pub fn outlook(&self) -> Vec<String> {
        let mut complaints = vec![];
        let skipped = self.book.attempts.first().filter(|first| !first.sent());
        let sent = self.sent().next();
        match &self.plan.outlook {
            None => {
                if skipped.is_some() {
                    complaints.push("the first leg was skipped, and nobody expected it".to_owned());
                }
            }
            Some(outlook) => {
                let Some(skipped) = skipped else {
                    complaints.push(format!("the first leg was asked in spite of {outlook:?}"));
                    return complaints;
                };
                let told = skipped.record.reason;
                // A circuit's skip says that it is open; the outlook says why it is.
                if told != Some(Reason::CircuitOpen) && told != Some(outlook.reason) {
                    complaints.push(format!("skipped for {told:?}, and expected {outlook:?}"));
                }
                match (&outlook.answers, sent) {
                    (Some(answers), sent) => {
                        self.world.count("outlook: another answers");
                        if sent.map(|sent| sent.model) != Some(number(answers.as_str())) {
                            complaints.push(format!("somebody else was asked than {answers}"));
                        }
                    }
                    // As a last resort one may be tried all the same, when all have been passed over.
                    (None, Some(sent)) if sent.record.index as usize != self.ledger.legs.len() => {
                        complaints.push("somebody was asked, and nobody expected it".to_owned());
                    }
                    (None, _) => self.world.count("outlook: nobody answers"),
                }
            }
        }
        complaints
    }
}
