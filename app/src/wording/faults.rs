//! What a fault strikes, and what it does.

use evenkeel_protocol::{FaultKind, Target};

/// What a fault strikes, in words.
pub fn target(target: &Target) -> String {
    match target {
        Target::Everything(_) => "everything".to_owned(),
        Target::Some { provider, model } => match (provider, model) {
            (Some(provider), Some(model)) => format!("{model} at {provider}"),
            (Some(provider), None) => format!("every model of {provider}"),
            (None, Some(model)) => model.to_string(),
            (None, None) => "everything".to_owned(),
        },
    }
}

/// What a fault does, in words.
pub fn fault(kind: &FaultKind) -> String {
    match kind {
        FaultKind::HttpStatus {
            status,
            retry_after_s,
            message,
        } => {
            let mut text = format!("answers with {status}");
            if let Some(s) = retry_after_s {
                text.push_str(&format!(", retry after {s} s"));
            }
            if let Some(message) = message {
                text.push_str(&format!(", “{message}”"));
            }
            text
        }
        FaultKind::ConnectionRefused => "refuses the connection".to_owned(),
        FaultKind::ConnectionReset => "resets the connection before it answers".to_owned(),
        FaultKind::NoResponse => "never answers".to_owned(),
        FaultKind::SlowFirstToken { ms } => {
            format!("holds the first token back for {}", milliseconds(*ms))
        }
        FaultKind::Latency { ms, jitter_ms: 0 } => format!("answers {} later", milliseconds(*ms)),
        FaultKind::Latency { ms, jitter_ms } => {
            format!(
                "answers {} ± {} later",
                milliseconds(*ms),
                milliseconds(*jitter_ms)
            )
        }
        FaultKind::StreamCut { after_tokens } => {
            format!("breaks off after {} of the answer", pieces(*after_tokens))
        }
        FaultKind::StreamStall { after_tokens } => {
            format!("stands still after {} of the answer", pieces(*after_tokens))
        }
        FaultKind::MalformedEvent { at_token } => {
            format!("sends garbage after {} of the answer", pieces(*at_token))
        }
        FaultKind::InBandError { error } => {
            format!("begins its stream and then says “{error}”")
        }
        FaultKind::EmptyAnswer => "answers with nothing".to_owned(),
        FaultKind::Drip { tokens_per_s } => {
            format!("lets its answer drip, {tokens_per_s} pieces a second")
        }
        FaultKind::NoFinishReason => "ends without saying that it is done".to_owned(),
    }
}

fn pieces(count: u32) -> String {
    match count {
        1 => "1 piece".to_owned(),
        count => format!("{count} pieces"),
    }
}

/// "750 ms", "1.5 s", "30 s".
fn milliseconds(ms: u64) -> String {
    match (ms / 1000, ms % 1000 / 100) {
        (0, _) => format!("{ms} ms"),
        (s, 0) => format!("{s} s"),
        (s, tenths) => format!("{s}.{tenths} s"),
    }
}
