//! The account of a simulation, as a table and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::tally::{Tally, Times};

/// What was simulated.
pub struct Report<'t> {
    pub scenario: &'t str,
    pub seed: u64,
    pub tally: &'t Tally,
}

impl Report<'_> {
    /// For programs.
    pub fn json(&self) -> Value {
        let tally = self.tally;
        let turns = tally.turns.max(1) as f64;
        let by_model: serde_json::Map<_, _> = tally
            .models
            .iter()
            .zip(&tally.served)
            .map(|(model, served)| (model.clone(), json!(served)))
            .collect();
        json!({
            "scenario": self.scenario,
            "seed": self.seed,
            "turns": tally.turns,
            "simulated_seconds": tally.simulated.as_secs_f64(),
            "served": {
                "turns": tally.all_served(),
                "share": tally.all_served() as f64 / turns,
                "by_model": by_model,
                "by_a_fallback": tally.fallbacks,
                "seams": tally.seams,
            },
            "exhausted": tally.exhausted,
            "interrupted": tally.interrupted,
            "content_filtered": tally.filtered,
            "deadline_exceeded": tally.deadline_exceeded,
            "first_token_seconds": percentiles(&tally.first_token),
            "end_seconds": percentiles(&tally.end),
            "attempts": {
                "sent": tally.attempts,
                "per_turn": tally.attempts as f64 / turns,
                "most": tally.most_attempts,
                "by_kind": tally.kinds,
                "failed": tally.failures,
                "skipped": tally.skipped,
            },
            "circuits_opened": tally.opened,
            "share_of_time_lost": tally.share_lost(),
            "cost_dollars": {
                "total": tally.cost,
                "per_thousand_turns": tally.cost / turns * 1_000.0,
                "wasted": tally.wasted,
            },
        })
    }

    /// For people.
    pub fn table(&self) -> String {
        let tally = self.tally;
        let turns = tally.turns.max(1) as f64;
        let mut rows = Rows(String::new());
        let share = |count: u64| format!("{:8.3} %  {count}", count as f64 / turns * 100.0);
        let hours = tally.simulated.as_secs_f64() / 3_600.0;
        rows.row("scenario", self.scenario);
        rows.row(
            "turns",
            &format!(
                "{} in {hours:.2} simulated hours, seed {}",
                tally.turns, self.seed
            ),
        );
        rows.gap();
        rows.row("served", &share(tally.all_served()));
        for (model, served) in tally.models.iter().zip(&tally.served) {
            rows.row(&format!("  by {model}"), &share(*served));
        }
        rows.row("  by a fallback", &share(tally.fallbacks));
        for (reason, count) in &tally.exhausted {
            rows.row(&format!("exhausted: {reason}"), &share(*count));
        }
        for (reason, count) in &tally.interrupted {
            rows.row(&format!("interrupted: {reason}"), &share(*count));
        }
        for (what, count) in [
            ("content filtered", tally.filtered),
            ("deadline exceeded", tally.deadline_exceeded),
        ] {
            if count > 0 {
                rows.row(what, &share(count));
            }
        }
        rows.gap();
        for (what, times) in [
            ("to the first token", &tally.first_token),
            ("to the end", &tally.end),
        ] {
            let at = |share| times.quantile(share).unwrap_or_default();
            let text = format!(
                "p50 {:.2} s   p95 {:.2} s   p99 {:.2} s",
                at(0.5),
                at(0.95),
                at(0.99)
            );
            rows.row(what, &text);
        }
        rows.row(
            "time lost",
            &format!("{:.2} % of the turns' time", tally.share_lost() * 100.0),
        );
        rows.gap();
        let per_turn = tally.attempts as f64 / turns;
        rows.row(
            "attempts per turn",
            &format!("{per_turn:.3}, {} at most", tally.most_attempts),
        );
        let kinds = tally
            .kinds
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"));
        rows.row("  of them", &kinds.collect::<Vec<_>>().join(", "));
        for (model, reasons) in &tally.failures {
            let reasons = reasons
                .iter()
                .map(|(reason, count)| format!("{reason} {count}"));
            rows.row(
                &format!("  {model} failed"),
                &reasons.collect::<Vec<_>>().join(", "),
            );
        }
        let skipped = tally
            .skipped
            .iter()
            .map(|(reason, count)| format!("{reason} {count}"));
        let skipped = skipped.collect::<Vec<_>>().join(", ");
        rows.row(
            "legs skipped",
            if skipped.is_empty() { "none" } else { &skipped },
        );
        rows.row("circuits opened", &tally.opened.to_string());
        rows.row("answers mended", &format!("{} seams", tally.seams));
        rows.gap();
        let (cost, thousand) = (tally.cost, tally.cost / turns * 1_000.0);
        rows.row(
            "cost",
            &format!("${cost:.2}, ${thousand:.4} per thousand turns"),
        );
        rows.row(
            "  wasted",
            &format!("${:.2} on answers that nobody got", tally.wasted),
        );
        rows.0
    }
}

fn percentiles(times: &Times) -> Value {
    json!({
        "p50": times.quantile(0.5),
        "p95": times.quantile(0.95),
        "p99": times.quantile(0.99),
    })
}

struct Rows(String);

impl Rows {
    fn row(&mut self, what: &str, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{what:<34}{text}");
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }
}
