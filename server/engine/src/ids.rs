//! Names of models, providers and credential owners: cheap to clone, not to be mistaken for one another.

use std::sync::Arc;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as configured.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

names! {
    /// A model's id, as users see it.
    ModelId,
    /// A provider's id: one upstream account or endpoint.
    ProviderId,
    /// Who owns the credential of a provider. An organisation with keys of its own has circuits of its own.
    Owner,
    /// Who sees a simulated outage: the audience of a fault. Its failures write to circuits of its own, which lie over
    /// the real ones and vanish with the fault.
    Overlay,
}

impl Overlay {
    /// What everybody sees.
    pub fn everyone() -> Self {
        Self::from("")
    }
}

impl Owner {
    /// The installation itself: whoever has no keys of their own shares these circuits.
    pub fn shared() -> Self {
        Self::from("")
    }
}
