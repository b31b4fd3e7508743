//! Who acts. Every turn, live change and fault belongs to a principal.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use evenkeel_protocol::{Role, User};

/// A user or a token. In local mode there is one, with all roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its id, which everything it owns is kept under.
    pub id: Arc<str>,
    name: Arc<str>,
    roles: Arc<[Role]>,
}

impl Principal {
    /// The one local user.
    pub fn local() -> Self {
        Self {
            id: "local".into(),
            name: "You".into(),
            roles: [Role::User, Role::Tester, Role::Admin].into(),
        }
    }

    /// Whether it has this role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// As it is shown.
    pub fn user(&self) -> User {
        User {
            id: self.id.to_string(),
            name: self.name.to_string(),
            roles: self.roles.to_vec(),
        }
    }
}

/// In local mode every caller on this machine is the local user; `Authorization` is ignored.
impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::local())
    }
}
