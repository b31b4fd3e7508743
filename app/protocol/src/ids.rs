//! Identifiers: strings that cannot be mistaken for one another.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The identifier as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl crate::read::Read for $name {
            fn read(json: crate::read::Json) -> Result<Self, crate::read::Wrong> {
                crate::read::Read::read(json).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }
    )+};
}

ids! {
    /// A conversation; a UUID made by the server.
    ConversationId,
    /// A message of a conversation; a UUID made by the server.
    MessageId,
    /// A file that was sent with a message; a UUID made by the server.
    AttachmentId,
    /// One turn's run: the user's message being answered; a UUID made by the server.
    RunId,
    /// A client's own UUID for one `send`, unique per principal; the same one twice runs once.
    RequestId,
    /// An armed fault; a UUID made by the server.
    FaultId,
    /// A model's id, as configured and as users see it.
    ModelId,
    /// A provider's id, as configured.
    ProviderId,
}
