//! What a fault strikes, and what it does.

use evenkeel_protocol::{Fault, FaultKind, Target};

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
pub fn fault(fault: &Fault) -> String {
    match &fault.spec.kind {
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
        FaultKind::NoResponse => "never answers".to_owned(),
        FaultKind::StreamCut { after_tokens } => {
            format!("breaks off after {after_tokens} pieces of the answer")
        }
    }
}
