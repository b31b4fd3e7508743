//! A tool call on its way to a block of its own.

use serde::de::IgnoredAny;

use crate::api::gateway::ToolPart;

/// What has come of a call.
#[derive(Default)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    /// The provider's proof, until it is told.
    pub(super) signature: Option<String>,
    arguments: String,
    /// How much of them is told.
    told: usize,
}

impl Call {
    pub(super) fn add(&mut self, part: ToolPart) {
        if let Some(id) = part.id {
            self.id = id;
        }
        if let Some(name) = part.name {
            self.name = name;
        }
        self.signature = self.signature.take().or(part.signature);
        self.arguments.push_str(&part.arguments);
    }

    /// A block begins with the call's name.
    pub(super) fn is_named(&self) -> bool {
        !self.name.is_empty()
    }

    /// Nothing more will come of it: its arguments are an object that has ended.
    pub(super) fn is_whole(&self) -> bool {
        let arguments = self.arguments.trim();
        // Most that is not whole is known without reading it all.
        self.is_named()
            && arguments.starts_with('{')
            && arguments.ends_with('}')
            && serde_json::from_str::<IgnoredAny>(arguments).is_ok()
    }

    /// The arguments that are not told yet; now they are.
    pub(super) fn news(&mut self) -> &str {
        let from = std::mem::replace(&mut self.told, self.arguments.len());
        self.arguments.get(from..).unwrap_or_default()
    }
}
