//! Who a request is from.

use super::Scope;
use crate::state::grants::Grant;
use sluice_contract::document::text;
use sluice_contract::{Code, Fault, Object};
use std::net::IpAddr;

/// What kind of somebody it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// An API token.
    Token,
    /// An API client with a token of the OAuth endpoints.
    Client,
    /// A user of the console.
    User,
    /// Whoever opened the link that the factory printed.
    Link,
    /// Nobody that the factory knows.
    Nobody,
}

impl Actor {
    /// Its name in the audit log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Actor::Token => "token",
            Actor::Client => "client",
            Actor::User => "user",
            Actor::Link => "link",
            Actor::Nobody => "nobody",
        }
    }
}

/// Who a request is from, and what they may do.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) actor: Actor,
    pub(crate) name: String,
    /// `None` may do nothing but what everybody may.
    pub(crate) scope: Option<Scope>,
    pub(crate) within: Within,
    pub(crate) address: IpAddr,
}

impl Identity {
    /// Somebody without a token.
    pub(crate) fn nobody(address: IpAddr) -> Self {
        Self {
            actor: Actor::Nobody,
            name: String::new(),
            scope: None,
            within: Within::default(),
            address,
        }
    }

    /// Whoever has the secret of a grant.
    pub(crate) fn granted(actor: Actor, grant: Grant, address: IpAddr) -> Self {
        Self {
            actor,
            name: grant.name,
            scope: Scope::parse(&grant.scope),
            within: Within::parse(&grant.within),
            address,
        }
    }

    /// Whether the scope is enough.
    pub(crate) fn may(&self, needed: Scope) -> bool {
        self.scope.is_some_and(|scope| scope >= needed)
    }
}

/// Where a token counts: everywhere, in a subscription, in a resource group, or in one data factory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Within(Vec<String>);

impl Within {
    /// Reads the stored form, `subscription/group/factory` with as many parts as count.
    pub(crate) fn parse(text: &str) -> Self {
        let parts = text.split('/').filter(|part| !part.is_empty());
        Self(parts.map(str::to_lowercase).collect())
    }

    /// The member `within` of a request.
    ///
    /// # Errors
    /// `SL4005` when it has more than three parts.
    pub(crate) fn of(body: &Object) -> Result<Self, Fault> {
        let within = Self::parse(text(body, "within").unwrap_or_default());
        if within.0.len() > 3 {
            let what = "`within` has more parts than subscription/group/factory";
            return Err(Fault::new(Code::DocumentInvalid, what));
        }
        Ok(within)
    }

    /// The stored form.
    pub(crate) fn text(&self) -> String {
        self.0.join("/")
    }

    /// Whether it holds a resource with these names: of the subscription, the group, the data factory and so on.
    pub(crate) fn holds(&self, names: &[String]) -> bool {
        self.0.len() <= names.len()
            && self
                .0
                .iter()
                .zip(names)
                .all(|(part, name)| *part == name.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_what_is_below_it() {
        let names = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        let within = Within::parse("Sub/RG1");
        assert!(within.holds(&names("sub/rg1")) && within.holds(&names("SUB/rg1/df/pipe")));
        assert!(!within.holds(&names("sub")) && !within.holds(&names("sub/rg10/df")));
        assert!(!within.holds(&[]) && Within::default().holds(&[]));
        assert_eq!(within.text(), "sub/rg1");
    }
}
